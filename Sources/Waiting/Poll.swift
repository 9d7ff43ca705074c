import Glibc

/// `poll` over descriptors.
public enum Poll {
    public static let readable = Int16(POLLIN)
    public static let writable = Int16(POLLOUT)
    public static let failed = Int16(POLLERR) | Int16(POLLHUP) | Int16(POLLNVAL)

    /// Whether some entry has something to say, in its `revents`, before the patience was over. A negative descriptor is
    /// passed over.
    @discardableResult
    public static func wait(_ entries: inout [pollfd], _ patience: Patience) -> Bool {
        let deadline = patience.deadline
        while true {
            for index in entries.indices { entries[index].revents = 0 }
            let found = poll(&entries, nfds_t(entries.count), deadline?.milliseconds ?? -1)
            if found > 0 { return true }
            // A signal, or more milliseconds than `poll` counts: the deadline decides.
            if found < 0, errno != EINTR {
                for index in entries.indices { entries[index].revents = 0 }
                return false
            }
            if let deadline, deadline.hasPassed { return false }
        }
    }
}
