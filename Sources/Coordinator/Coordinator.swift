import Autoencoder
import Collectives
import Control
import Files
import Foundation
import Glibc
import Kernels
import Logging
import Membership
import NIOCore
import NIOPosix
import Processes
import Runs
import Summation
import Synchronization
import Waiting
import Wire

/// A coordinator process: opens the run, waits for its workers, and leads them to the end.
public final class Coordinator: Sendable {
    let options: CoordinatorOptions
    let log: Logger
    private let progress: ProgressLine
    private let port: ControlPort
    private let shell = Mutex<CoordinatorShell?>(nil)
    private let stopEarly = Mutex<String?>(nil)

    /// - Parameter port: bound before the run's folder is touched.
    public init(options: CoordinatorOptions, port: ControlPort, log: Logger, progress: ProgressLine) {
        self.options = options
        self.port = port
        self.log = log
        self.progress = progress
    }

    /// Leads the run to its end. Blocks the calling thread.
    ///
    /// - Throws: what kept the run from beginning, in one sentence. What ends it later is in the outcome.
    public func run() throws -> RunOutcome {
        defer {
            shell.withLock { $0 }?.gate.close()
            port.group.shutDown(.atMost(.seconds(5)))
        }
        try options.folder.requireParts()
        let lock = try options.folder.lock()
        defer { lock.release() }
        var summation: SummationHost?
        let run = try PreparedRun(options: options) { [self] in
            if options.topology == .server, options.servers == 0 { summation = try server() }
        }
        for left in run.leftOut { log.warning("passed over a checkpoint: \(left)") }
        if let passedOver = run.passedOver { log.warning("\(passedOver)") }
        if run.plan.firstStep > 0, run.plan.firstStep < run.plan.lastStep {
            let further = options.supervised ? "" : ", or from where workers stand that still have the run's state"
            log.info("going on from the checkpoint after step \(run.plan.firstStep)\(further)")
        }
        if run.plan.firstStep >= run.plan.lastStep {
            if let reason = tellOwedFigures(run) { return .failed(reason: reason) }
            log.info(
                "the run has come to its end at step \(run.plan.firstStep); `lockstep resume \(run.plan.runName) --epochs N` moves the end"
            )
            if !options.supervised { try dismissOrphans(run) }
            return .finished(step: run.plan.firstStep)
        }
        if let idle = run.training.idleStep, idle < run.plan.lastStep {
            log.warning(
                "every learning rate is 0 from step \(idle) on (epoch \(run.training.epoch(ofStep: idle)) of \(run.training.epoch(ofStep: run.plan.lastStep - 1))): no step after it changes a weight; a cosine without \"to\" ends with the run, and \"after\" gives it a rate to go on with"
            )
        } else {
            for phase in run.training.phaseNames {
                guard let idle = run.training.idleStep(of: phase), idle < run.plan.lastStep else { continue }
                log.warning(
                    "the \(phase) phase has a learning rate of 0 from step \(idle) on, while others go on: what it trains changes by it no more; phases.\(phase).schedule.after gives it a rate to go on with"
                )
            }
        }
        for phase in run.training.phaseNames {
            guard let reached = run.training.unreachedRate(of: phase, before: run.plan.lastStep) else { continue }
            log.warning(
                "the \(phase) phase hardly learns: the run ends long before its warm_up does, with a learning rate of \(reached); give phases.\(phase).schedule.warm_up fewer epochs"
            )
        }
        return try lead(run, summation)
    }

    /// Tells the workers of a coordinator that died after the last checkpoint that the run is over; nobody else would.
    private func dismissOrphans(_ run: PreparedRun) throws {
        let recorder = RunRecorder()
        let desk = SnapshotDesk(
            store: run.store, settings: options.configuration.checkpoint, epochs: run.plan.epochs,
            outline: run.outline, identity: options.configuration.identityDigest, evaluation: EvaluationDesk(run: run),
            recorder: recorder, watch: nil,
            log: log)
        let feeder = BatchFeeder(run.images)
        let shell = CoordinatorShell(
            loop: port.group.next(), run: run, feeder: feeder, desk: desk, recorder: recorder, watch: nil, summation: nil,
            openServer: { throw CancellationError() }, remote: !HostPort.isLoopback(port.host), log: log,
            onEnd: { _ in })
        // Silently: the run is over, and nobody is to start a worker for it.
        try port.open(shell)
        self.shell.withLock { $0 = shell }
        // The state machine of a run that is over answers every worker alike.
        _ = Mailbox<Void>().take(.atMost(Self.orphansDial))
        port.close(.atMost(.seconds(1)))
    }

    /// A worker without its coordinator dials twice a second.
    private static let orphansDial: Duration = .milliseconds(1500)

    /// Ends the run at the next boundary, with a checkpoint.
    public func stop(_ reason: String) {
        stopEarly.withLock { $0 = reason }
        shell.withLock { $0 }?.onLoop { $0.handle(.stopRequested(reason: reason)) }
    }

    /// Shows on a pipe that the event loop turns, until the run has ended: so the parent process can tell an end that takes long from a
    /// standstill. The pipe's writing end must be non-blocking.
    public func beat(into descriptor: Int32) {
        port.group.next().scheduleRepeatedTask(initialDelay: .zero, delay: .nanoseconds(Pulse.interval.wholeNanoseconds)) { _ in
            _ = [UInt8(ascii: "\n")].withUnsafeBytes { Descriptor.write($0, to: descriptor, .atMost(.zero)) }
        }
    }

    /// No dead worker of this machine will be replaced any more.
    public func noReplacement(_ reason: String) {
        shell.withLock { $0 }?.onLoop { $0.handle(.noReplacement(reason: reason)) }
    }

    /// The operating system's word on how a worker process of this machine ended.
    public func childExited(pid: UInt32, _ end: ChildEnd) {
        shell.withLock { $0 }?.onLoop { $0.handle(.childExited(pid: pid, end)) }
    }

    /// The last line of the log of a worker process of this machine, which has ended.
    public func childSaid(pid: UInt32, words: String) {
        shell.withLock { $0 }?.onLoop { $0.handle(.childSaid(pid: pid, words: words)) }
    }

    private func open(_ shell: CoordinatorShell) throws {
        try port.open(shell)
        guard let place = port.place else { return }
        if place.isSurprise { log.warning("\(place.words)") } else { log.info("\(place.words)") }
    }

    /// The port of a summation server.
    private func server() throws -> SummationHost {
        try SummationHost(host: port.host, port: options.dataPort)
    }

    private func lead(_ run: PreparedRun, _ summation: SummationHost?) throws -> RunOutcome {
        defer { (shell.withLock { $0 }?.summation ?? summation)?.shutdown() }
        let outcomes = Mailbox<RunOutcome>()
        let recorder = RunRecorder()
        let evaluation = EvaluationDesk(run: run)
        let watch = FolderWatch(folder: options.folder, generation: run.generation, wayBack: wayBack(run), log: log) {
            [self] reason in
            self.shell.withLock { $0 }?.onLoop { $0.abandon(reason) }
        }
        defer { watch.close() }
        let desk = SnapshotDesk(
            store: run.store, settings: options.configuration.checkpoint, epochs: run.plan.epochs,
            outline: run.outline, identity: options.configuration.identityDigest, evaluation: evaluation, recorder: recorder,
            watch: watch, log: log)
        let feeder = BatchFeeder(run.images)
        let shell = CoordinatorShell(
            loop: port.group.next(), run: run, feeder: feeder, desk: desk, recorder: recorder, watch: watch, summation: summation,
            openServer: { [self] in try server() }, remote: !HostPort.isLoopback(port.host), log: log,
            onEnd: { outcomes.put($0) })
        self.shell.withLock { $0 = shell }
        let trouble: @Sendable (String) -> Void = { reason in shell.onLoop { $0.handle(.failed(reason: reason)) } }
        recorder.start(
            watch: watch,
            open: { [self] step in
                if let sentence = run.figuresLost(upTo: step).lostSentence { log.warning("\(sentence)") }
                return try records(run, at: step, epochsDone: run.plan.epochs.done(after: step))
            }, onTrouble: trouble)
        recorder.put(
            .event(
                run.plan.firstStep > 0 ? "resume" : "start",
                [
                    ("step", .unsigned(run.plan.firstStep)), ("generation", .unsigned(run.generation.number)),
                    ("time", .real(Date().timeIntervalSince1970)),
                ]))
        evaluation.start(recorder: recorder, watch: watch, log: log)
        giveOwedFigures(of: run, to: evaluation)
        desk.start { result in shell.onLoop { $0.snapshot(result) } }
        feeder.start(through: shell.gate)
        try open(shell)
        shell.start()
        watch.start()
        if let reason = stopEarly.withLock({ $0 }) { stop(reason) }
        guard let outcome = outcomes.take(.untilWoken(by: "the shell, whose machine ends the run or waits in named lines")) else {
            return .failed(reason: "the coordinator ended without a word; this is a defect")
        }
        port.close(.atMost(.seconds(5)))
        feeder.close()
        desk.close()
        evaluation.finish(wait: outcome.isCalm)
        if case .failed(let reason) = outcome {
            let cause: [(String, JSON)] = shell.isDivergence(reason) ? [("cause", "diverged")] : []
            recorder.put(.event("failure", [("reason", .string(reason))] + cause))
        }
        if !recorder.close() {
            log.error("the disk did not take the last records within 30 s: the end of metrics.jsonl and steps.log may be missing")
        }
        if case .finished = outcome, let reason = run.lastFiguresMissing { return .failed(reason: reason) }
        return outcome
    }

    /// What the user has to do after putting back a folder that was gone.
    func wayBack(_ run: PreparedRun) -> String {
        options.supervised
            ? "go on with `lockstep resume \(run.plan.runName)`"
            : "start this coordinator again with the same line, since the workers keep their state for \(DurationText.text(options.orphanTimeout))"
    }

    /// Opens the records where the run goes on: after `step` steps, with the lines of the first `epochsDone` epochs.
    func records(_ run: PreparedRun, at step: UInt64, epochsDone: UInt64) throws -> RunRecords {
        let notices = DiskNotices { [log] in log.warning("\($0)") }
        return RunRecords(
            name: options.folder.name, phases: run.training.phaseNames, training: run.training, lastStep: run.plan.lastStep,
            workersWanted: options.workers.upperBound,
            metrics: try MetricsWriter(
                path: options.folder.metricsPath, resumingAt: step, epochsDone: Int(epochsDone), notices: notices),
            steps: try StepsLog(path: options.folder.stepsLogPath, notices: notices),
            events: EventFileWriter(directory: options.folder.path, resumingAt: step, notices: notices),
            progress: progress)
    }
}

extension RunOutcome {
    /// It ended as it should, with everything on the disk.
    var isCalm: Bool {
        switch self {
        case .finished, .stopped: true
        case .failed: false
        }
    }
}
