import ArgumentParser
import Collectives
import Control
import Coordinator
import Datasets
import Foundation
import Membership
import Processes
import Runs
import Wire

/// `lockstep coordinator`: leads a run whose workers come from anywhere.
struct Coordinate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator", abstract: "Lead a run: shard the data, keep the membership, write the checkpoints.",
        discussion: """
            Creates the run folder, or goes on with it where its configuration is the same.
            Example:  lockstep coordinator --recipe quickstart --workers 2 --listen 192.168.1.10:7700 --token-file token
            """)

    @OptionGroup var settings: SettingOptions
    @OptionGroup var members: MemberOptions
    @OptionGroup var access: AccessOptions
    @OptionGroup var child: ChildOptions

    @Option(name: .customLong("run"), help: "Run folder (default: runs/RECIPE-DATE-TIME).", completion: .directory)
    var path: String?

    @Option(help: "Begin with the weights of another run: RUN or RUN@STEP.", completion: Completions.runs)
    var from: String?

    @Option(help: "Where workers connect: HOST:PORT.")
    var listen: AddressArgument?

    @Option(help: "Port of the summation server (topology server); 0: any.")
    var dataPort = 0

    @Option(help: "How long workers keep their state and redial when this process is gone: 500ms, 5s, 10m.")
    var orphanTimeout = DurationArgument(.seconds(600))

    @Flag(help: "Print the effective configuration and what it costs, and stop.")
    var dryRun = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (0...65535).contains(dataPort) else { throw ValidationError("--data-port is \(dataPort); ports are 0 to 65535") }
    }

    func run() throws {
        try finishing {
            if dryRun {
                let choice = RunChoice(settings: settings, path: path, from: from)
                let wanted = try choice.configuration()
                if try !choice.exists, let words = RecipeVariant(settings, of: wanted).sentence { Output.note(words) }
                try DryRun.require(wanted)
                let (configuration, data) = try choice.check(wanted)
                Output.result(
                    try DryRun(
                        configuration: configuration, data: data,
                        spread: WorkSpread(workers: members.workers.bounds.upperBound, threads: 1, isHere: false),
                        isNew: !choice.exists
                    ).text(json: json))
                return 0
            }
            if child.listenDescriptor == nil { try access.check(listen?.value, "--listen") }
            let choice = RunChoice(settings: settings, path: path, from: from)
            let configuration = try choice.configuration()
            if child.parentPid == nil, try !choice.exists, let words = RecipeVariant(settings, of: configuration).sentence {
                Output.note(words)
            }
            let token = try access.token()
            let spread = Spread(workers: members.workers, exchange: members.exchange)
            try spread.checkDescriptors()
            try spread.checkThreads()
            let port = try CoordinatorProcess.port(listen?.value, child)
            if spread.topology == .server, spread.exchange.servers == 0 {
                try CoordinatorProcess.requireDataPort(dataPort, listen?.value)
            }
            let run = try choice.open(configuration)
            warnOfSpares(run)
            return try run.keeping {
                try CoordinatorProcess(
                    folder: run.folder, configuration: run.configuration, dataDirectory: run.data, spread: spread, from: from,
                    port: port, dataPort: dataPort, token: token, insecure: access.insecure,
                    orphanTimeout: orphanTimeout.value, child: child, json: json
                ).run()
            }
        }
    }
}

extension Coordinate {
    /// Not in a child: its parent `train` has said so.
    private func warnOfSpares(_ run: OpenedRun) {
        guard child.parentPid == nil else { return }
        let spares = Spares(workers: members.workers.bounds.upperBound, of: run.configuration, isNew: run.new != nil)
        if let sentence = spares.sentence { Output.note(sentence) }
    }
}

/// A coordinator in this process: what `coordinator` and `resume --listen` share.
struct CoordinatorProcess {
    let folder: RunFolder
    let configuration: Configuration
    let dataDirectory: String?
    let spread: Spread
    let from: String?
    /// Nil where a socket was handed down.
    let port: ControlPort?
    let dataPort: Int
    let token: Token?
    let insecure: Bool
    let orphanTimeout: Duration
    let child: ChildOptions
    let json: Bool

    func run() throws -> Int32 {
        let supervised = child.listenDescriptor != nil
        let options = CoordinatorOptions(
            folder: folder, configuration: configuration, dataDirectory: dataDirectory, dataPort: dataPort,
            token: token, insecure: insecure, orphanTimeout: orphanTimeout, workers: spread.workers.bounds,
            topology: spread.topology, servers: spread.exchange.servers,
            compression: spread.compression.rawValue, allowMixedKernels: spread.allowMixedKernels, supervised: supervised,
            from: try from.map { supervised ? $0 : try SavedState($0).statePath }, build: Build.name)
        let progress = ProgressLine()
        let log = try RunLog.coordinator(path: folder.coordinatorLogPath, progress: progress)
        let port = try self.port ?? ControlPort(.inherited(descriptor: child.listenDescriptor ?? -1))
        // Check again: the name may stand for another address than when the command looked.
        guard insecure || token != nil || HostPort.isLoopback(port.host) else {
            throw AccessOptions.unguarded(port.host, "--listen")
        }
        let coordinator = Coordinator(options: options, port: port, log: log, progress: progress)
        let signals = try StopSignals { coordinator.stop($0.name) }
        defer { signals.conclude() }
        if let descriptor = child.pulseDescriptor { coordinator.beat(into: descriptor) }
        try child.tie { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0] == "!" { return coordinator.noReplacement(String(parts[1])) }
            if parts.count == 2, parts[0] == ">" {
                let words = parts[1].split(separator: " ", maxSplits: 1)
                if words.count == 2, let pid = UInt32(words[0]) { coordinator.childSaid(pid: pid, words: String(words[1])) }
                return
            }
            guard parts.count == 2, let pid = UInt32(parts[0]), let end = ChildEnd(line: parts[1]) else { return }
            coordinator.childExited(pid: pid, end)
        }
        switch try coordinator.run() {
        case .finished(let step): return try report(step: step, note: "done", quiet: supervised)
        case .stopped(let step, let reason):
            return try report(
                step: step,
                note: "stopped (\(reason)) after step \(step)"
                    + (child.passing ? "" : "; `lockstep resume \(folder.typedName)` goes on"),
                quiet: supervised)
        case .failed(let reason):
            Output.complain(reason)
            return 1
        }
    }

    /// Where a coordinator listens unless told otherwise.
    static let defaultPort = 7700

    /// Binds the port before anything of a run is touched; nil where a parent has bound one.
    static func port(_ listen: HostPort?, _ child: ChildOptions) throws -> ControlPort? {
        guard child.listenDescriptor == nil else { return nil }
        // An address that `launch` has chosen cannot be changed by the user.
        return try ControlPort(
            .address(listen ?? HostPort(host: "127.0.0.1", port: defaultPort)), isChosen: child.parentPid == nil)
    }

    /// Makes sure, before anything is made, that the summation server's port can be bound later, with the run.
    static func requireDataPort(_ port: Int, _ listen: HostPort?) throws {
        guard port > 0 else { return }
        try GradientListener(host: listen?.host ?? "127.0.0.1", port: port).shutdown()
    }

    /// Prints step and digest; before the first checkpoint there are none.
    private func report(step: UInt64, note: String, quiet: Bool) throws -> Int32 {
        Output.note(note)
        guard !quiet, let checkpoint = try folder.checkpoints().newestWhole().checkpoint else { return 0 }
        let digest = try SavedState(folder: folder, checkpoint: checkpoint).digest(full: false)
        if json {
            Output.result(
                JSON.object([.init("run", .string(folder.path)), .init("step", .unsigned(step)), .init("digest", .string(digest))])
                    .text)
        } else {
            Output.result("run      \(folder.path)\nstep     \(step)\ndigest   \(digest)")
        }
        return 0
    }
}
