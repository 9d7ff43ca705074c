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
        func dataError(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return ""
        }
        #expect(dataError { _ = try chosen(105) }.contains("labels.count is 105, expected all, or a multiple of 10 up to "))
        #expect(dataError { _ = try chosen(0) }.contains("labels.count is 0, expected all, or a multiple of 10 up to "))
        #expect(
            dataError { _ = try chosen(10, classes: 5) }.contains("are 0 to 9, and 5 classes (model.classes) are those from 0 to 4")
        )
    }

    @Test("The count that a refusal names is that of the rarest class, and would be taken", arguments: [25, 40, 130, 999])
    func most(images: Int) throws {
        let most = 10 * (0..<10).map { label in Self.labels[..<images].count { $0 == label } }.min()!
        let error = #expect(throws: DataError.self) { _ = try chosen(most + 10, images: images) }
        let text = error?.description ?? ""
        #expect(
            text.hasPrefix("labels.count is \(most + 10), expected all, or a multiple of 10 up to \(most), since class "), "\(text)"
        )
        #expect(try chosen(most, images: images).indices.count == most)
    }

    @Test(
        "Labels that are not 0 to K − 1, each with a training image, are told with what there is and the number of classes that fits, if any",
        arguments: [
            ([0, 1, 2], 10, "are 0 to 2, and 10 classes", "give --set model.classes=3"),
            ([0, 1, 2], 2, "are 0 to 2, and 2 classes", "give --set model.classes=3"),
            ([1, 2, 3], 3, "are 1 to 3, and 3 classes", "number the classes of the data from 0 on"),
            ([1, 2, 3], 10, "are 1 to 3, and 10 classes", "number the classes of the data from 0 on"),
            ([0, 1, 3, 4, 9], 5, "are 0 to 1, 3 to 4, 9, and 5 classes", "number the classes of the data from 0 on"),
            ([0, 1, 255], 2, "are 0 to 1, 255, and 2 classes", "number the classes of the data from 0 on"),
            (Array(0...255), 255, "are 0 to 255, and 255 classes", "255 of them at most"),
            ([0, 2, 4, 6, 8, 10, 12], 7, "are 0, 2, 4, 6, 8, …, and", "number the classes"),
        ] as [([UInt8], Int, String, String)])
    func classes(labels: [UInt8], classes: Int, found: String, wayOn: String) {
        let counts = ClassCounts(.train, images: labels.count) { labels[$0] }
        let error = #expect(throws: DataError.self) { try counts.require(classes: classes) }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("the labels of the training images ") && text.contains(found) && text.contains(wayOn), "\(text)")
        #expect(text.contains("each with an image to learn from"))
    }

    @Test("Held-out images need not be of every class, and of no other")
    func heldOut() throws {
        let labels: [UInt8] = [1, 3, 4]
        for split in [DataSet.Split.validation, .test] {
            let counts = ClassCounts(split, images: labels.count) { labels[$0] }
            try counts.require(classes: 5)
            let error = #expect(throws: DataError.self) { try counts.require(classes: 4) }
            let text = error?.description ?? ""
            #expect(
                text.hasPrefix(
                    "the labels of the \(split.rawValue) images are 1, 3 to 4, and 4 classes (model.classes) are those from 0 to 3; leave"
                ),
                "\(text)")
        }
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
