import Evaluation
import Glibc
import Kernels
import Synchronization
import Testing

/// Points about a few centres, from a counter: images of 6 pixels.
func clouds(_ count: Int, seed: UInt64, columns: Int = 6) -> Matrix {
    let matrix = Matrix(rows: count, columns: columns)
    RandomSource(seed: seed, purpose: .probe, step: 1).fillNormal(matrix, firstRow: 0, std: 0.1)
    for row in 0..<count { for column in 0..<columns { matrix[row, column] += Float((row + column) % 3) / 3 } }
    return matrix
}

private func copied(_ matrix: Matrix) -> Matrix { Matrix(Slice(matrix.values.array), rows: matrix.rows, columns: matrix.columns) }

@Suite struct ParzenTests {
    /// In double precision throughout.
    private func naive(_ images: Matrix, _ samples: Matrix, sigma: Double) -> [Double] {
        let constant = Double(images.columns) * log(sigma * (2 * Double.pi).squareRoot())
        return (0..<images.rows).map { image in
            let exponents = (0..<samples.rows).map { sample in
                let square = (0..<images.columns).reduce(0.0) {
                    let difference = Double(images[image, $1]) - Double(samples[sample, $1])
                    return $0 + difference * difference
                }
                return -square / (2 * sigma * sigma)
            }
            let most = exponents.max()!
            let mean = exponents.reduce(0) { $0 + exp($1 - most) } / Double(samples.rows)
            return most + log(mean) - constant
        }
    }

    @Test("Log-likelihoods are those of a naive sum in double precision, image by image")
    func oracle() throws {
        let (images, samples) = (clouds(530, seed: 1), clouds(1_250, seed: 2))
        let window = ParzenWindow(taking: copied(images))
        var sums = ParzenSums(sigmas: [0.05, 0.2, 1], images: 530)
        try window.add(0..<1_250, of: .rows(of: samples), to: &sums, team: ThreadTeam(threads: 2))
        #expect(sums.samples == 1_250)
        for (index, sigma) in sums.sigmas.enumerated() {
            let expected = naive(images, samples, sigma: sigma)
            let found = sums.nats(sigma: index, pixels: 6)
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-3 })
        }
    }

    @Test("A sample that is the image costs nothing, however far both are from 0")
    func cancellation() throws {
        let images = clouds(40, seed: 3)
        for index in images.values.indices { images.values[index] += 500 }
        let window = ParzenWindow(taking: copied(images))
        var sums = ParzenSums(sigmas: [0.01], images: 40)
        try window.add(0..<40, of: .rows(of: images), to: &sums, team: ThreadTeam(threads: 1))
        let expected = naive(images, images, sigma: 0.01)
        #expect(zip(sums.nats(sigma: 0, pixels: 6), expected).allSatisfy { abs($0 - $1) < 1e-2 })
    }

    @Test("Threads and parts of a job change no bit of a sum", arguments: [1, 2, 5])
    func parts(parts: Int) throws {
        let samples = clouds(4_300, seed: 2)
        let window = ParzenWindow(taking: clouds(60, seed: 1))
        let source = SampleSource.rows(of: samples)
        let whole = try Parzen.sums(window, count: 4_300, from: source, team: ThreadTeam(threads: 1))
        var merged = ParzenSums(sigmas: whole.sigmas, images: 60)
        for part in (1...parts).reversed() {
            let sums = try Parzen.sums(
                window, count: 4_300, part: (part, parts), from: source, team: ThreadTeam(threads: part % 3 + 1))
            let isMerged = merged.merge(sums)
            #expect(isMerged)
        }
        #expect(merged == whole && whole.samples == 4_300)
    }

    @Test("Parts are whole blocks that cover every sample once", arguments: [0, 1, 999, 1_000, 4_300, 10_000_000], [1, 2, 7])
    func ranges(count: Int, parts: Int) {
        var next = 0
        for part in 1...parts {
            let range = Parzen.samples(ofPart: part, of: parts, count: count)
            #expect(range.lowerBound == next && (range.isEmpty || range.lowerBound % ParzenWindow.blockSamples == 0))
            next = range.upperBound
        }
        #expect(next == count)
    }

    @Test("Sums of other widths or images are not merged")
    func others() {
        var sums = ParzenSums(sigmas: [1], images: 2)
        let before = sums
        let areMerged = [ParzenSums(sigmas: [2], images: 2), ParzenSums(sigmas: [1], images: 3), before].map { sums.merge($0) }
        #expect(areMerged == [false, false, true] && sums == before)
        #expect(ParzenSums(sigmas: [1], images: 2, samples: 0, sums: [ExactLogSum()]) == nil)
        #expect(ParzenSums(sigmas: [1], images: 2, samples: 0, sums: before.sums) == before)
    }

    @Test("Weights count: a sample twice is one of twice the weight")
    func weights() throws {
        let window = ParzenWindow(taking: clouds(20, seed: 1))
        let three = clouds(3, seed: 2)
        let four = Matrix(rows: 4, columns: 6)
        for (row, from) in [0, 1, 1, 2].enumerated() { four.row(row).copy(from: three.row(from)) }
        let (half, one) = (log(0.75), log(1.5))
        let weighted = SampleSource(count: 3) { SampleSource.Block(images: three.rows($0), logWeights: [half, one, half]) }
        let team = ThreadTeam(threads: 1)
        var sums = [ParzenSums(sigmas: [0.3, 0.1], images: 20), ParzenSums(sigmas: [0.3, 0.1], images: 20)]
        try window.add(0..<4, of: .rows(of: four), to: &sums[0], team: team)
        try window.add(0..<3, of: weighted, to: &sums[1], team: team)
        for index in 0..<2 {
            let (plain, found) = (sums[0].nats(sigma: index, pixels: 6), sums[1].nats(sigma: index, pixels: 6))
            #expect(zip(plain, found).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }

    private struct Ended: Error {}

    @Test("Ended early, the sums are right for the samples that they have, and progress never goes backwards")
    func ended() throws {
        let samples = clouds(9_000, seed: 2)
        let window = ParzenWindow(taking: clouds(60, seed: 1))
        let heard = Mutex<[Double]>([])
        var kept: ParzenSums?
        #expect(throws: Ended.self) {
            _ = try Parzen.sums(
                window, count: 9_000, from: .rows(of: samples), team: ThreadTeam(threads: 1), kept: &kept
            ) { done in
                try heard.withLock {
                    $0.append(done)
                    if $0.count == 6 { throw Ended() }
                }
            }
        }
        let had = try #require(kept)
        #expect(had.samples == 5_000)
        #expect(try had == Parzen.sums(window, count: 5_000, from: .rows(of: samples), team: ThreadTeam(threads: 1)))
        let fractions = heard.withLock { $0 }
        #expect(fractions == fractions.sorted() && fractions.first == 0 && fractions.allSatisfy { $0 <= 1 })
    }

    @Test("Both grids are reported, each with its own best width, and the better of them is the figure")
    func grids() throws {
        #expect(Parzen.coarse.count == 10 && Parzen.coarse[0] == 0.1 && Parzen.coarse[9] == 1)
        #expect(Parzen.refined.count == 10 && Parzen.refined[0] == 0.05 && Parzen.refined[9] == 0.3)
        let images = clouds(80, seed: 1)
        let sums = try Parzen.sums(
            ParzenWindow(taking: copied(images)), count: 2_000, from: .rows(of: clouds(2_000, seed: 2)),
            team: ThreadTeam(threads: 1))
        let figures = ParzenFigures(sums, validation: 30, pixels: 6)
        let coarse = try #require(figures.coarse)
        #expect(coarse.sigmas == Parzen.coarse && figures.refined.sigmas == Parzen.refined && figures.samples == 2_000)
        for grid in [coarse, figures.refined, figures.best] {
            #expect(grid.validation.max() == grid.validation[grid.sigmas.firstIndex(of: grid.sigma)!])
            let others = naive(images.rows(30..<80), clouds(2_000, seed: 2), sigma: grid.sigma)
            let mean = others.reduce(0, +) / 50
            let std = (others.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 50).squareRoot()
            #expect(abs(grid.nats - mean) < 1e-3 && abs(grid.error - std / 50.squareRoot()) < 1e-3)
        }
        #expect([coarse.sigma, figures.refined.sigma].contains(figures.best.sigma))
    }

    @Test("Many samples are tried with at most five widths, those about the best of a pilot")
    func long() throws {
        let window = ParzenWindow(taking: clouds(12, seed: 1))
        let count = Parzen.pilotSamples + 1_000
        let ring = clouds(1_000, seed: 2)
        let source = SampleSource { range in SampleSource.Block(images: ring.rows(0..<range.count)) }
        let sums = try Parzen.sums(window, count: count, part: (101, 101), from: source, team: ThreadTeam(threads: 2))
        #expect(sums.sigmas.count == Parzen.longWidths && sums.sigmas.allSatisfy(Parzen.refined.contains))
        #expect(sums.samples == 1_000)
        let figures = ParzenFigures(sums, validation: 6, pixels: 6)
        #expect(figures.coarse == nil && figures.refined == figures.best)
    }

    @Test("Training images are the calibration, and the centres of their clusters are beside them")
    func calibration() throws {
        let window = ParzenWindow(taking: clouds(60, seed: 1))
        let training = clouds(300, seed: 4)
        let found = try ParzenCalibration(window, training: training, seed: 1, validation: 20, team: ThreadTeam(threads: 2))
        let sums = try Parzen.sums(window, count: 300, from: .rows(of: training), team: ThreadTeam(threads: 1))
        #expect(found.trainingImages == ParzenFigures(sums, validation: 20, pixels: 6))
        // With as many centres as images, the centres are the images.
        #expect(abs(try #require(found.centres).best.nats - found.trainingImages.best.nats) < 1e-3)
    }
}
