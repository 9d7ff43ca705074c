import Autoencoder
import Datasets
import Kernels
import Runs
import TestSupport
import Testing

/// The data that every step of a run takes: images in the order of their epoch, and labelled images as well.
@Suite struct StepImagesTests {
    /// 1,000 images of two pixels that tell their number, of ten classes.
    private func data(_ count: Int = 1_000, classes: Int = 10, without missing: UInt8? = nil, hasLabels: Bool = true) -> ImageSubset
    {
        let labels = (0..<count).map { index in
            let label = UInt8((index * 7 + index / 13) % classes)
            return label == missing ? 0 : label
        }
        let bytes = (0..<count).flatMap { [UInt8($0 / 256), UInt8($0 % 256)] }
        return ImageSubset(
            StoredImages(name: "numbered", height: 1, width: 2, channels: 1, bytes: bytes, labels: hasLabels ? labels : nil),
            0..<count)
    }

    private func configuration(_ variant: Variant, labels: LabelSettings? = nil, shards: Int = 4) -> Configuration {
        var configuration = Configuration()
        configuration.variant = variant
        configuration.parts = variant.usualParts
        if let labels { configuration.parts.labels = labels }
        (configuration.minibatch, configuration.shards, configuration.seed) = (30, shards, 5)
        if variant == .labelInformed { configuration.prior = .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 4) }
        let phase = configuration.phases["generator"]!
        configuration.phases = Dictionary(uniqueKeysWithValues: configuration.phaseNames.map { ($0, phase) })
        return configuration
    }

    /// The numbers of images.
    private func numbers(_ shards: [ShardImages]) -> [Int] {
        shards.flatMap { shard in (0..<shard.rows.count).map { Int(shard.images[2 * $0]) << 8 + Int(shard.images[2 * $0 + 1]) } }
    }

    private func labels(_ shards: [ShardImages]) -> [UInt8] { shards.flatMap(\.labels) }

    @Test("Every image comes once an epoch with its label, and a model that needs none takes no other stream")
    func plain() throws {
        let data = data()
        let images = try configuration(.basic).stepImages(data)
        var seen: [Int] = []
        for step in 0..<34 as Range<UInt64> {
            let taken = images.all(step: step)
            #expect(Array(taken.keys) == [.images])
            let shards = try #require(taken[.images])
            let numbers = numbers(shards)
            #expect(labels(shards) == numbers.map { data.label($0) })
            #expect(numbers.count == (step == 33 ? 10 : 30))
            seen += numbers
        }
        #expect(seen.sorted() == Array(0..<1_000))
        let bare = try #require(configuration(.basic).stepImages(self.data(hasLabels: false)).all(step: 0)[.images])
        #expect(labels(bare) == [UInt8](repeating: 0, count: 30))
    }

    @Test("The labelled minibatch is of the chosen images, with their labels, and another at each step")
    func labelled() throws {
        let data = data()
        let images = try configuration(.semiSupervised, labels: LabelSettings(count: 100, seed: 2, minibatch: 22)).stepImages(data)
        let chosen = try LabelledSamples(count: 100, classes: 10, seed: 2, images: 1_000) { data.label($0) }
        var steps: Set<[Int]> = []
        for step in 0..<40 as Range<UInt64> {
            let shards = try #require(images.all(step: step)[.labelled])
            let numbers = numbers(shards)
            #expect(numbers.count == 22 && Set(numbers).isSubset(of: chosen.indices))
            #expect(labels(shards) == numbers.map { data.label($0) })
            steps.insert(numbers)
        }
        #expect(steps.count == 40)
    }

    @Test("The images themselves show the labels of the chosen ones alone; with all labels, every one")
    func hidden() throws {
        let data = data()
        func shown(_ count: Int?) throws -> Set<Int> {
            let images = try configuration(.labelInformed, labels: LabelSettings(count: count, seed: 2)).stepImages(data)
            var shown: Set<Int> = []
            for step in 0..<34 as Range<UInt64> {
                let shards = try #require(images.all(step: step)[.images])
                for (number, label) in zip(numbers(shards), labels(shards)) where label != .max {
                    #expect(label == data.label(number))
                    shown.insert(number)
                }
            }
            return shown
        }
        let (few, more, all) = (try shown(50), try shown(400), try shown(nil))
        let chosen = try LabelledSamples(count: 50, classes: 10, seed: 2, images: 1_000) { data.label($0) }
        #expect(few == Set(chosen.indices))
        #expect(more.count == 400 && more.isSuperset(of: few))
        #expect(all == Set(0..<1_000))
    }

    @Test("Where there is a labelled minibatch, nobody sees the labels of the other images either")
    func hiddenBesideLabelled() throws {
        let images = try configuration(.semiSupervised, labels: LabelSettings(count: 100, minibatch: 10)).stepImages(data())
        let shown = try (0..<34 as Range<UInt64>).reduce(0) { sum, step in
            sum + labels(try #require(images.all(step: step)[.images])).count { $0 != .max }
        }
        #expect(shown == 100)
    }

    @Test("The rows of a step are the same however they are cut into shards, and whoever asks for some of them")
    func cuts() throws {
        let labels = LabelSettings(count: 200, seed: 1, minibatch: 23)
        let one = try configuration(.semiSupervised, labels: labels, shards: 1).stepImages(data())
        for shards in [2, 4, 12, 40] {
            let cut = try configuration(.semiSupervised, labels: labels, shards: shards).stepImages(data())
            for step in [0, 33, 34] as [UInt64] {
                for stream in Stream.allCases {
                    let (whole, parts) = (try #require(one.all(step: step)[stream]), try #require(cut.all(step: step)[stream]))
                    #expect(numbers(parts) == numbers(whole) && self.labels(parts) == self.labels(whole))
                    #expect(parts.map(\.shard) == Array(0..<shards))
                    let rows = cut.settings.minibatchSize(of: stream, ofStep: step)
                    #expect(
                        parts.map(\.rows) == (0..<shards).map { ShardGeometry.rows(ofShard: $0, minibatch: rows, shards: shards) })
                    let some = try #require(cut.step(step).shards(1..<shards)[stream])
                    #expect(numbers(some) == numbers(Array(parts.dropFirst())) && some.map(\.rows) == parts.dropFirst().map(\.rows))
                }
            }
        }
    }

    @Test("Labels that are not those the settings need are an error with its numbers, whichever variant asks for them")
    func refused() {
        func refusal(_ variant: Variant, _ labels: LabelSettings, _ data: ImageSubset) -> String {
            sentence { _ = try configuration(variant, labels: labels).stepImages(data) }
        }
        let (all, some) = (LabelSettings(), LabelSettings(count: 100))
        for variant in [Variant.labelInformed, .semiSupervised, .supervised] {
            #expect(
                refusal(variant, all, data(hasLabels: false)).hasPrefix(
                    "the data set has no labels, which \(variant.rawValue) learns from"))
            for labels in [all, some] {
                #expect(refusal(variant, labels, data(classes: 12)).contains("images are 0 to 11, and 10 classes"))
                #expect(refusal(variant, labels, data(classes: 12)).contains("; give --set model.classes=12."))
                #expect(refusal(variant, labels, data(without: 7)).contains("images are 0 to 6, 8 to 9, and 10 classes"))
            }
            #expect(refusal(variant, some, data(hasLabels: false)).hasPrefix("the data set has no labels"))
            #expect(refusal(variant, LabelSettings(count: 105), data()).contains("labels.count"))
        }
        for variant in [Variant.basic, .vae, .clustering, .reduction] {
            #expect(
                sentence { _ = try configuration(variant).stepImages(data(classes: 12, hasLabels: false)) } == "no error",
                "\(variant) needs no label")
        }
    }
}
