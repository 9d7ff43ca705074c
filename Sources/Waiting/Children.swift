import Glibc

/// The processes this one has started.
public enum Children {
    /// One that has ended.
    public struct Ended: Sendable {
        public let pid: Int32
        /// As `wait4` gives it.
        public let status: Int32
        /// The largest resident set it has had.
        public let peakResidentBytes: Int
    }

    /// How often a wait with a deadline looks: the kernel has no such wait for any child.
    private static let look: Duration = .milliseconds(10)

    /// The next child that ends; nil when there is none left, or when the patience is over.
    public static func next(_ patience: Patience) -> Ended? {
        let deadline = patience.deadline
        while true {
            var status: Int32 = 0
            var usage = rusage()
            let pid = wait4(-1, &status, deadline == nil ? 0 : WNOHANG, &usage)
            if pid > 0 { return Ended(pid: pid, status: status, peakResidentBytes: usage.ru_maxrss * 1024) }
            if pid < 0, errno != EINTR { return nil }
            if let deadline, pid == 0 {
                if deadline.hasPassed { return nil }
                Pause.wait(for: min(look, deadline.remaining))
            }
        }
    }
}
