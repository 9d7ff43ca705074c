import ArgumentParser
import Control
import Coordinator
import Datasets
import Foundation
import Kernels
import Processes
import Runs
import Waiting

/// `lockstep train`: a whole run on this machine.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train on this machine: one coordinator and N worker processes over loopback TCP.",
        discussion: """
            --seeds 1-5 trains the same run for each of these seeds, in folders of their own (NAME-seed-1, …), and prints their last held-out \
            figures with mean and standard deviation. --vary dropout.hidden=0.1,0.2 does so for settings; more of them, and seeds, make every \
            combination. One goes after the other, or --at-once N of them side by side. Given again, the line passes over what is finished \
            and goes on with what is not.
            Example:  lockstep train --recipe quickstart --workers 2 --epochs 2 --set model.code=8
            """)

    @OptionGroup var settings: SettingOptions
    @OptionGroup var spread: SpreadOptions
    @OptionGroup var restarts: RestartOptions
    @OptionGroup var parent: ParentOptions

    @Option(name: .customLong("run"), help: "Run folder (default: runs/RECIPE-DATE-TIME).", completion: .directory)
    var folder: String?

    @Option(help: "Begin with the weights of another run: RUN or RUN@STEP.", completion: Completions.runs)
    var from: String?

    @Option(
        help: """
            Train a run for each of these seeds: 1,2,3 or 1-5, in one list, into RUN-seed-K. Which images have labels is not theirs to change: that \
            is labels.seed's.
            """)
    var seeds: SeedList?

    @Option(
        name: .customLong("vary"),
        help: """
            Train a run for each of these values of a setting, into RUN-KEY-VALUE: KEY=V1,V2. May be repeated. Keys with a comma between them \
            have the same value: seed,labels.seed=1,2.
            """)
    var variations: [Variation] = []

    @Option(help: "How many of several runs train at the same time; each has its share of the cores.")
    var atOnce = 1

    @Flag(help: "Print the effective configuration and what it costs, and stop.")
    var dryRun = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    private var isSweep: Bool { seeds != nil || !variations.isEmpty }

    func validate() throws {
        guard (1...64).contains(atOnce) else { throw ValidationError("--at-once is \(atOnce); expected 1 to 64") }
        guard isSweep || atOnce == 1 else { throw ValidationError("--at-once is about several runs: give --seeds or --vary") }
        _ = try plan()
    }

    /// The runs of `--seeds` and `--vary`; nil where there is one run.
    private func plan() throws -> SweepPlan? {
        guard isSweep else { return nil }
        let sets = settings.sets.map { String($0.prefix { $0 != "=" }) }.map { (key: $0, typed: "--set \($0)") }
        do {
            return try SweepPlan(variations, seeds: seeds, given: settings.flags.map { ($0.key, $0.flag) } + sets)
        } catch let error as UsageError {
            throw ValidationError("\(error)")
        }
    }

    func run() throws {
        try finishing {
            try parent.tie()
            try Loopback.require()
            let plan = try self.plan()
            let (wanted, crew) = try settings.crewed(spread, varied: plan?.entries.first?.flags ?? [], atOnce: atOnce)
            let spread = Spread(workers: crew.workers, exchange: spread.exchange)
            try spread.checkDescriptors()
            if let words = RecipeVariant(settings, of: wanted).sentence { Output.note(words) }
            if dryRun { try DryRun.require(wanted) }
            let (configuration, data) = try FetchMeter.converting { progress in
                try wanted.opened(directory: settings.data, progress: progress)
            }
            let training = try configuration.stepImages(data).settings
            try BatchImages.requireRoom(training)
            let start = try from.map { try SavedState($0).statePath }
            if let start { _ = try InitialWeights.replica(training, from: start) }
            let sweep = try plan.map { try self.sweep(of: $0, crew, data) }
            // Each run of a sweep prints its own notes.
            if let sweep, !dryRun { return try sweep.run() }
            for case let note? in [DimImages(data: data).sentence, FaintPixels(data: data).sentence, crew.choice] {
                Output.note(note)
            }
            if dryRun { return try tryDry(configuration, data, sweep, spread) }
            return try begin(configuration, data, spread, from: start)
        }
    }

    /// Checks every combination before any run begins.
    private func sweep(of plan: SweepPlan, _ crew: Crew, _ data: DataSet) throws -> Sweep {
        let configurations = try plan.entries.map { entry in
            let configuration = try settings.crewed(spread, varied: entry.flags, atOnce: atOnce).configuration.opened(with: data)
            try BatchImages.requireRoom(try configuration.stepImages(data).settings)
            return configuration
        }
        return try Sweep(self, plan, crew: crew, configurations: configurations, data: data)
    }

    private func tryDry(
        _ configuration: Configuration, _ data: DataSet, _ sweep: Sweep?, _ spread: Spread
    ) throws -> Int32 {
        let workers = spread.workers.bounds.upperBound
        RunRoom(configuration: configuration, data: data).noteMemory(workers: workers, threads: configuration.threads)
        let work = WorkSpread(workers: workers, threads: configuration.threads, isHere: true)
        let dry = DryRun(
            configuration: configuration, data: data, spread: work, isNew: true, runs: try sweep?.forecast() ?? [])
        Output.result(try dry.text(json: json))
        return 0
    }

    private func begin(
        _ configuration: Configuration, _ data: DataSet, _ spread: Spread, from start: String?
    ) throws -> Int32 {
        let workers = spread.workers.bounds.upperBound
        try RunRoom(configuration: configuration, data: data).require(
            workers: workers, threads: configuration.threads, spread.exchange,
            at: folder ?? RunFolder.defaultParent)
        if let spares = Spares(workers: workers, of: configuration, isNew: true).sentence { Output.note(spares) }
        let run = try NewRun(configuration, data: data, at: folder)
        Output.note("run folder \(run.folder.path)")
        return try run.keeping {
            try LocalRun(
                folder: run.folder, configuration: configuration, spread: spread, threads: configuration.threads, from: start,
                maximumRestarts: restarts.maxRestarts, json: json
            ).run()
        }
    }
}

/// Supervises a run in a folder that is set up, and whose config.yaml says where its data is: what `train` and `resume` share.
struct LocalRun {
    let folder: RunFolder
    let configuration: Configuration
    let spread: Spread
    /// For each worker.
    let threads: Int
    let from: String?
    let maximumRestarts: Int
    let json: Bool
    /// The folder is removed after the run.
    var isPassing = false

    func run() throws -> Int32 {
        let began = MonotonicTime.now
        let status = try supervise().status
        if status == 0 { try report(seconds: (MonotonicTime.now - began).seconds) }
        return status
    }

    /// Starts the processes and waits for their end.
    func supervise() throws -> SupervisedEnding {
        let workers = spread.workers.bounds.upperBound
        let environment = try KernelChoice.environment(
            ProcessInfo.processInfo.environment, kernel: configuration.kernel)
        return try Supervisor(folder: folder, environment: environment).run(
            .init(
                coordinator: ["coordinator", "--run", folder.path] + spread.arguments
                    + (from.map { ["--from", $0] } ?? []) + (isPassing ? ["--passing"] : []),
                workers: workers, worker: { Self.worker($0, of: workers, threads: threads) }, servers: spread.exchange.servers,
                maximumRestarts: maximumRestarts))
    }

    /// Where workers have all cores between them, each is pinned to its own, so that no thread runs on another worker's core.
    private static func worker(_ index: Int, of workers: Int, threads: Int) -> [String] {
        let arguments = ["worker", "--threads", "\(threads)"]
        let limits = MachineLimits.here
        guard limits.cores == limits.affinity, workers * threads == limits.cores,
            let cores = MemoryNodes.here.share(of: index, workers: workers)
        else { return arguments }
        return arguments + ["--cores", cores.map { "\($0)" }.joined(separator: ",")]
    }

    private func report(seconds: Double) throws {
        guard let checkpoint = try folder.checkpoints().newestWhole().checkpoint else { return }
        let digest = try SavedState(folder: folder, checkpoint: checkpoint).digest(full: false)
        let heldOut = MetricsReader.lastEpoch(path: folder.metricsPath)
        if json {
            // Figures of an earlier epoch must not be taken for this step's.
            let validation = heldOut.flatMap { $0.epoch == checkpoint.info.epoch ? $0.json["validation"] : nil }
            Output.result(
                JSON.object(
                    [
                        .init("run", .string(folder.path)), .init("step", .unsigned(checkpoint.info.step)),
                        .init("epoch", .integer(Int64(checkpoint.info.epoch))), .init("digest", .string(digest)),
                        .init("seconds", .real(seconds)),
                    ] + (validation.map { [.init("validation", $0)] } ?? [])
                ).text)
        } else {
            Output.result("run      \(folder.path)")
            Output.result("step     \(checkpoint.info.step)")
            Output.result("digest   \(digest)")
            if let heldOut { Output.note("after epoch \(heldOut.epoch), \(heldOut.subject): \(heldOut.words)") }
            let pictures = folder.hasFigures ? "pictures in \(folder.figuresPath); " : ""
            Output.note("\(pictures)done in \(String(format: "%.1f", seconds)) s")
        }
    }
}
