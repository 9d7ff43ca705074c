import Datasets
import Testing

@Suite struct LabelledSamplesTests {
    private static let labels: [UInt8] = (0..<1_000).map { UInt8(($0 * 7 + $0 / 13) % 10) }

    private func chosen(_ count: Int, seed: UInt64 = 3, classes: Int = 10, images: Int = 1_000) throws -> LabelledSamples {
        try LabelledSamples(count: count, classes: classes, seed: seed, images: images) { Self.labels[$0] }
    }

    @Test(
        "As many of each class, another choice by another seed, and a larger choice holds the smaller one",
        arguments: [10, 100, 500])
    func even(count: Int) throws {
        let samples = try chosen(count)
        #expect(
            samples.indices.count == count && Set(samples.indices).count == count && samples.indices == samples.indices.sorted())
        for label in 0..<10 { #expect(samples.indices.count { Self.labels[$0] == label } == count / 10) }
        #expect(try samples == chosen(count))
        #expect(try count == 500 || samples != chosen(count, seed: 4))
        #expect(try Set(chosen(500).indices).isSuperset(of: samples.indices))
    }

    @Test("A count that does not divide, a class with too few images and a label beyond the classes are errors with their numbers")
    func wrong() {
        func sentence(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return ""
        }
        #expect(sentence { _ = try chosen(105) }.contains("labels.count is 105, expected a multiple of the 10 classes"))
        #expect(sentence { _ = try chosen(100, images: 40) }.contains("labels.count is 100, expected at most "))
        #expect(sentence { _ = try chosen(10, classes: 5) }.contains("model.classes is 5, expected more than "))
    }

    @Test("A step draws with replacement, by its own words: the same for the same seed and step, every image as often")
    func draws() throws {
        let samples = try chosen(100)
        #expect(samples.samples(of: 5, minibatch: 64, seed: 1) == samples.samples(of: 5, minibatch: 64, seed: 1))
        #expect(samples.samples(of: 5, minibatch: 64, seed: 1) != samples.samples(of: 6, minibatch: 64, seed: 1))
        #expect(samples.samples(of: 5, minibatch: 64, seed: 1) != samples.samples(of: 5, minibatch: 64, seed: 2))
        var counts: [Int: Int] = [:]
        for step in 0..<1_000 as Range<UInt64> {
            for index in samples.samples(of: step, minibatch: 100, seed: 1) { counts[index, default: 0] += 1 }
        }
        #expect(Set(counts.keys) == Set(samples.indices))
        // 1,000 expected each; chi-squared with 99 degrees of freedom is above 170 once in 80,000 draws.
        #expect(counts.values.reduce(0.0) { $0 + Double(($1 - 1_000) * ($1 - 1_000)) / 1_000 } < 170)
    }
}
