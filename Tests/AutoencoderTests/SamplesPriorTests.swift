import Autoencoder
import Kernels
import Testing

/// A prior that is known by samples alone.
@Suite struct SamplesPriorTests {
    private static func prior(_ values: [Float], dimensions: Int) throws -> PriorSettings {
        PriorSettings.samples(file: "samples.npy").with(try CodeSamples(values, dimensions: dimensions))
    }

    private static func samples(_ prior: PriorSettings, _ count: Int, dimensions: Int, firstRow: Int = 0) -> Matrix {
        let matrix = Matrix(rows: count, columns: dimensions)
        prior.sample(into: matrix, source: RandomSource(seed: 3, purpose: .prior, step: 5), firstRow: firstRow)
        return matrix
    }

    @Test("each of its rows is drawn, whole, about as often as the others, and by the global row alone")
    func draws() throws {
        let count = 7
        let prior = try Self.prior((0..<count).flatMap { [Float($0), 10 * Float($0), -Float($0)] }, dimensions: 3)
        let drawn = Self.samples(prior, 14_000, dimensions: 3)
        var counts = [Int](repeating: 0, count: count)
        for row in 0..<drawn.rows {
            let first = drawn[row, 0]
            #expect(drawn[row, 1] == 10 * first && drawn[row, 2] == -first)
            counts[Int(first)] += 1
        }
        // The standard deviation of each count is 41.
        #expect(counts.allSatisfy { abs($0 - 2_000) < 210 }, "\(counts)")
        let part = Self.samples(prior, 9, dimensions: 3, firstRow: 100)
        #expect(part.values.array == drawn.rows(100..<109).values.array)
    }

    @Test("it has as many dimensions as its samples, no density and no part for a class")
    func facts() throws {
        let prior = try Self.prior([0, 1, 2, 3], dimensions: 2)
        #expect(prior.kind == "samples" && prior.dimensions == 2 && prior.density == nil && prior.walkRows == nil)
        #expect(prior.lackOfDensity?.hasPrefix("the samples prior is known by samples alone: a VAE needs a density") == true)
        #expect(prior.problem(classes: 2) == "no part of the samples prior is a class's own, expected a mixture or a swiss-roll")
        #expect(prior.sampleFile == "samples.npy" && prior.sampleDigest?.count == 64)
        let unread = PriorSettings.samples(file: "samples.npy", digest: prior.sampleDigest)
        #expect(
            unread == prior && unread.hashValue == prior.hashValue && unread.dimensions == nil, "what is read later is the same")
        #expect(PriorSettings.samples(file: "samples.npy") != prior)
        var settings = smallSettings()
        settings.prior = try Self.prior([0, 1, 2, 3, 4, 5], dimensions: 3)
        settings.model.code = 2
        let error = #expect(throws: SettingsError.self) { try settings.validate() }
        #expect(error?.problem == "code is 2, but the samples prior has samples of 3 values and needs a code of 3")
        settings.model.code = 3
        try settings.validate()
        #expect(settings.memoryBytes(threads: 1) > smallSettings().memoryBytes(threads: 1))
        settings.prior = PriorSettings.usual.first(where: \.isOfSamples)!
        #expect(#expect(throws: SettingsError.self) { try settings.validate() }?.key == "prior.file")
    }

    @Test("the digest follows values and shape, and bytes bring both back")
    func bytes() throws {
        let samples = try CodeSamples([0, -1.5, 2, 1e-3], dimensions: 2)
        #expect(samples.count == 2 && samples.bytes.count == 16)
        let values = try #require(CodeSamples.values(ofBytes: samples.bytes))
        #expect(try CodeSamples(values, dimensions: 2).digest == samples.digest)
        #expect(try CodeSamples(values, dimensions: 1).digest != samples.digest)
        #expect(try CodeSamples([0, -1.5, 2, 2e-3], dimensions: 2).digest != samples.digest)
        #expect(CodeSamples.values(ofBytes: samples.bytes.dropLast()) == nil)
    }

    @Test(
        "what can be no samples is refused with what was found",
        arguments: [
            ([1, 2], 2, "1 sample of 2 values"), ([1, 2, 3], 2, "3 values in samples of 2"),
            ([], 1, "0 samples of 1 value"),
            ([0, 1, .nan, 3], 2, "nan in sample 1 (from 0)"), ([0, 1, 2, -.infinity], 2, "-inf in sample 1 (from 0)"),
            ([2e6, 1, 2, 3], 2, "2000000.0 in sample 0 (from 0)"), ([1], 0, "1 values in samples of 0"),
        ] as [([Float], Int, String)])
    func unfit(values: [Float], dimensions: Int, found: String) {
        let error = #expect(throws: CodeSamples.Unfit.self) { try CodeSamples(values, dimensions: dimensions) }
        #expect(error?.found == found)
    }

    @Test("samples that no message has room for are refused")
    func tooMany() {
        let values = [Float](repeating: 0, count: CodeSamples.mostValues + 2)
        #expect(throws: CodeSamples.Unfit.self) { try CodeSamples(values, dimensions: 2) }
    }

    @Test(
        "cells by the samples' own quantiles are as likely for what is drawn of them; coinciding samples have one cell",
        arguments: [(20_000, 2, 400), (20_000, 5, 400), (20_000, 1, 400), (500, 2, 100), (3, 2, 1)])
    func cells(count: Int, dimensions: Int, expected: Int) throws {
        let normal = Self.samples(.gaussian(std: 2), count, dimensions: dimensions)
        let prior = try Self.prior(normal.values.array, dimensions: dimensions)
        let cells = prior.cells(codeSize: dimensions)
        #expect(cells.count == expected)
        let drawn = Self.samples(prior, 40_000, dimensions: dimensions)
        var counts = [Int](repeating: 0, count: cells.count)
        for row in 0..<drawn.rows { counts[try #require(cells.cell(of: drawn.row(row)))] += 1 }
        let share = 40_000 / cells.count
        #expect(
            counts.allSatisfy { (share / 3...share * 3).contains($0) }, "\(counts.min() ?? 0) to \(counts.max() ?? 0) of \(share)")
        // One-hots: in each coordinate nine in ten have the same value.
        let hots = try Self.prior((0..<5_000).flatMap { row in (0..<10).map { $0 == row % 10 ? 1 : 0 } }, dimensions: 10)
        #expect(hots.cells(codeSize: 10).count == 1)
    }

    @Test("the walk shows the samples, from the first to the last")
    func walk() throws {
        let prior = try Self.prior((0..<100).flatMap { [Float($0), 0] }, dimensions: 2)
        let walk = prior.walk(codeSize: 2, rows: 5, columns: 10)
        #expect(walk.rows == 5 && walk.columns == 10 && walk.dimensions == 2)
        #expect(stride(from: 0, to: 100, by: 2).map { walk.codes[$0] } == (0..<50).map { Float(2 * $0) })
        #expect(prior.walk(codeSize: 2, rows: 20, columns: 20).codes.count == 800)
    }
}
