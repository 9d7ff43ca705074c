import Glibc

/// Repairs what a process inherits from its parent and must not rely on.
public enum ProcessStart {
    /// First thing in `main`, before anything opens a file or starts a process.
    public static func prepare() {
        fillStandardDescriptors()
        // Where the parent ignored SIGCHLD, children would vanish before this process hears how they ended.
        signal(SIGCHLD, SIG_DFL)
        // A user who sends SIGQUIT gets the process's end, and not a crash report.
        signal(SIGQUIT, SIG_DFL)
        var held = sigset_t()
        sigemptyset(&held)
        sigaddset(&held, SIGQUIT)
        pthread_sigmask(SIG_UNBLOCK, &held, nil)
        // A limit on file sizes (ulimit -f) then makes the write fail, which is reported like a full disk, and does not end the process.
        signal(SIGXFSZ, SIG_IGN)
        endAtExit()
    }

    /// Threads go on computing while the main thread ends the process. A library that frees its tables at the exit, as OpenBLAS does, would
    /// make them crash. So no library's destructors run: the last handler to be called, which is the first to be registered, ends the process.
    private static func endAtExit() {
        on_exit(
            { status, _ in
                fflush(nil)
                _exit(status)
            }, nil)
    }

    /// Standard input, output and error may be closed (`>&-`, a service manager). The first file or socket that is opened would then take
    /// that number, and lines for a terminal would go into it. The stand-in refuses to be read or written, so that a result which
    /// arrives nowhere is still a failure.
    private static func fillStandardDescriptors() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest free number is this one.
            _ = open("/dev/null", mode)
        }
    }
}
