import ArgumentParser
import Cluster
import Datasets
import Foundation
import Kernels
import Runs

/// `lockstep bench step`: a short real run on real processes, and how near the machine's peak its steps come.
struct BenchStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step", abstract: "Samples a second of whole training steps on worker processes, and their share of peak.",
        discussion: """
            Trains a recipe (default mnist-likelihood's model on the built-in glyphs) in a folder of its own, which is removed.
            Example:  lockstep bench step --minibatch 1024 --set shards=4 --workers 2 --threads 1
            """)

    @OptionGroup var settings: SettingOptions
    @OptionGroup var spread: SpreadOptions

    @Flag(help: "As JSON.")
    var json = false

    /// Steps at the start that are not counted: exponents settle, caches and queues fill.
    private static let warmUp = 10

    func run() throws {
        try finishing {
            try Loopback.require()
            var settings = settings
            if settings.recipe == nil, settings.config == nil {
                settings.recipe = "mnist-likelihood"
                // First, so that whatever else is typed of the data goes before it.
                settings.sets.insert("data.set=glyphs", at: 0)
            }
            if settings.steps == nil, settings.epochs == nil { settings.steps = 60 }
            if let steps = settings.steps, settings.epochs == nil { try Self.requireEnough(steps) }
            settings.sets += [
                "evaluate.every_epochs=0", "figures.every_epochs=0", "checkpoint.every_seconds=0", "checkpoint.every_epochs=0",
            ]
            let wanted = try settings.configuration(threads: spread.threads, workers: spread.workers.bounds.upperBound)
            // The workers have this family whatever the environment says, and so must the peak that they are held against.
            try KernelChoice.require(wanted.kernel)
            let (configuration, data) = try wanted.opened(directory: settings.data)
            let place = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-bench-\(getpid())").path
            defer { try? FileManager.default.removeItem(atPath: place) }
            let training = try configuration.stepImages(data).settings
            try BatchImages.requireRoom(training)
            try RunThreads.requireForRun(
                workers: spread.workers.bounds.upperBound, threads: configuration.threads, hasServer: spread.topology == .server)
            try training.requireMemory(threads: configuration.threads, held: RunRoom(configuration: configuration, data: data).held)
            let folder = try NewRun(configuration, data: data, at: place, isLatest: false).folder
            let outcome = try LocalRun(
                folder: folder, configuration: configuration, spread: spread, from: nil,
                maximumRestarts: 0, json: false, isPassing: true
            ).supervise()
            guard outcome.status == 0 else { return outcome.status }
            let steps = try MetricsReader(path: folder.metricsPath).steps
            if UInt64(steps.count) < configuration.lastStep(trainingImages: data.train.count) {
                let measured = max(0, steps.count - Self.warmUp)
                Output.note("stopped; \(measured) step\(measured == 1 ? "" : "s") measured")
                guard steps.count > Self.warmUp + 1 else { return 1 }
            }
            try report(steps, configuration, data, peakResidentBytes: outcome.workerPeakResidentBytes)
            return 0
        }
    }

    private static func requireEnough(_ steps: Int) throws {
        guard steps > warmUp + 1 else {
            throw UsageError("\(steps) steps are too few to measure; give --steps \(warmUp * 3) or more")
        }
    }

    private func report(
        _ steps: [StepMetrics], _ configuration: Configuration, _ data: DataSet, peakResidentBytes: Int
    ) throws {
        try Self.requireEnough(steps.count)
        let counted = steps[Self.warmUp...]
        let seconds = steps[steps.count - 1].seconds - steps[Self.warmUp - 1].seconds
        let training = configuration.training(on: data)
        func inCounted(_ sum: (UInt64) -> Double) -> Double { sum(UInt64(steps.count)) - sum(UInt64(Self.warmUp)) }
        let rate = inCounted { training.rows(of: .images, inSteps: $0) } / seconds
        let operations = 2 * inCounted(training.multiplyAdds(inSteps:)) / seconds
        let workers = spread.workers.bounds.upperBound
        let threads = workers * configuration.threads
        let cores = min(threads, MachineLimits.here.cores)
        let share = operations * 1e-9 / (ProductSpeed.peak(configuration.arithmetic) * Double(cores))
        func mean(_ value: (StepMetrics) -> Double) -> Double { counted.reduce(0) { $0 + value($1) } / Double(counted.count) }
        let sent = mean { Double($0.wireSent) }
        if json {
            Output.result(
                JSON.object([
                    .init("samples_per_second", .real(rate)), .init("share_of_peak", .real(share)),
                    .init("peak_resident_bytes", .integer(Int64(peakResidentBytes))),
                    .init("workers", .integer(Int64(workers))), .init("minibatch", .integer(Int64(configuration.minibatch))),
                    .init("engine", .string(configuration.engine.rawValue)),
                    .init("precision", .string(configuration.precision.rawValue)),
                    .init("kernel", .string(configuration.kernelInUse)),
                    .init("peak_kernel", .string(configuration.engine.kernels)),
                    .init("steps", .integer(Int64(counted.count))),
                    .init(
                        "milliseconds",
                        .object([
                            .init("compute", .real(mean(\.compute))), .init("pack", .real(mean(\.pack))),
                            .init("wait", .real(mean(\.wait))),
                            .init("update", .real(mean(\.update))), .init("images", .real(mean(\.images))),
                            .init("step", .real(1e3 * seconds / Double(counted.count))),
                        ])
                    ), .init("sent_bytes_per_step", .real(sent)),
                    .init("early_bytes_per_step", .real(mean { Double($0.wireEarly) })),
                ]).text)
            return
        }
        Output.result(
            String(
                format: "%.0f samples/s, %.0f %% of the peak of %@'s products in %@ on %d cores, %.0f MB a worker at most", rate,
                share * 100, configuration.engine.kernels, configuration.precision.rawValue, cores, Double(peakResidentBytes) * 1e-6
            ))
        Output.result(
            String(
                format:
                    "step %.1f ms: compute %.1f, wait %.1f, update %.1f, images %.1f (packing %.1f); %.1f MB sent, of it %.1f before the backward pass ended",
                1e3 * seconds / Double(counted.count), mean(\.compute), mean(\.wait), mean(\.update), mean(\.images), mean(\.pack),
                sent * 1e-6,
                mean { Double($0.wireEarly) } * 1e-6))
    }
}
