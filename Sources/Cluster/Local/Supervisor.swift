import Dispatch
import Foundation
import Glibc
import Synchronization

/// `lockstep train`: one coordinator and N workers as child processes on this machine, over loopback TCP, through the
/// same code as on many hosts. It holds no part of the run itself.
///
/// It binds the listening socket and hands it down, passes signals to the coordinator, tells the coordinator how a worker
/// ended, and leaves nothing running.
public final class Supervisor: Sendable {
    /// How long children may take to end by themselves once the coordinator has.
    static let grace: Duration = .seconds(3)
    /// Descriptor numbers in the children.
    public static let listenDescriptor: Int32 = 10
    public static let parentDescriptor: Int32 = 11

    private struct Family {
        var coordinator: ChildProcess?
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

    /// Runs to the end; the exit status is the coordinator's.
    ///
    /// - Parameters:
    ///   - coordinator: arguments of the coordinator child, but for what the supervisor adds.
    ///   - worker: arguments of the n-th worker child, but for the coordinator's address.
    ///   - workerLog: path of the n-th worker's log.
    /// - Throws: `LocalError` where a socket or a process cannot be had.
    public func run(
        coordinator: [String], workers: Int, worker: (Int) -> [String], workerLog: (Int) -> String
    ) throws -> SupervisedEnding {
        let listening = try LoopbackSocket()
        // The coordinator hears on its pipe how workers end; the workers' own only ever ends.
        let notices = try Pipe()
        let bond = try Pipe()
        let quiet = StopSignals { [self] name in
            stopping.store(true, ordering: .relaxed)
            family.withLock { $0.coordinator }?.send(signal: name == "SIGINT" ? SIGINT : SIGTERM)
        } onSecond: { [self] in
            killAll()
        }
        defer { withExtendedLifetime(quiet) {} }
        let tie = ["--parent-pid", "\(getpid())", "--parent-descriptor", "\(Self.parentDescriptor)"]
        let lead = try ChildProcess(
            executable: executable,
            arguments: coordinator + tie + ["--listen-descriptor", "\(Self.listenDescriptor)"], environment: environment,
            descriptors: [(listening.descriptor, Self.listenDescriptor), (notices.reading, Self.parentDescriptor)])
        family.withLock { $0.coordinator = lead }
        listening.close()
        for index in 0..<workers {
            let log = try LogFile(path: workerLog(index))
            let child = try ChildProcess(
                executable: executable,
                arguments: worker(index) + ["--coordinator", "127.0.0.1:\(listening.port)"] + tie, environment: environment,
                descriptors: [(bond.reading, Self.parentDescriptor), (log.descriptor, 1), (log.descriptor, 2)])
            log.close()
            family.withLock { $0.workers[child.pid] = index }
        }
        return withExtendedLifetime(bond) { wait(for: lead, notices: notices) }
    }

    private func wait(for lead: ChildProcess, notices: Pipe) -> SupervisedEnding {
        var peak = 0
        while let ended = ChildProcess.waitForAny() {
            if ended.pid == lead.pid {
                family.withLock { $0.coordinator = nil }
                peak = max(peak, reap())
                return SupervisedEnding(status: status(of: lead, ended.ending), workerPeakResidentBytes: peak)
            }
            guard family.withLock({ $0.workers.removeValue(forKey: ended.pid) }) != nil else { continue }
            peak = max(peak, ended.peakResidentBytes)
            notices.write("\(ended.pid) \(ended.ending)\n")
        }
        return SupervisedEnding(status: 1, workerPeakResidentBytes: peak)
    }

    private func status(of lead: ChildProcess, _ ending: ChildProcess.Ending) -> Int32 {
        switch ending {
        case .exited(let status): return status
        case .killed:
            FileHandle.standardError.write(
                Data(
                    "lockstep: the coordinator (pid \(lead.pid)) was \(ending); the newest checkpoint is whole, `lockstep resume \(runName)` goes on from it\n"
                        .utf8))
            return 1
        }
    }

    /// Workers end when they hear the coordinator's word or lose it, and one that still dials by the signal; those that do
    /// not are ended. Returns their largest resident set.
    private func reap() -> Int {
        for pid in family.withLock({ $0.workers.keys }) { kill(pid, SIGTERM) }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.grace.seconds) { [self] in killAll() }
        var peak = 0
        while !family.withLock({ $0.workers.isEmpty }), let ended = ChildProcess.waitForAny() {
            peak = max(peak, ended.peakResidentBytes)
            _ = family.withLock { $0.workers.removeValue(forKey: ended.pid) }
        }
        return peak
    }

    private func killAll() {
        let (lead, workers) = family.withLock { ($0.coordinator, $0.workers) }
        for pid in workers.keys { kill(pid, SIGKILL) }
        if let lead { kill(lead.pid, SIGKILL) }
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
        // Both ends stay out of children but for the copy `ChildProcess` hands down; this thread alone spawns.
        guard pipe(&ends) == 0, fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0, fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0 else {
            throw LocalError("cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        (reading, writing) = (ends[0], ends[1])
    }

    /// Never blocks for long: lines are short and the reader is a thread of the coordinator.
    func write(_ line: String) { _ = line.withCString { Glibc.write(writing, $0, strlen($0)) } }
}

/// A file that takes a child's output, appended to.
struct LogFile {
    let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LocalError("cannot write \(path): \(String(cString: strerror(errno)))") }
    }

    func close() { Glibc.close(descriptor) }
}
