import Glibc

/// Pipes and terminals, which have somebody else at the other end.
public enum Descriptor {
    /// Reads what comes next; 0 bytes at the end of the file. Nil when the patience is over or, with `errno` set, where the
    /// descriptor cannot be read from.
    public static func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, _ patience: Patience
    ) -> Int? {
        let patience = patience.fixed
        while true {
            guard isReady(descriptor, Poll.readable, patience) else { return nil }
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR, errno != EAGAIN { return nil }
        }
    }

    /// Writes all of it. False when the patience was over first or the other end is gone; a part may have been written then.
    public static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ patience: Patience) -> Bool {
        let patience = patience.fixed
        var written = 0
        while written < bytes.count {
            guard isReady(descriptor, Poll.writable, patience) else { return false }
            // No more than what a pipe or a terminal that is ready takes without a wait.
            let piece = UnsafeRawBufferPointer(rebasing: bytes[written..<min(written + 512, bytes.count)])
            let count = Glibc.write(descriptor, piece.baseAddress, piece.count)
            if count > 0 { written += count } else if count == 0 || errno != EINTR && errno != EAGAIN { return false }
        }
        return true
    }

    private static func isReady(_ descriptor: Int32, _ events: Int16, _ patience: Patience) -> Bool {
        var entries = [pollfd(fd: descriptor, events: events, revents: 0)]
        return Poll.wait(&entries, patience)
    }
}
