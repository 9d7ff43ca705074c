import Glibc

/// How many descriptors this process may have open (`ulimit -n`), and how many it has.
public enum DescriptorLimit {
    /// More than any process of a run opens; some programs that it starts count up to the limit.
    private static let most: rlim_t = 65_536
    /// Every command needs so many: the standard three, an event loop, pipes to wake it, a few files.
    public static let least = 32

    /// No descriptor is left.
    public struct Reached: Error, CustomStringConvertible, Sendable, Equatable {
        /// `errno`.
        public let code: Int32

        public var description: String {
            "no descriptor can be opened: \(String(cString: strerror(code))); raise the limit on open files (ulimit -n)"
        }
    }

    /// Takes as many as the hard limit allows. Children inherit it.
    public static func raise() {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, most)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        setrlimit(resource, &limit)
    }

    /// The limit as it is.
    public static var present: Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return least }
        return Int(min(limit.rlim_cur, most))
    }

    /// How many are open, as far as the system tells.
    public static var open: Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without ".", ".." and the folder that is read here.
        return max(0, count - 3)
    }

    private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
}
