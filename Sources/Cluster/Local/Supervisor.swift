import CProcess
import Foundation
import Glibc
import Runs
import Synchronization
import Waiting

/// `lockstep train`: one coordinator and N workers as child processes on this machine, over loopback TCP, through the
/// same code as on many hosts. It holds no part of the run itself.
///
/// It makes a token for the run, since the port stands in arguments that everybody on this machine may read; binds the
/// listening socket and hands both down, so that a coordinator that is started again keeps its port; passes
/// signals to the coordinator, tells it how a worker ended, replaces what dies, and leaves nothing running.
public final class Supervisor: Sendable {
    /// How long children may take to end by themselves once the coordinator has.
    static let grace: Duration = .seconds(3)
    /// How long the kernel may take over one that was killed: longer where its disk does not answer, and then it is left.
    static let afterKill: Duration = .seconds(5)
    /// Descriptor numbers in the children.
    public static let listenDescriptor: Int32 = 10
    public static let parentDescriptor: Int32 = 11

    /// What a supervisor starts.
    public struct Household: Sendable {
        /// Arguments of the coordinator child, but for what the supervisor adds.
        public var coordinator: [String]
        public var workers: Int
        /// Arguments of a worker child, but for the coordinator's address.
        public var worker: [String]
        /// Path of the n-th worker's log.
        public var workerLog: @Sendable (Int) -> String
        /// How often a child may be replaced that does not live for a minute.
        public var maximumRestarts: Int

        public init(
            coordinator: [String], workers: Int, worker: [String], maximumRestarts: Int,
            workerLog: @escaping @Sendable (Int) -> String
        ) {
            self.coordinator = coordinator
            self.workers = workers
            self.worker = worker
            self.maximumRestarts = maximumRestarts
            self.workerLog = workerLog
        }
    }

    private enum Place: Hashable {
        case coordinator
        case worker(Int)
    }

    private struct Family {
        var coordinator: Int32?
        var workers: [Int32: Int] = [:]
    }

    private let executable: String
    private let runName: String
    private let environment: [String: String]
    private let family = Mutex(Family())
    private let stopping = Atomic<Bool>(false)

    /// - Parameters:
    ///   - runName: what a person types to go on with the run.
    ///   - environment: of the children; it names the BLAS kernel.
    public init(executable: String = "/proc/self/exe", runName: String, environment: [String: String]) {
        self.executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: executable)) ?? executable
        self.runName = runName
        self.environment = environment
    }

    /// Runs to the end; the exit status is the coordinator's. On the main thread: children die with the thread that
    /// started them.
    ///
    /// - Throws: `LocalError` where a socket or a process cannot be had.
    public func run(_ household: Household) throws -> SupervisedEnding {
        let nest = try Nest()
        let signals = StopSignals { [self] name in
            stopping.store(true, ordering: .relaxed)
            if let pid = family.withLock({ $0.coordinator }) { kill(pid, name == "SIGINT" ? SIGINT : SIGTERM) }
        } onSecond: { [self] in
            killAll()
        }
        defer { signals.conclude() }
        try startCoordinator(household, nest)
        for index in 0..<household.workers { try startWorker(index, household, nest) }
        return try withExtendedLifetime(nest) { try keep(household, nest) }
    }

    private var tie: [String] { ["--parent-pid", "\(getpid())", "--parent-descriptor", "\(Self.parentDescriptor)"] }

    private func startCoordinator(_ household: Household, _ nest: Nest) throws {
        let child = try nest.token.withDescriptor { token in
            try ChildProcess(
                executable: executable,
                arguments: household.coordinator + tie + ["--listen-descriptor", "\(Self.listenDescriptor)"] + RunToken.arguments,
                environment: environment,
                descriptors: [
                    (nest.listening.descriptor, Self.listenDescriptor), (nest.notices.reading, Self.parentDescriptor),
                    (token, RunToken.descriptor),
                ])
        }
        family.withLock { $0.coordinator = child.pid }
    }

    private func startWorker(_ index: Int, _ household: Household, _ nest: Nest) throws {
        let log = try LogFile(path: household.workerLog(index))
        defer { log.close() }
        let child = try nest.token.withDescriptor { token in
            try ChildProcess(
                executable: executable,
                arguments: household.worker + ["--coordinator", "127.0.0.1:\(nest.listening.port)"] + tie + RunToken.arguments,
                environment: environment,
                descriptors: [
                    (nest.bond.reading, Self.parentDescriptor), (token, RunToken.descriptor), (log.descriptor, 1),
                    (log.descriptor, 2),
                ])
        }
        family.withLock { $0.workers[child.pid] = index }
    }

    /// Waits for the coordinator's end, and replaces whoever dies before.
    private func keep(_ household: Household, _ nest: Nest) throws -> SupervisedEnding {
        var peak = 0
        var replacements = Replacements<Place>(limit: household.maximumRestarts)
        while true {
            for place in replacements.due(at: MonotonicTime.now) {
                switch place {
                case .coordinator: try startCoordinator(household, nest)
                case .worker(let index): try startWorker(index, household, nest)
                }
            }
            let patience =
                replacements.next.map { Patience.atMost(max(.zero, $0 - MonotonicTime.now)) }
                ?? .untilWoken(by: "the kernel, when a child ends")
            guard let ended = Children.next(patience) else {
                // Nobody lives at this moment, or a replacement is due.
                if let next = replacements.next { Pause.wait(for: max(.zero, next - MonotonicTime.now)) } else { break }
                continue
            }
            peak = max(peak, ended.peakResidentBytes)
            let ending = ChildProcess.Ending(waitStatus: ended.status)
            if family.withLock({ $0.coordinator }) == ended.pid {
                family.withLock { $0.coordinator = nil }
                guard case .killed = ending, !stopping.load(ordering: .relaxed),
                    replacements.schedule(.coordinator, after: ending, at: MonotonicTime.now)
                else { return SupervisedEnding(status: status(ended.pid, ending), workerPeakResidentBytes: max(peak, reap())) }
                say("the coordinator (pid \(ended.pid)) was \(ending); it is started again, the workers keep their state")
            } else if let index = family.withLock({ $0.workers.removeValue(forKey: ended.pid) }) {
                nest.notices.write("\(ended.pid) \(ending)\n")
                guard ending.isAccident else {
                    if replacements.next == nil, family.withLock({ $0.workers.isEmpty }) {
                        nest.notices.write("! every worker has left the run; `lockstep resume \(runName)` goes on with new ones\n")
                    }
                    continue
                }
                if !replacements.schedule(.worker(index), after: ending, at: MonotonicTime.now) {
                    nest.notices.write(
                        "! worker \(index) (its log: worker-\(index).log) died \(household.maximumRestarts + 1) times within a minute of its start, the last time by \(ending): it is not replaced any more (--max-restarts)\n"
                    )
                }
            }
        }
        return SupervisedEnding(status: 1, workerPeakResidentBytes: peak)
    }

    private func say(_ text: String) { LossyOutput(descriptor: STDERR_FILENO).write("lockstep: \(text)\n") }

    private func status(_ pid: Int32, _ ending: ChildProcess.Ending) -> Int32 {
        switch ending {
        case .exited(let status): return status
        case .killed:
            say(
                "the coordinator (pid \(pid)) was \(ending); the newest checkpoint is whole, `lockstep resume \(runName)` goes on from it"
            )
            return 1
        }
    }

    /// Workers end when they hear the coordinator's word or lose it, and one that still dials by the signal; those that do
    /// not are ended. Returns their largest resident set.
    private func reap() -> Int {
        for pid in family.withLock({ $0.workers.keys }) { kill(pid, SIGTERM) }
        let peak = collect(until: Deadline(after: Self.grace))
        killAll()
        return max(peak, collect(until: Deadline(after: Self.afterKill)))
    }

    /// Waits for the workers that are left. Returns their largest resident set.
    private func collect(until deadline: Deadline) -> Int {
        var peak = 0
        while !family.withLock({ $0.workers.isEmpty }), let ended = Children.next(.until(deadline)) {
            peak = max(peak, ended.peakResidentBytes)
            _ = family.withLock { $0.workers.removeValue(forKey: ended.pid) }
        }
        return peak
    }

    private func killAll() {
        let (lead, workers) = family.withLock { ($0.coordinator, $0.workers) }
        for pid in workers.keys { kill(pid, SIGKILL) }
        if let lead { kill(lead, SIGKILL) }
    }
}

/// What all children of a supervisor share.
private final class Nest {
    let token: SealedMemory
    let listening: LoopbackSocket
    /// The coordinator hears on it how workers end.
    let notices: Pipe
    /// The workers' own only ever ends.
    let bond: Pipe

    init() throws {
        token = try SealedMemory(RunToken().line)
        listening = try LoopbackSocket()
        notices = try Pipe()
        bond = try Pipe()
    }
}

/// How a supervised run ended.
public struct SupervisedEnding: Sendable {
    public let status: Int32
    /// The largest resident set any worker has had, in bytes.
    public let workerPeakResidentBytes: Int
}

/// A listening TCP socket on 127.0.0.1 with a port of the system's choice, to be handed to a child.
struct LoopbackSocket {
    let descriptor: Int32
    let port: Int

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw LocalError("cannot make a socket: \(String(cString: strerror(errno)))") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(descriptor, address, length) == 0, listen(descriptor, 128) == 0 else { return Int32(-1) }
                return getsockname(descriptor, address, &length)
            }
        }
        guard status == 0 else { throw LocalError("cannot listen on 127.0.0.1: \(String(cString: strerror(errno)))") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func close() { Glibc.close(descriptor) }
}

/// The pipe whose end of file means "parent gone", and on which the parent writes how its other children ended.
struct Pipe {
    let reading: Int32
    let writing: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        // Both ends stay out of children but for the copy `ChildProcess` hands down, whichever thread spawns.
        guard cprocess_pipe(&ends) == 0 else {
            throw LocalError("cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        (reading, writing) = (ends[0], ends[1])
        _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    }

    /// Never waits: where the reader has been stopped for thousands of lines, the line is lost.
    func write(_ line: String) { _ = line.withCString { Glibc.write(writing, $0, strlen($0)) } }

    /// Closes both ends here.
    func close() {
        Glibc.close(reading)
        Glibc.close(writing)
    }
}

/// A file that takes a child's output, appended to: its owner's alone, and never what a link leads to that somebody put in its place.
struct LogFile {
    let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, Disk.fileMode)
        guard descriptor >= 0 else { throw DiskError(operation: "open", path: path, code: errno) }
    }

    func close() { Glibc.close(descriptor) }
}
