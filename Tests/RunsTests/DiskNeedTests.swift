import Autoencoder
import Kernels
import Layers
import Runs
import TestSupport
import Testing

@Suite struct DiskNeedTests {
    private static let digit = PictureShape(height: 28, width: 28, channels: 1)

    private func need(_ change: (inout Configuration) -> Void) -> [String: UInt64] {
        var configuration = Configuration()
        change(&configuration)
        let need = DiskNeed(configuration, pixels: 784, trainingImages: 50_000, shape: Self.digit)
        return Dictionary(uniqueKeysWithValues: need.kinds.map { ($0.name, $0.bytes) })
    }

    @Test("What is there already is every file of the folder, and no folder")
    func stored() throws {
        let scratch = Scratch()
        let run = try RunFolder.begin(Configuration(), provenance: RunFolderTests.provenance, at: scratch.file("run"))
        let before = run.storedBytes
        #expect(before > 0 && before < 100_000)
        _ = try scratch.write("12345", to: "run/checkpoints/part")
        _ = try scratch.write("678", to: "run/steps.log")
        #expect(run.storedBytes == before + 8)
    }

    @Test("A state's bytes are those of a replica's tensors", arguments: [0, 0.9])
    func state(average: Double) throws {
        var configuration = Configuration()
        configuration.average = average
        configuration.phases["generator"]?.optimizer = .adam(beta1: 0.5, beta2: 0.9, epsilon: 1e-7)
        configuration.model = ModelSettings(
            encoder: [30, 20], decoder: [25], discriminator: [10], code: 3, output: .sigmoid, initialisation: .normal)
        let training = configuration.training(pixels: 100, trainingImages: 50_000)
        let replica = try Replica(training)
        let bytes = replica.state().reduce(0) { $0 + $1.values.byteCount }
        #expect(training.sumBytes == replica.phases.reduce(0) { $0 + $1.count * MemoryLayout<Int32>.size })
        // Exponents and powers of the betas are left out.
        #expect((bytes - 1_000...bytes).contains(training.stateBytes), "\(training.stateBytes) of \(bytes)")
    }

    @Test("Checkpoints are the newest and those that stay for good, each once")
    func checkpoints() {
        let one =
            need {
                $0.epochs = 1
                $0.checkpoint = CheckpointSettings(everySeconds: 0, keep: 1, keepEveryEpochs: 0)
            }["checkpoints"] ?? 0
        #expect(one > 0)
        func count(_ epochs: Int, _ settings: CheckpointSettings) -> UInt64 {
            (need {
                $0.epochs = epochs
                $0.checkpoint = settings
            }["checkpoints"] ?? 0) / one
        }
        #expect(count(1_000, CheckpointSettings(everySeconds: 0, keep: 3, keepEveryEpochs: 10)) == 102)
        #expect(count(1_009, CheckpointSettings(everySeconds: 0, keep: 3, keepEveryEpochs: 10)) == 103)
        #expect(count(1_000, CheckpointSettings(everySeconds: 0, keep: 3, keepEveryEpochs: 0)) == 3)
        #expect(count(60, CheckpointSettings(everySeconds: 0, everyEpochs: 4, keep: 1, keepEveryEpochs: 6)) == 5)
        #expect(count(5, CheckpointSettings(everySeconds: 0, everyEpochs: 0, keep: 3)) == 1)
        #expect(count(2, CheckpointSettings(everySteps: 100, everySeconds: 0, everyEpochs: 0, keep: 50)) == 11)
    }

    @Test("Pictures are those of each epoch that is drawn, and 0 is none")
    func figures() {
        let two = need { $0.epochs = 1 }["figures"] ?? 0
        #expect(two > 0)
        #expect(need { $0.epochs = 9 }["figures"] == two * 5)
        #expect(
            need {
                $0.epochs = 9
                $0.figures.everyEpochs = 2
            }["figures"] == two * 3)
        #expect(
            need {
                $0.epochs = 9
                $0.figures.everyEpochs = 0
            }["figures"] == 0)
        #expect(need { $0.epochs = 1_000 }["figures"] == two / 2 * (1 + 10 + 99))
        #expect(
            need {
                $0.epochs = 1_000
                $0.figures.keepEveryEpochs = 0
            }["figures"] == two / 2 * 11)
    }

    @Test("Of large images a picture has room for a few only")
    func largeImages() throws {
        var configuration = Configuration()
        (configuration.epochs, configuration.model.code) = (1, 2)
        let (side, shape) = (4_096, PictureShape(height: 4_096, width: 4_096, channels: 1))
        let need = DiskNeed(configuration, pixels: side * side, trainingImages: 50_000, shape: shape)
        let figures = try #require(need.kinds.first { $0.name == "figures" }?.bytes)
        // Four pairs, four samples and a walk of two by two, of the epoch and as the newest.
        #expect(figures < UInt64(2 * 16 * side * side) && figures > UInt64(16 * side * side))
    }

    @Test("Metrics and events grow with the steps, and the longest run has a sum as well")
    func steps() {
        let (short, long) = (need { $0.epochs = 1 }, need { $0.epochs = 1_000 })
        for name in ["metrics", "events", "steps.log"] { #expect((short[name] ?? 0) * 1_000 == long[name]) }
        var longest = Configuration()
        (longest.epochs, longest.steps) = (Int(Int32.max), Int.max >> 24)
        #expect(DiskNeed(longest, pixels: 784, trainingImages: 1, shape: Self.digit).total > 1 << 50)
    }

    @Test("Where there is less room it says how much of what, and where there is enough nothing")
    func warning() {
        var configuration = Configuration()
        configuration.epochs = Int(Int32.max)
        let warning = DiskNeed(configuration, pixels: 784, trainingImages: 50_000, shape: Self.digit).warning(
            at: "/tmp/none/of/these")
        for word in ["metrics", "checkpoints", "figures", "are free", "/tmp/none/of/these"] {
            #expect(warning?.contains(word) == true)
        }
        let need = DiskNeed(configuration, pixels: 784, trainingImages: 50_000, shape: Self.digit)
        #expect(need.warning(at: "/tmp", taken: need.total) == nil)
        #expect(need.warning(at: "/tmp", taken: 3_000_000)?.contains("; 3.0 MB of it are there already; where /tmp is") == true)
        configuration.steps = 1
        let dots = PictureShape(height: 2, width: 2, channels: 1)
        #expect(DiskNeed(configuration, pixels: 4, trainingImages: 50_000, shape: dots).total < 100_000_000)
    }
}
