import Glibc

/// The processes this one has started.
public enum Children {
    /// A child that has ended.
    public struct Ended: Sendable {
        public let pid: Int32
        /// As `wait4` gives it.
        public let status: Int32
        /// The largest resident set it has had.
        public let peakResidentBytes: Int
    }

    /// How often a wait with a deadline looks: the kernel has no wait with a deadline for any child.
    private static let look: Duration = .milliseconds(10)

    /// The next child that ends; nil when there is none left, or when the patience is over.
    public static func next(_ patience: Patience) -> Ended? { end(of: -1, patience) }

    /// The end of the child `pid`; nil where it is no child of this process, or when the patience is over.
    public static func end(of pid: Int32, _ patience: Patience) -> Ended? {
        let deadline = patience.deadline
        while true {
            var status: Int32 = 0
            var usage = rusage()
            let ended = wait4(pid, &status, deadline == nil ? 0 : WNOHANG, &usage)
            if ended > 0 { return Ended(pid: ended, status: status, peakResidentBytes: usage.ru_maxrss * 1024) }
            if ended < 0, errno != EINTR { return nil }
            if let deadline, ended == 0 {
                if deadline.hasPassed { return nil }
                Pause.wait(for: min(look, deadline.remaining))
            }
        }
    }
}
