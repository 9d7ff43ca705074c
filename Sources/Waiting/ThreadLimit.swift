import Glibc

/// How many threads the processes of this user may have together (`ulimit -u`), and what becomes of a process that can have none.
public enum ThreadLimit {
    /// What RLIMIT_NPROC is set to; nil: there is none.
    public static var present: UInt64? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max else { return nil }
        return UInt64(limit.rlim_cur)
    }

    /// Ends the process where the system gives no thread now. Asked before a library starts one, because that would trap.
    public static func requireOne() {
        _ = OwnedThread(name: "room") {}.join(.untilWoken(by: "a thread that does nothing, when it has ended"))
    }

    /// - Parameter code: what `pthread_create` has answered.
    static func endWithout(code: Int32) -> Never { LastWords.end(sentence(code: code, limit: present)) }

    static func sentence(code: Int32, limit: UInt64?) -> String {
        let user = limit.map { "RLIMIT_NPROC (ulimit -u) is \($0)" } ?? "RLIMIT_NPROC (ulimit -u) is not set"
        return
            "no thread can be started (\(String(cString: strerror(code)))): \(user), and pids.max of the control group (docker --pids-limit) may be lower; raise the limit, or use fewer workers or threads"
    }
}
