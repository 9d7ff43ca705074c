import ArgumentParser
import Autoencoder
import Collectives
import Control
import Datasets
import Foundation
import Kernels
import Processes
import Runs

/// `lockstep bench step`: a short real run on real processes, and how near its steps come to the machine's peak.
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
                // Inserted first, so that other data settings that the user typed override it.
                settings.sets.insert("data.set=glyphs", at: 0)
            }
            if settings.steps == nil, settings.epochs == nil { settings.steps = 60 }
            if let steps = settings.steps, settings.epochs == nil { try Self.requireEnough(steps) }
            settings.sets += [
                "evaluate.every_epochs=0", "figures.every_epochs=0", "checkpoint.every_seconds=0", "checkpoint.every_epochs=0",
            ]
            let (wanted, crew) = try settings.crewed(spread)
            if let choice = crew.choice { Output.note(choice) }
            let spread = Spread(workers: crew.workers, exchange: spread.exchange)
            // The workers have this family whatever the environment says, so the peak must be measured with it too.
            try KernelChoice.require(wanted.kernel)
            let (configuration, data) = try wanted.opened(directory: settings.data)
            let place = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-bench-\(getpid())").path
            defer { try? FileManager.default.removeItem(atPath: place) }
            let training = try configuration.stepImages(data).settings
            try BatchImages.requireRoom(training)
            try RunThreads.requireForRun(
                workers: crew.workers.bounds.upperBound, threads: configuration.threads, hasServer: spread.topology == .server)
            try training.requireMemory(threads: configuration.threads, held: RunRoom(configuration: configuration, data: data).held)
            let folder = try NewRun(configuration, data: data, at: place, isLatest: false).folder
            let outcome = try LocalRun(
                folder: folder, configuration: configuration, spread: spread, threads: configuration.threads, from: nil,
                maximumRestarts: 0, json: false, isPassing: true
            ).supervise()
            guard outcome.status == 0 else { return outcome.status }
            let steps = try MetricsReader(path: folder.metricsPath).steps
            if UInt64(steps.count) < configuration.lastStep(trainingImages: data.train.count) {
                let measured = max(0, steps.count - Self.warmUp)
                Output.note("stopped; \(measured) step\(measured == 1 ? "" : "s") measured")
                guard steps.count > Self.warmUp + 1 else { return 1 }
            }
            try report(
                steps, configuration, data, workers: crew.workers.bounds.upperBound,
                peakResidentBytes: outcome.workerPeakResidentBytes)
            return 0
        }
    }

    private static func requireEnough(_ steps: Int) throws {
        guard steps > warmUp + 1 else {
            throw UsageError("\(steps) steps are too few to measure; give --steps \(warmUp * 3) or more")
        }
    }

    private func report(
        _ steps: [StepMetrics], _ configuration: Configuration, _ data: DataSet, workers: Int, peakResidentBytes: Int
    ) throws {
        try Self.requireEnough(steps.count)
        let counted = steps[Self.warmUp...]
        let seconds = steps[steps.count - 1].seconds - steps[Self.warmUp - 1].seconds
        let training = configuration.training(on: data)
        func inCounted(_ sum: (UInt64) -> Double) -> Double { sum(UInt64(steps.count)) - sum(UInt64(Self.warmUp)) }
        let rate = inCounted { training.rows(of: .images, inSteps: $0) } / seconds
        let operations = 2 * inCounted(training.multiplyAdds(inSteps:)) / seconds
        let threads = workers * configuration.threads
        let cores = min(threads, MachineLimits.here.cores)
        let limit = ProductSpeed.peak(configuration.arithmetic) * Double(cores)
        let share = operations * 1e-9 / limit
        func mean(_ value: (StepMetrics) -> Double) -> Double { counted.reduce(0) { $0 + value($1) } / Double(counted.count) }
        let sent = mean { Double($0.wireSent) }
        let step = 1e3 * seconds / Double(counted.count)
        let spent = [mean(\.compute), mean(\.wait), mean(\.update), mean(\.images)]
        let (products, between) = (step * share, step - spent.reduce(0, +))
        if json {
            Output.result(
                JSON.object([
                    .init("samples_per_second", .real(rate)), .init("share_of_peak", .real(share)),
                    .init("limit_samples_per_second", .real(rate / share)),
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
                            .init("step", .real(step)), .init("compute", .real(spent[0])),
                            .init("products_at_peak", .real(products)), .init("pack", .real(mean(\.pack))),
                            .init("wait", .real(spent[1])), .init("update", .real(spent[2])), .init("images", .real(spent[3])),
                            .init("between", .real(between)),
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
        func line(_ milliseconds: Double, _ what: String) { Output.result(String(format: "%9.2f ms  %@", milliseconds, what)) }
        line(step, "a step, mean of the workers")
        line(products, "products, if they ran at peak all the time")
        line(spent[0] - products, "other work of the forward and backward passes, and what products lack of peak")
        line(spent[1], "waiting for the other workers' gradients")
        line(spent[2], "updates")
        line(spent[3], "waiting for images")
        line(between, "between steps: reports, and the wait for the slowest worker's")
        Output.result(
            String(
                format: "%.1f MB sent a step, of it %.1f before the backward pass ended; packing took %.2f ms, beside the rest",
                sent * 1e-6, mean { Double($0.wireEarly) } * 1e-6, mean(\.pack)))
    }
}
