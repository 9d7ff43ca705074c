import CProcess
import Files
import Glibc
import Membership
import Runs
import Synchronization
import Waiting

/// `lockstep train`: one coordinator and N workers as child processes on this machine, over loopback TCP, through the
/// same code as on many hosts. It holds no part of the run itself.
///
/// It makes a token for the run, since everybody on this machine may read the port in the arguments. It binds the
/// listening socket and hands both down, so that a coordinator that is started again keeps its port. It passes
/// the first signal to the coordinator, tells it how a worker ended, replaces what dies, and leaves nothing running.
public final class Supervisor: Sendable {
    /// How long children may take to end by themselves once the coordinator has.
    static let grace: Duration = .seconds(3)
    /// How long the kernel may take to end a killed child. Where a disk does not answer it takes longer, and then the child is left behind.
    static let afterKill: Duration = .seconds(5)
    /// Descriptor numbers in the children.
    public static let listenDescriptor: Int32 = 10
    public static let parentDescriptor: Int32 = 11

    /// What a supervisor starts.
    public struct ChildPlan: Sendable {
        /// Arguments of the coordinator child, without those that the supervisor adds.
        public var coordinator: [String]
        public var workers: Int
        /// Arguments of the n-th worker child, without the coordinator's address.
        public var worker: @Sendable (Int) -> [String]
        /// Summation servers in processes of their own.
        public var servers: Int
        /// How often a child that does not live for a minute may be replaced.
        public var maximumRestarts: Int

        public init(
            coordinator: [String], workers: Int, worker: @escaping @Sendable (Int) -> [String], servers: Int = 0,
            maximumRestarts: Int
        ) {
            self.coordinator = coordinator
            self.workers = workers
            self.worker = worker
            self.servers = servers
            self.maximumRestarts = maximumRestarts
        }
    }

    private enum Place: Hashable, CustomStringConvertible {
        case coordinator
        case worker(Int)
        case server(Int)

        var description: String {
            switch self {
            case .coordinator: "the coordinator"
            case .worker(let index): "worker \(index)"
            case .server(let index): "summation server \(index)"
            }
        }
    }

    /// A worker or a summation server that runs.
    private struct Child {
        var place: Place
        /// Nil where there is no log.
        var log: ChildLog?
    }

    private struct Living {
        var coordinator: Int32?
        var workers: [Int32: Child] = [:]
        /// The signal that is to end the run, once it has come.
        var stop: Int32?
        /// The user was told that a log could not be opened.
        var hasMissedLog = false
    }

    private let executable = Executable.path
    private let folder: RunFolder
    private let runName: String
    private let resumeHint: ResumeHint
    private let environment: [String: String]
    private let living = Mutex(Living())

    /// - Parameters:
    ///   - environment: of the children; it names the BLAS kernel.
    public init(folder: RunFolder, environment: [String: String]) {
        self.folder = folder
        runName = folder.typedName
        resumeHint = ResumeHint(folder: folder, way: "`lockstep resume \(folder.typedName)`")
        self.environment = environment
    }

    /// Runs to the end; the exit status is the coordinator's. Call it on the main thread: children die with the thread that
    /// started them.
    ///
    /// - Throws: `LocalError` where the system gives no socket or process.
    public func run(_ plan: ChildPlan) throws -> SupervisedEnding {
        let shared = try SharedHandles()
        let keeper = CoordinatorKeeper(pulse: shared.pulse) { [self] in
            say($0)
        } onLeave: { [self] in
            // The coordinator hangs in the kernel, even though it was killed.
            guard let pid = living.withLock({ $0.coordinator }) else { return }
            _exit(status(pid, .killed(signal: SIGKILL), CoordinatorKeeper.wordsOnLeaving))
        }
        let suspension = StopSignals.Suspension { [self] in
            signalAll(SIGSTOP)
        } goesOn: { [self] in
            signalAll(SIGCONT)
        }
        let signals = try StopSignals(suspension: suspension) { [self] signal in
            keeper.askedToStop()
            passOn(signal.rawValue)
        } onSecond: { [self] in
            killAll()
        }
        defer {
            keeper.close()
            // After an error, children may still run.
            killAll()
            signals.conclude()
        }
        try startCoordinator(plan, shared, keeper)
        return withExtendedLifetime(shared) { keep(plan, shared, keeper) }
    }

    /// A coordinator that is about to be started gets the signal as soon as it runs. It never gets it twice, since that would end it at once.
    private func passOn(_ signal: Int32) {
        let pid = living.withLock { living in
            living.stop = signal
            return living.coordinator
        }
        if let pid { kill(pid, signal) }
    }

    private var tie: [String] { ["--parent-pid", "\(getpid())", "--parent-descriptor", "\(Self.parentDescriptor)"] }

    private func startCoordinator(_ plan: ChildPlan, _ shared: SharedHandles, _ keeper: CoordinatorKeeper) throws {
        let child = try shared.token.withDescriptor { token in
            try ChildProcess(
                executable: executable,
                arguments: plan.coordinator + tie + ["--listen-descriptor", "\(Self.listenDescriptor)"] + RunToken.arguments
                    + Pulse.arguments,
                environment: environment,
                descriptors: [
                    (shared.listening.descriptor, Self.listenDescriptor), (shared.notices.reading, Self.parentDescriptor),
                    (token, RunToken.descriptor), (shared.pulse.writing, Pulse.descriptor),
                ], holdsStopSignals: true)
        }
        keeper.started(child.pid)
        let stop = living.withLock { living in
            living.coordinator = child.pid
            return living.stop
        }
        if let stop { child.send(signal: stop) }
    }

    private func startMember(
        _ place: Place, number index: Int, _ arguments: [String], logPath: String, _ shared: SharedHandles
    ) throws {
        let log = log(at: logPath)
        defer { log?.close() }
        let output = log?.descriptor ?? STDERR_FILENO
        let tail = log.map { ChildLog(path: logPath, descriptor: $0.descriptor) }
        let child = try shared.token.withDescriptor { token in
            try ChildProcess(
                executable: executable,
                arguments: arguments
                    + ["--coordinator", "127.0.0.1:\(shared.listening.port)", "--number", "\(index)"] + tie + RunToken.arguments,
                environment: environment,
                descriptors: [
                    (shared.bond.reading, Self.parentDescriptor), (token, RunToken.descriptor), (output, 1), (output, 2),
                ], holdsStopSignals: true)
        }
        living.withLock { $0.workers[child.pid] = Child(place: place, log: tail) }
    }

    /// A child's log. Nil where it cannot be opened, which ends no run: the child then writes to the terminal.
    private func log(at path: String) -> LogFile? {
        do {
            return try LogFile(path: path)
        } catch {
            let isFirst = living.withLock { living in
                defer { living.hasMissedLog = true }
                return !living.hasMissedLog
            }
            let problem = (error as? DiskError)?.problem ?? "\(error)"
            if isFirst { say("warning: \(problem); what workers without a log say comes here, and the run goes on") }
            return nil
        }
    }

    /// Starts the workers, waits for the coordinator's end, and replaces children that die before.
    private func keep(_ plan: ChildPlan, _ shared: SharedHandles, _ keeper: CoordinatorKeeper) -> SupervisedEnding {
        var peak = 0
        var kills = KillWatch()
        var replacements = Replacements<Place>(limit: plan.maximumRestarts)
        var due = (0..<plan.servers).map { Place.server($0) } + (0..<plan.workers).map { Place.worker($0) }
        while true {
            for place in due + replacements.due(at: MonotonicTime.now) {
                guard start(place, plan, shared, keeper, &replacements) else {
                    return SupervisedEnding(status: 1, workerPeakResidentBytes: max(peak, reap()))
                }
            }
            due = []
            let patience =
                replacements.next.map { Patience.atMost(max(.zero, $0 - MonotonicTime.now)) }
                ?? .untilWoken(by: "the kernel, when a child ends")
            guard let ended = Children.next(patience) else {
                // No child runs at the moment, or a replacement is due.
                if let next = replacements.next { Pause.wait(for: max(.zero, next - MonotonicTime.now)) } else { break }
                continue
            }
            peak = max(peak, ended.peakResidentBytes)
            let ending = ChildProcess.Ending(waitStatus: ended.status)
            let words = kills.words(on: ending)
            if let child = living.withLock({ $0.workers.removeValue(forKey: ended.pid) }) {
                lost(child, ended.pid, ending, words, shared, &replacements)
            } else if let status = lostCoordinator(ended.pid, ending, words, keeper, &replacements) {
                return SupervisedEnding(status: status, workerPeakResidentBytes: max(peak, reap()))
            }
        }
        return SupervisedEnding(status: 1, workerPeakResidentBytes: peak)
    }

    /// The exit status that follows from the coordinator's end; nil where it is started again, or where another process has ended.
    private func lostCoordinator(
        _ pid: Int32, _ ending: ChildProcess.Ending, _ words: String, _ keeper: CoordinatorKeeper,
        _ replacements: inout Replacements<Place>
    ) -> Int32? {
        let isStopping: Bool? = living.withLock { living in
            guard living.coordinator == pid else { return nil }
            living.coordinator = nil
            return living.stop != nil
        }
        guard let isStopping else { return nil }
        keeper.ended()
        guard case .killed = ending, !isStopping, replacements.schedule(.coordinator, after: ending, at: MonotonicTime.now) else {
            return status(pid, ending, keeper.words(on: words))
        }
        say("the coordinator (pid \(pid)) was \(words); it is started again, the workers keep their state")
        return nil
    }

    private func lost(
        _ child: Child, _ pid: Int32, _ ending: ChildProcess.Ending, _ words: String, _ shared: SharedHandles,
        _ replacements: inout Replacements<Place>
    ) {
        let last = ending.isAccident ? child.log?.lastLine : nil
        if case .server = child.place { return lostServer(child.place, ending, words, last, &replacements) }
        if let last { shared.notices.write("> \(pid) \(last)\n") }
        shared.notices.write("\(pid) \(ChildEnd(ending.kind, words: words).line)\n")
        guard ending.isAccident else {
            if replacements.next == nil,
                living.withLock({ !$0.workers.values.contains { if case .worker = $0.place { true } else { false } } })
            {
                shared.notices.write("! every worker has left the run; `lockstep resume \(runName)` goes on with new ones\n")
            }
            return
        }
        guard case .worker(let index) = child.place else { return }
        if !replacements.schedule(child.place, after: ending, at: MonotonicTime.now) {
            let log = last.map { "; its log ends with: \($0)" } ?? ""
            shared.notices.write(
                "! worker \(index) (its log: worker-\(index).log) died \(replacements.limit + 1) times within a minute of its start, the last time by \(words): it is not replaced any more (--max-restarts)\(log)\n"
            )
        }
    }

    /// The coordinator learns of it from the connection's end. The run goes on without the server, and with another as soon as that runs.
    private func lostServer(
        _ place: Place, _ ending: ChildProcess.Ending, _ words: String, _ last: String?, _ replacements: inout Replacements<Place>
    ) {
        // Coordinator and server may have been killed together: then both come back.
        let (isStopping, hasCoordinator) = living.withLock { ($0.stop != nil, $0.coordinator != nil) }
        guard ending.isAccident, !isStopping, hasCoordinator || replacements.isAwaited(.coordinator) else { return }
        if replacements.schedule(place, after: ending, at: MonotonicTime.now) { return }
        let log = last.map { "; its log ends with: \($0)" } ?? ""
        say(
            "\(place) died \(replacements.limit + 1) times within a minute of its start, the last time by \(words): it is not replaced any more (--max-restarts), and the run goes on without it\(log)"
        )
    }

    /// Starts a child. Where the system gives no process, the start is tried again like the replacement of a child that dies young. False where
    /// the child is the coordinator and is not tried again.
    private func start(
        _ place: Place, _ plan: ChildPlan, _ shared: SharedHandles, _ keeper: CoordinatorKeeper,
        _ replacements: inout Replacements<Place>
    ) -> Bool {
        do {
            switch place {
            case .coordinator: try startCoordinator(plan, shared, keeper)
            case .worker(let index):
                try startMember(place, number: index, plan.worker(index), logPath: folder.workerLogPath(index), shared)
            case .server(let index):
                try startMember(place, number: index, ["server"], logPath: folder.serverLogPath(index), shared)
            }
            return true
        } catch {
            let isOver = place == .coordinator && living.withLock { $0.stop != nil }
            if !isOver, replacements.schedule(place, after: .exited(1), at: MonotonicTime.now) {
                say("\(place) cannot be started: \(error); it is tried again")
                return true
            }
            switch place {
            case .coordinator:
                say("\(place) cannot be started: \(error); \(resumeHint.sentence)")
                return false
            case .worker:
                shared.notices.write("! \(place) cannot be started: \(error); it is not tried any more (--max-restarts)\n")
            case .server: say("\(place) cannot be started: \(error); the run goes on without it")
            }
            return true
        }
    }

    private func say(_ text: String) { LossyOutput(descriptor: STDERR_FILENO).write("lockstep: \(text)\n") }

    /// The exit status that follows from the coordinator's. `words` say how the coordinator ended where it could not say so itself.
    private func status(_ pid: Int32, _ ending: ChildProcess.Ending, _ words: String) -> Int32 {
        switch ending {
        case .exited(let status): return status
        case .killed:
            say("the coordinator (pid \(pid)) \(words); \(resumeHint.sentence)")
            return 1
        }
    }

    /// Workers end when the coordinator tells them to or is gone, and a worker that still dials ends by the signal. Those that do
    /// not end are killed. Returns their largest resident set.
    private func reap() -> Int {
        for pid in living.withLock({ $0.workers.keys }) { kill(pid, SIGTERM) }
        let peak = collect(until: Deadline(after: Self.grace))
        killAll()
        return max(peak, collect(until: Deadline(after: Self.afterKill)))
    }

    /// Waits for the workers that are left. Returns their largest resident set.
    private func collect(until deadline: Deadline) -> Int {
        var peak = 0
        while !living.withLock({ $0.workers.isEmpty }), let ended = Children.next(.until(deadline)) {
            peak = max(peak, ended.peakResidentBytes)
            _ = living.withLock { $0.workers.removeValue(forKey: ended.pid) }
        }
        return peak
    }

    private func killAll() { signalAll(SIGKILL) }

    private func signalAll(_ signal: Int32) {
        let (lead, workers) = living.withLock { ($0.coordinator, $0.workers) }
        for pid in workers.keys { kill(pid, signal) }
        if let lead { kill(lead, signal) }
    }
}

/// What all children of a supervisor share.
private final class SharedHandles {
    let token: SealedMemory
    let listening: LoopbackSocket
    /// Tells the coordinator how workers end.
    let notices: LinePipe
    /// For the workers: only its end counts.
    let bond: LinePipe
    let pulse: Pulse

    init() throws {
        token = try SealedMemory(RunToken().line)
        listening = try LoopbackSocket()
        notices = try LinePipe()
        bond = try LinePipe()
        pulse = try Pulse()
    }
}

/// How a supervised run ended.
public struct SupervisedEnding: Sendable {
    public let status: Int32
    /// The largest resident set any worker has had, in bytes.
    public let workerPeakResidentBytes: Int
}
