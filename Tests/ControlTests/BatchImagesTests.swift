import Autoencoder
import Control
import FoundationEssentials
import Kernels
import Layers
import NIOCore
import Testing
import Wire

/// A step's images on their way from the coordinator to a worker.
@Suite struct BatchImagesTests {
    private static let pixels = 6
    /// Its labelled minibatch is smaller than there are shards.
    private let settings = BatchImagesTests.settings(.semiSupervised)

    private static func settings(_ variant: Variant) -> TrainingSettings {
        var parts = variant.usualParts
        parts.labels?.minibatch = 3
        let phase = PhaseSettings(optimizer: .sgd(momentum: 0.5), rate: 0.01, schedule: Schedule())
        return TrainingSettings(
            variant: variant,
            model: ModelSettings(
                encoder: [4], decoder: [4], discriminator: [4], code: 2, output: .sigmoid, initialisation: .he, classes: 7),
            cost: .halfSquaredError, prior: .gaussian(std: 1), inputNoise: 0, parts: parts,
            phases: Dictionary(uniqueKeysWithValues: variant.phaseNames(parts).map { ($0, phase) }), average: 0,
            gradientBits: 24, minibatch: 10, shards: 4, seed: 1, pixels: pixels, trainingImages: 14)
    }

    /// Some shards of a step; every byte is different.
    private func shards(_ owned: Range<Int>, step: UInt64, _ settings: TrainingSettings) -> [Stream: [ShardImages]] {
        Dictionary(
            uniqueKeysWithValues: settings.streams.map { stream in
                let rows = settings.minibatchSize(of: stream, ofStep: step)
                let all = ShardGeometry.cut(
                    images: (0..<rows * Self.pixels).map { UInt8(truncatingIfNeeded: $0 + 101 * stream.rawValue) },
                    labels: (0..<rows).map { stream == .images ? [3, 255, 9][$0 % 3] : UInt8($0 % 7) }, pixels: Self.pixels,
                    shards: settings.shards)
                return (stream, Array(all[owned]))
            })
    }

    private func message(_ owned: Range<Int>, step: UInt64, _ settings: TrainingSettings) -> ControlBatch {
        BatchImages.pack(
            step: step, minibatch: settings.minibatchSize(ofStep: step), shards: shards(owned, step: step, settings))
    }

    @Test(
        "What is packed comes back as it was, every stream, over the wire's own bytes",
        arguments: [0..<4, 0..<1, 1..<3, 3..<4, 4..<4], [Variant.basic, .semiSupervised])
    func roundTrip(owned: Range<Int>, variant: Variant) throws {
        let settings = Self.settings(variant)
        // The second step's minibatch of images is the last of an epoch, of four rows.
        for step in 0..<2 as Range<UInt64> {
            let sent = shards(owned, step: step, settings)
            let frame = try ControlMessage.batch(message(owned, step: step, settings)).frame(view: 1)
            guard case .batch(let received) = try ControlMessage(frame).checked() else {
                Issue.record("another message came")
                return
            }
            let images = try BatchImages.unpack(received, settings, shards: owned)
            #expect(Set(images.keys) == Set(settings.streams))
            for stream in settings.streams {
                let (mine, its) = (try #require(images[stream]), try #require(sent[stream]))
                #expect(mine.map(\.shard) == Array(owned) && mine.map(\.rows) == its.map(\.rows))
                #expect(mine.map(\.images) == its.map(\.images) && mine.map(\.labels) == its.map(\.labels))
            }
        }
    }

    @Test("No message of a step is larger than is said before the run, and not much smaller where images cannot be compressed")
    func size() throws {
        for variant in [Variant.basic, .semiSupervised] {
            var settings = Self.settings(variant)
            settings.minibatch = 400
            settings.trainingImages = 700
            settings.pixels = 300
            var random = SplitMix(seed: 3)
            let shards = Dictionary(
                uniqueKeysWithValues: settings.streams.map { stream in
                    let rows = settings.minibatchSize(of: stream, ofStep: 0)
                    let images = (0..<rows * settings.pixels).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) }
                    return (
                        stream,
                        ShardGeometry.cut(
                            images: images, labels: [UInt8](repeating: 0, count: rows), pixels: settings.pixels,
                            shards: settings.shards
                        )
                    )
                })
            let message = BatchImages.pack(step: .max, minibatch: 400, shards: shards)
            let bytes = try ControlMessage.batch(message).frame(view: 1).payload.readableBytes
            let most = BatchImages.mostBytes(settings)
            #expect(bytes <= most && most < bytes + bytes / 50, "\(bytes) of \(most)")
        }
    }

    @Test("A step whose images would not fit into a message is refused before the run, with the keys to lower")
    func tooLarge() {
        func refusal(_ variant: Variant, minibatch: Int, labelled: Int = 3, trainingImages: Int = 1 << 20) -> SettingsError? {
            var settings = Self.settings(variant)
            (settings.minibatch, settings.trainingImages, settings.pixels) = (minibatch, trainingImages, 784)
            settings.parts.labels?.minibatch = labelled
            do {
                try BatchImages.requireRoom(settings)
                return nil
            } catch {
                return error as? SettingsError
            }
        }
        #expect(refusal(.basic, minibatch: 85_000) == nil)
        let images = refusal(.basic, minibatch: 85_300)
        #expect(images?.key == "minibatch" && images?.problem.hasSuffix("lower minibatch") == true)
        // An epoch has no more.
        #expect(refusal(.basic, minibatch: 85_300, trainingImages: 60_000) == nil)
        // Each fits alone.
        let both = refusal(.semiSupervised, minibatch: 40_000, labelled: 50_000)
        #expect(both?.key == "labels.minibatch" && both?.problem.hasSuffix("lower minibatch or labels.minibatch") == true)
        #expect(refusal(.semiSupervised, minibatch: 50_000, labelled: 40_000)?.key == "minibatch")
    }

    @Test("What is not what this worker's shards need is refused in a sentence, whatever of it is wrong")
    func refused() throws {
        func refusal(_ change: (inout ControlBatch) -> Void) -> String {
            var message = message(1..<4, step: 0, settings)
            change(&message)
            do {
                _ = try BatchImages.unpack(message, settings, shards: 1..<4)
                return "nothing"
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal { _ in } == "nothing")
        // Shards of either stream: too few, none, one twice, in another order, another worker's.
        let shards = "the images of step 0 are of shards"
        #expect(refusal { $0.parts.removeFirst() }.hasPrefix(shards))
        #expect(refusal { $0.parts.removeLast() }.hasPrefix(shards))
        #expect(refusal { $0.parts.removeAll { $0.stream == 1 } }.hasPrefix("\(shards) [], this worker owns 1..<4"))
        #expect(refusal { $0.parts.append($0.parts[0]) }.hasPrefix(shards))
        #expect(refusal { $0.parts.swapAt(3, 4) }.hasPrefix(shards))
        #expect(refusal { $0.parts[4].shard = 0 }.hasPrefix(shards))
        // Streams.
        #expect(refusal { $0.parts[5].stream = 0 }.hasPrefix(shards))
        #expect(refusal { $0.parts[5].stream = 2 } == "the images of step 0 are of stream 2, which this run has not")
        // Rows: of a part, of the minibatch.
        let cut = "the images of step 0 are cut in another way than this run's"
        #expect(refusal { $0.parts[1].rows += 1 } == cut)
        #expect(refusal { $0.parts[4].rows = 0 } == cut)
        #expect(refusal { $0.parts[4].firstRow += 1 } == cut)
        #expect(refusal { $0.parts[4].rows = 1 << 24 } == cut)
        #expect(refusal { $0.batch = 9 } == cut)
        #expect(refusal { $0.step = 1 }.contains("cut in another way"))
        // Bytes.
        #expect(refusal { $0.labels.removeLast() } == "the images of step 0 come with 10 labels for 11 rows")
        #expect(refusal { $0.labels.append(0) } == "the images of step 0 come with 12 labels for 11 rows")
        #expect(
            refusal { $0.images = .init(Zstd.compress([1, 2, 3])) }
                == "step 0 brought 3 bytes of images where 11 rows of 6 pixels are due")
        #expect(refusal { $0.images = .init([1, 2, 3]) } != "nothing")
        #expect(refusal { $0.images = .init(Zstd.compress([UInt8](repeating: 0, count: 67))) } != "nothing")
        // Labels: those of the labelled images are classes; the others' may be hidden, or of no class.
        for label in [7, 255] as [UInt8] {
            #expect(
                refusal { $0.labels[$0.labels.endIndex - 1] = label }
                    == "a labelled image of step 0 has the label \(label), of 7 classes")
        }
        #expect(refusal { $0.labels[$0.labels.startIndex] = 200 } == "nothing")
    }

    @Test("A run without labels takes no labelled images")
    func strange() {
        let basic = Self.settings(.basic)
        let message = message(0..<4, step: 0, settings)
        let error = #expect(throws: (any Error).self) { try BatchImages.unpack(message, basic, shards: 0..<4) }
        #expect(error.map { "\($0)" } == "the images of step 0 are of stream 1, which this run has not")
    }

    @Test("A stream that no run can have does not come past the decoder")
    func impossible() throws {
        for stream in [2, 1 << 31] as [UInt32] {
            var message = message(0..<4, step: 0, settings)
            message.parts[0].stream = stream
            let error = #expect(throws: ImpossibleField.self) { try ControlMessage.batch(message).checked() }
            #expect(error?.field == "stream")
        }
    }
}
