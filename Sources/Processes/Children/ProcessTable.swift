import Files
import Foundation

/// What `/proc` says of processes that others have started.
package enum ProcessTable {
    /// The children of a process that it has not yet waited for.
    package static func children(of pid: Int32) -> [Int32] {
        SystemText.text("/proc/\(pid)/task/\(pid)/children").split(separator: " ").compactMap { Int32($0) }
    }

    /// The command line, word by word; empty for a process that has ended.
    package static func words(of pid: Int32) -> [String] {
        SystemText.text("/proc/\(pid)/cmdline").split(separator: "\0").map(String.init)
    }

    /// Whether the process runs or could run: it exists and is not a zombie.
    package static func lives(_ pid: Int32) -> Bool {
        guard let letter = state("/proc/\(pid)") else { return false }
        return letter != "Z" && letter != "X"
    }

    /// Whether a signal or a debugger has stopped it.
    static func isStopped(_ pid: Int32) -> Bool { ["T", "t"].contains(state("/proc/\(pid)")) }

    /// Whether one of its threads is in an uninterruptible wait in the kernel: for a disk, as a rule.
    static func hasUninterruptibleThread(_ pid: Int32) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return threads.contains { state("/proc/\(pid)/task/\($0)") == "D" }
    }

    /// What a process uses at one moment.
    package struct Usage: Sendable {
        /// Resident set, in bytes, now and at most.
        package var resident: Int
        package var peak: Int
        package var threads: Int
        package var descriptors: Int
    }

    package static func usage(of pid: Int32) -> Usage? {
        let status = SystemText.text("/proc/\(pid)/status")
        guard let resident = SystemText.bytes(of: "VmRSS", in: status), let peak = SystemText.bytes(of: "VmHWM", in: status),
            let threads = SystemText.value(of: "Threads", in: status).flatMap({ Int($0) }),
            let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
        else { return nil }
        return Usage(resident: Int(resident), peak: Int(peak), threads: threads, descriptors: open.count)
    }

    /// The letter of a state, as in "R (running)", of the process or thread with that folder.
    private static func state(_ folder: String) -> Character? {
        SystemText.value(of: "State", in: SystemText.text(folder + "/status"))?.first
    }
}
