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
    /// Longest word of a lock's holder that is read.
    private static let holderBytes = 4_096

    /// Takes the run for this process (`flock` on the file `lock`, which the kernel drops when the process dies).
    ///
    /// - Parameter patience: how long to wait for a holder: one that was killed a moment ago holds the lock until the kernel
    ///   has taken it apart.
    /// - Throws: `RunLocked`.
    public func lock(within patience: Duration = .seconds(3)) throws -> RunLock {
        let descriptor = Foundation.open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw DiskError(operation: "open", path: lockPath, code: errno) }
        let deadline = Deadline(after: patience)
        var code: Int32 = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            code = errno
            guard code == EWOULDBLOCK || code == EINTR, !deadline.hasPassed else { break }
            Pause.wait(for: .milliseconds(20))
            code = 0
        }
        guard code == 0 else {
            close(descriptor)
            guard code == EWOULDBLOCK else { throw DiskError(operation: "lock", path: lockPath, code: code) }
            let bytes = (try? Disk.bytes(of: lockPath, limit: Self.holderBytes)) ?? []
            let written = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
            throw RunLocked(path: path, holder: written.isEmpty ? "another process" : written)
        }
        let lock = RunLock(descriptor: descriptor)
        let holder = Array("process \(getpid()) on host \(Provenance.hostName()) since \(Provenance.timestamp(Date()))\n".utf8)
        // The name is for the sentence that whoever comes second reads; the lock itself holds without it, on a full disk too.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, holder, holder.count, 0) }
        return lock
    }
}
