import Foundation
import Glibc
import Waiting

/// What `/proc` says of processes that others have started.
package enum ProcessTable {
    /// The children of a process that it has not yet waited for.
    package static func children(of pid: Int32) -> [Int32] {
        text("/proc/\(pid)/task/\(pid)/children").split(separator: " ").compactMap { Int32($0) }
    }

    /// The command line, word by word; empty for a process that has ended.
    package static func words(of pid: Int32) -> [String] {
        text("/proc/\(pid)/cmdline").split(separator: "\0").map(String.init)
    }

    /// Whether the process runs or could run: it exists and is not a zombie.
    package static func lives(_ pid: Int32) -> Bool {
        guard let state = status(of: pid)["State"]?.first else { return false }
        return state != "Z" && state != "X"
    }

    /// Whether a signal or a debugger has stopped it.
    static func isStopped(_ pid: Int32) -> Bool { ["T", "t"].contains(status(of: pid)["State"]?.first) }

    /// Whether one of its threads is in an uninterruptible wait in the kernel: for a disk, as a rule.
    static func hasUninterruptibleThread(_ pid: Int32) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return threads.contains { text("/proc/\(pid)/task/\($0)/status").contains("\nState:\tD") }
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
        let status = status(of: pid)
        func bytes(_ key: String) -> Int? {
            status[key].flatMap { $0.split(separator: " ").first }.flatMap { Int($0) }.map { $0 * 1024 }
        }
        guard let resident = bytes("VmRSS"), let peak = bytes("VmHWM"), let threads = status["Threads"].flatMap({ Int($0) }),
            let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
        else { return nil }
        return Usage(resident: resident, peak: peak, threads: threads, descriptors: open.count)
    }

    private static func status(of pid: Int32) -> [String: String] {
        var values: [String: String] = [:]
        for line in text("/proc/\(pid)/status").split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return values
    }

    /// A whole file, read to its end: files of `/proc` have no size, and reads of them may be short. Empty where the file is
    /// missing, as for a process that ends meanwhile.
    package static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while let count = piece.withUnsafeMutableBytes({ Descriptor.read(descriptor, into: $0, .atMost(.seconds(1))) }), count > 0 {
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
