import ArgumentParser
import Control
import Datasets
import Foundation
import Kernels
import Processes
import Runs

/// `lockstep resume`: goes on from the newest whole checkpoint, on any number of processes.
struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Go on with a run from its newest whole checkpoint: same bits, whatever the workers and the topology.",
        discussion: """
            --epochs moves the end of the run and no rate: where a schedule has come to 0 at the old end, as the quickstart's do, a run would learn
            nothing behind it. That is refused with the line that goes on, by which each phase keeps a share of its rate (schedule.after).
            Example:  lockstep resume latest --workers 3 --topology server
            """)

    @Argument(help: "RUN: a path, a name under ./runs, or `latest`.", completion: Completions.runs)
    var name: String

    @OptionGroup var spread: SpreadOptions
    @OptionGroup var restarts: RestartOptions
    @OptionGroup var access: AccessOptions
    @OptionGroup var child: ChildOptions

    @Option(
        help: "Where the run's data is now (default: where it was; then LOCKSTEP_DATA and the cache folder).",
        completion: .directory)
    var data: String?

    @Option(help: "Move the end of the run: so many steps in all.")
    var steps: Int?

    @Option(help: "Move the end of the run: so many epochs in all. Schedules stay as they are.")
    var epochs: Int?

    @Option(
        name: .customLong("set"), help: "A setting that changes no bits: KEY=VALUE, for example data.file=PATH. May be repeated.",
        completion: Completions.settings)
    var sets: [String] = []

    @Option(help: "Wait for workers of other hosts at HOST:PORT instead of starting them here.")
    var listen: AddressArgument?

    @Option(help: "Port of the summation server (topology server); 0: any.")
    var dataPort = 0

    @Option(help: "How long workers keep their state and redial when this coordinator is gone: 500ms, 5s, 10m (default: 10m).")
    var orphanTimeout: DurationArgument?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard listen == nil else { return }
        // Where all workers are on this machine, the user cannot choose ports or secret.
        let given = [
            ("--data-port", dataPort != 0), ("--orphan-timeout", orphanTimeout != nil), ("--token-file", access.tokenFile != nil),
            ("--insecure", access.insecure),
        ]
        if let (flag, _) = given.first(where: \.1) {
            throw ValidationError(
                "\(flag) is about workers of other hosts; give it together with --listen HOST:PORT, or leave it out")
        }
    }

    func run() throws {
        try finishing {
            try child.tieAlone()
            try access.check(listen?.value, "--listen")
            let folder = try RunReference(parsing: name).folder(goingOnWith: "resume")
            try folder.requireParts()
            let existing = try folder.configuration().configuration
            let token = try access.token()
            let crew = crew(existing)
            let spread = Spread(workers: crew.workers, exchange: spread.exchange)
            try spread.checkDescriptors()
            if listen != nil { try spread.checkThreads() }
            if listen == nil { try Loopback.require() }
            let port = try listen.flatMap { try CoordinatorProcess.port($0.value, child) }
            let flags =
                [
                    epochs.map { FlagSetting(flag: "--epochs", key: "epochs", value: "\($0)") },
                    steps.map { FlagSetting(flag: "--steps", key: "steps", value: "\($0)") },
                ].compactMap(\.self)
            var sources = ConfigurationSources(sets: sets, flags: flags)
            sources.base = existing
            try Configuration.requireVariant(of: sources, run: folder.typedName)
            let configuration = try Configuration.load(sources)
            try folder.requireCheckpoints(of: existing)
            try configuration.requireSameBits(as: existing, after: folder.newestStep(), run: folder.typedName)
            let (opened, images) = try FetchMeter.converting { progress in
                try folder.openData(configuration, directory: data, progress: progress)
            }
            try BatchImages.requireRoom(opened.stepImages(images).settings)
            _ = try KernelFamily.named(configuration.kernel)
            _ = try folder.newestWhole()
            try requireRoom(for: opened, images, crew, in: folder)
            // The coordinator takes the lock and writes its name on it; this only tests whether it can.
            let lock = try folder.lock(named: false)
            // The run's processes find the data where config.yaml says.
            if listen == nil { try folder.update(to: opened) }
            lock.release()
            if let choice = crew.choice { Output.note(choice) }
            let spares = Spares(workers: spread.workers.bounds.upperBound, of: configuration, isNew: false)
            if let spares = spares.sentence { Output.note(spares) }
            if let port {
                return try CoordinatorProcess(
                    folder: folder, configuration: configuration, dataDirectory: data, spread: spread, from: nil,
                    port: port, dataPort: dataPort, token: token, insecure: access.insecure,
                    orphanTimeout: orphanTimeout?.value ?? .seconds(600), child: child, json: json
                ).run()
            }
            return try LocalRun(
                folder: folder, configuration: configuration, spread: spread, threads: crew.threads, from: nil,
                maximumRestarts: restarts.maxRestarts, json: json
            ).run()
        }
    }

    /// A run may have begun on another machine, so its threads are chosen anew. For workers elsewhere only the number is chosen here.
    private func crew(_ configuration: Configuration) -> Crew {
        var asked = spread.workers
        if listen != nil, case .auto = asked { asked = .range(WorkerRange(bounds: 2...2)) }
        return Crew(asked, threads: spread.threads, shards: configuration.shards)
    }

    /// Checks memory only for workers here: others have their hosts'.
    private func requireRoom(for configuration: Configuration, _ data: DataSet, _ crew: Crew, in folder: RunFolder) throws {
        let room = RunRoom(configuration: configuration, data: data)
        guard listen == nil else { return room.warnOfDisk(at: folder.path, taken: folder.storedBytes) }
        try room.require(
            workers: crew.workers.bounds.upperBound, threads: crew.threads,
            spread.exchange, at: folder.path,
            taken: folder.storedBytes)
    }
}
