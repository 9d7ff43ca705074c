import ArgumentParser
import Collectives
import Datasets
import Foundation
import Kernels
import Launch
import Processes
import Runs

/// `lockstep launch`: a whole run over several hosts, by one command.
struct Launch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train on several hosts over SSH: the coordinator here, workers there; checks the hosts first.",
        discussion: """
            `launch -H a:4,b:2` starts four workers on a and two on b, and a coordinator on this machine, which reads the data and \
            writes the run folder. A --run that exists goes on from its newest checkpoint.
            The first Control-C finishes the step, writes a checkpoint and stops everything; a second one ends everything at once.
            Example:  lockstep launch -H alpha:4,beta:4 --recipe mnist-gaussian-2d
            """)

    @OptionGroup var hosts: HostOptions
    @OptionGroup var settings: SettingOptions
    @OptionGroup var exchange: ExchangeOptions
    @OptionGroup var restarts: RestartOptions

    @Option(help: "Begin with so many workers, N or MIN:MAX (default: all that the hosts are given).")
    var workers: WorkerRange?

    @Option(help: "Compute threads of a worker (default: the cores of its host / its workers).")
    var threads: Int?

    @Option(name: .customLong("run"), help: "Run folder (default: runs/RECIPE-DATE-TIME).", completion: .directory)
    var folder: String?

    @Option(help: "Go on with RUN: a path, a name under ./runs, or `latest`.", completion: Completions.runs)
    var resume: String?

    @Option(help: "Begin with the weights of another run: RUN or RUN@STEP.", completion: Completions.runs)
    var from: String?

    @Flag(help: "Check the hosts and stop.")
    var check = false

    @Flag(help: "Print the effective configuration and what it costs, and stop.")
    var dryRun = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        try ThreadFlag.check(threads)
        if resume != nil, folder != nil { throw ValidationError("--resume and --run name the same thing; give one of them") }
        if resume != nil, from != nil { throw ValidationError("--from begins a new run; --resume goes on with an old one") }
    }

    func run() throws {
        try finishing {
            let entries = try hosts.entries()
            guard !entries.isEmpty else {
                throw UsageError("name the hosts: -H a:4,b:2 or --hostfile FILE; `lockstep train` needs this machine alone")
            }
            let starter = try hosts.starter()
            let slots = entries.reduce(0) { $0 + $1.slots }
            let range = workers ?? WorkerRange(bounds: slots...slots)
            guard range.bounds.upperBound <= slots else {
                throw UsageError(
                    "--workers \(range.text), but the hosts are given \(slots); give them more (host:N), or ask for fewer")
            }
            let choice = RunChoice(
                settings: settings,
                path: try resume.map { try RunReference(parsing: $0).folder(goingOnWith: "--resume").path } ?? folder, from: from)
            // Unreadable or impossible settings are reported before any host is asked.
            let wanted = try choice.configuration()
            if try !choice.exists, let words = RecipeVariant(settings, of: wanted).sentence { Output.note(words) }
            if dryRun { try DryRun.require(wanted) }
            let (configuration, data) = try choice.check(wanted)
            let workers = range.bounds.upperBound
            if dryRun {
                Output.result(
                    try DryRun(
                        configuration: configuration, data: data,
                        spread: WorkSpread(workers: workers, threads: threads ?? 1, isHere: false),
                        isNew: !choice.exists
                    ).text(json: json))
                return 0
            }
            if let spares = Spares(workers: workers, of: configuration, isNew: try !choice.exists).sentence { Output.note(spares) }
            let options = LaunchOptions(
                hosts: entries,
                check: HostCheckOptions(
                    build: Build.name, dialsMembers: exchange.topology == .ring || exchange.servers > 0, port: hosts.port,
                    dataPort: hosts.dataPort,
                    kernel: configuration.kernel, kernelIsFixed: try choice.exists,
                    allowMixedKernels: exchange.allowMixedKernels || configuration.engine == .portable),
                threads: threads, servers: exchange.servers, maxRestarts: restarts.maxRestarts,
                fewestWorkers: range.bounds.lowerBound)
            let lines = TerminalLines()
            let launcher = Launcher(options: options, starter: starter) { lines.show($0) }
            if check { return try launcher.check() }
            // A run that could not begin leaves no folder behind; an existing run keeps its files.
            var new: NewRun?
            let status = Result {
                try launcher.run {
                    let run = try choice.open(configuration)
                    new = run.new
                    if !settings.isEmpty { try run.folder.update(to: run.configuration) }
                    Output.note("run folder \(run.folder.path)")
                    return (coordinator(of: run, range), ResumeHint(folder: run.folder, way: "the same command with --run"))
                }
            }
            return try new.map { try $0.keeping(status.get) } ?? status.get()
        }
    }

    private func coordinator(of run: OpenedRun, _ workers: WorkerRange) -> [String] {
        ["coordinator", "--run", run.folder.path, "--workers", workers.text] + exchange.arguments
            + (run.data.map { ["--data", $0] } ?? []) + (from.map { ["--from", $0] } ?? []) + (json ? ["--json"] : [])
    }
}
