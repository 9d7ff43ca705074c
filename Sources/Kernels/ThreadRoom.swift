import Files
import Glibc
import Waiting

/// Whether this process, and those that it is about to start, may have the threads that they need.
///
/// A process that cannot get a thread ends with a message, in the middle of its work. So check here before a run begins.
public struct ThreadRoom: Sendable, Equatable {
    /// "pids.max", of a control group, or "RLIMIT_NPROC".
    public let name: String
    /// What sets it, as in "ulimit -u".
    public let option: String
    public let limit: UInt64
    /// Threads that count against it already.
    public let taken: UInt64

    public init(name: String, option: String, limit: UInt64, taken: UInt64) {
        self.name = name
        self.option = option
        self.limit = limit
        self.taken = taken
    }

    /// How many threads may still be started.
    public var left: UInt64 { limit > taken ? limit - taken : 0 }

    /// "pids.max, a limit on threads, is 30 (docker --pids-limit), and 12 of them are taken".
    public var words: String { "\(name), a limit on threads, is \(limit) (\(option)), and \(taken) of them are taken" }

    /// The limits that there are, as they are now.
    ///
    /// - Parameters:
    ///   - root: a prefix to `/proc` and `/sys`; tests give a tree of their own.
    ///   - perUser: RLIMIT_NPROC.
    public static func look(root: String = "", perUser: UInt64? = ThreadLimit.present, user: uid_t = getuid()) -> [ThreadRoom] {
        var limits: [ThreadRoom] = []
        if let group = MachineLimits.threads(root: root) {
            limits.append(
                ThreadRoom(name: "pids.max", option: "docker --pids-limit", limit: group.limit, taken: group.taken))
        }
        // The kernel does not apply it to the administrator.
        if let perUser, user != 0 {
            let taken = UserThreads(root: root).count(of: user, below: perUser)
            limits.append(ThreadRoom(name: "RLIMIT_NPROC", option: "ulimit -u", limit: perUser, taken: taken))
        }
        return limits
    }

    /// - Parameters:
    ///   - threads: that are to be started, of all processes.
    ///   - purpose: what they are for, as in "training with 2 workers".
    /// - Throws: `ThreadShortage` where a limit leaves fewer.
    public static func require(_ threads: Int, for purpose: String, limits: [ThreadRoom] = look()) throws {
        guard let tightest = limits.min(by: { $0.left < $1.left }), tightest.left < UInt64(max(0, threads)) else { return }
        throw ThreadShortage(purpose: purpose, needed: threads, limit: tightest)
    }
}

/// A limit on threads leaves too few for what is to begin.
public struct ThreadShortage: Error, CustomStringConvertible, Sendable, Equatable {
    /// What they are for, as in "training with 2 workers".
    public let purpose: String
    public let needed: Int
    public let limit: ThreadRoom

    public init(purpose: String, needed: Int, limit: ThreadRoom) {
        self.purpose = purpose
        self.needed = needed
        self.limit = limit
    }

    public var description: String {
        "\(purpose) takes about \(needed) threads more, and cannot have them: \(limit.words); raise it, or use fewer workers or --threads"
    }
}

/// The threads of a user, as `/proc` shows them.
private struct UserThreads {
    let root: String

    /// The number of a user's threads. Where even all threads of the machine leave room for a run, it is their number, since one file gives that.
    func count(of user: uid_t, below limit: UInt64) -> UInt64 {
        let load = SystemText.fields(SystemText.text(root + "/proc/loadavg"))
        let all = load.dropFirst(3).first.flatMap { UInt64($0.split(separator: "/").last ?? "") }
        if let all, all + Self.plenty < limit { return all }
        guard let folder = opendir(root + "/proc") else { return 0 }
        defer { closedir(folder) }
        var count: UInt64 = 0
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            guard let pid = Int32(name) else { continue }
            count += threads(pid, of: user)
        }
        return count
    }

    /// More threads than a run of a hundred workers has.
    private static let plenty: UInt64 = 4_096

    private func threads(_ pid: Int32, of user: uid_t) -> UInt64 {
        let status = SystemText.text(root + "/proc/\(pid)/status")
        func first(_ name: String) -> Substring? { SystemText.value(of: name, in: status).flatMap { SystemText.fields($0).first } }
        guard first("Uid").flatMap({ uid_t($0) }) == user else { return 0 }
        return first("Threads").flatMap { UInt64($0) } ?? 0
    }
}
