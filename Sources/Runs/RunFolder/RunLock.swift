import Files
import Foundation
import Synchronization
import Waiting

/// Another process holds the run.
public struct RunLocked: Error, CustomStringConvertible, Sendable, Equatable {
    public let path: String
    /// What the holder wrote about itself: "process 123 on host a since 2026-01-02T03:04:05Z".
    public let holder: String

    public var description: String {
        "The run \(path) is in use by \(holder); stop that process, or wait until it is done."
    }
}

/// Holds a run for one coordinator, until released or until the process ends, however it ends.
public final class RunLock: Sendable {
    private let descriptor: Mutex<Int32>

    fileprivate init(descriptor: Int32) {
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Lets the run go; a second call does nothing.
    public func release() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }
}

extension RunFolder {
    /// Most bytes that are read of what a lock's holder wrote.
    private static let holderBytes = 4_096
    /// How often the file may turn out to be replaced once it is locked; more is no accident.
    private static let maximumReplacements = 10

    /// Takes the run for this process (`flock` on the file `lock`, which the kernel drops when the process dies).
    ///
    /// - Parameters:
    ///   - patience: how long to wait for a holder that is dying: one that was killed a moment ago holds the lock until the kernel
    ///     has taken it apart. One that lives on is not waited for.
    ///   - named: whether to write this process into the file as the holder; not for who only looks whether the run is free.
    /// - Throws: `RunLocked`.
    public func lock(within patience: Duration = .seconds(3), named: Bool = true) throws -> RunLock {
        let deadline = Deadline(after: patience)
        for _ in 0..<Self.maximumReplacements {
            let descriptor = try lockedDescriptor(until: deadline)
            // A lock on a file that was removed in the meantime keeps nobody out: the next process makes a new file.
            guard isAtLockPath(descriptor) else {
                close(descriptor)
                continue
            }
            let lock = RunLock(descriptor: descriptor)
            guard named else { return lock }
            let holder = Array("process \(getpid()) on host \(Provenance.hostName()) since \(Provenance.timestamp(Date()))\n".utf8)
            // The name is for the message that the next process shows; the lock itself holds without it, on a full disk too.
            if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, holder, holder.count, 0) }
            return lock
        }
        throw RunFolderError("\(lockPath) is replaced as often as it is locked; find out which program removes it, and end that.")
    }

    /// Whether a process has the run open, without making anything in the folder. A process that takes the run at the very moment of this check
    /// has the patience to try again.
    public var isInUse: Bool {
        let descriptor = Descriptor.openFile(lockPath, O_RDONLY | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Shared, so that lookers do not block each other.
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// What the holder of the lock wrote about itself: "process 123 on host a since 2026-01-02T03:04:05Z"; `nil` where it says nothing.
    public var holder: String? {
        let bytes = (try? Disk.bytes(of: lockPath, limit: Self.holderBytes)) ?? []
        // It ends up in a sentence, and anybody may have written the file.
        let words = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines).filter { $0 >= " " && $0 != "\u{7F}" }
        return words.isEmpty ? nil : words
    }

    /// Whether the process that the file names runs on this host, and nothing has begun to end it.
    private var holderLivesOn: Bool {
        guard let words = holder?.split(separator: " "), words.count > 4, words[0] == "process", let pid = Int32(words[1]),
            words[4] == Provenance.hostName()
        else { return false }
        // What cannot be read is empty here, and counts as dying, so that the holder is waited for.
        let (status, statistics) = (SystemText.text("/proc/\(pid)/status"), SystemText.text("/proc/\(pid)/stat"))
        func field(_ name: String) -> Substring? { SystemText.value(of: name, in: status).flatMap { SystemText.fields($0).first } }
        let state = field("State") ?? "X"
        let isKilled = ["SigPnd", "ShdPnd"].contains { name in
            UInt64(field(name) ?? "", radix: 16).map { $0 >> UInt64(SIGKILL - 1) & 1 == 1 } ?? true
        }
        // Behind the name, which may hold anything, the flags are the seventh; 4 is PF_EXITING.
        let numbers = statistics[(statistics.lastIndex(of: ")") ?? statistics.startIndex)...].split(separator: " ").dropFirst()
        let isExiting = UInt64(numbers.dropFirst(6).first ?? "").map { $0 & 4 == 4 } ?? true
        return !"ZX".contains(state) && !isKilled && !isExiting
    }

    private func lockedDescriptor(until deadline: Deadline) throws -> Int32 {
        let descriptor = Descriptor.openFile(lockPath, O_RDWR | O_CREAT | O_NOFOLLOW, mode: Disk.fileMode)
        guard descriptor >= 0 else { throw DiskError(operation: "open", path: lockPath, code: errno) }
        var code: Int32 = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            code = errno
            guard code == EWOULDBLOCK || code == EINTR, !deadline.hasPassed, !holderLivesOn else { break }
            Pause.wait(for: .milliseconds(20))
            code = 0
        }
        guard code == 0 else {
            close(descriptor)
            guard code == EWOULDBLOCK else { throw Self.noLock(lockPath, code) }
            throw RunLocked(path: path, holder: holder ?? "another process")
        }
        return descriptor
    }

    /// The error where a lock failed for another reason than a holder: without a lock two coordinators could write one run.
    package static func noLock(_ path: String, _ code: Int32) -> any Error {
        let reason = String(cString: strerror(code))
        switch code {
        case ENOSYS, EOPNOTSUPP, EINVAL:
            return RunFolderError(
                "\(path) cannot be locked, since its file system has no locks (flock: \(reason)), and without one two coordinators could write the run: take a run folder on another file system, for example a local disk, or mount this one with locks."
            )
        case ENOLCK:
            return RunFolderError(
                "\(path) cannot be locked, since the file server gives no lock at this time (flock: \(reason)): see whether its lock service runs, or take a run folder on a local disk."
            )
        default: return DiskError(operation: "lock", path: path, code: code)
        }
    }

    /// Whether the open file is the one that has the lock's name.
    private func isAtLockPath(_ descriptor: Int32) -> Bool {
        var mine = stat()
        var there = stat()
        guard fstat(descriptor, &mine) == 0, stat(lockPath, &there) == 0 else { return false }
        return mine.st_dev == there.st_dev && mine.st_ino == there.st_ino
    }
}
