import Glibc

/// What a process takes over from whoever starts it, and must not rely on.
public enum ProcessStart {
    /// First thing in `main`, before anything opens a file or starts a process.
    public static func prepare() {
        fillStandardDescriptors()
        // Whose parent ignores it has children that vanish before anybody hears how they ended.
        signal(SIGCHLD, SIG_DFL)
        // Whoever asks for the end by it gets it, and not a report of a crash.
        signal(SIGQUIT, SIG_DFL)
        var held = sigset_t()
        sigemptyset(&held)
        sigaddset(&held, SIGQUIT)
        pthread_sigmask(SIG_UNBLOCK, &held, nil)
        // A limit on file sizes (ulimit -f) is then an error of the write, told like that of a full disk, and not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        endAtExit()
    }

    /// Threads compute on while the main one ends the process. Libraries that take their tables away at the exit, as OpenBLAS does, would
    /// make a crash of it: nothing of theirs runs, and the last handler to be called, the first to be registered, ends the process.
    private static func endAtExit() {
        on_exit(
            { status, _ in
                fflush(nil)
                _exit(status)
            }, nil)
    }

    /// Standard input, output and error may be closed (`>&-`, a service manager): the first file or socket that is opened then would take
    /// the place, and lines for a terminal would go into it. What stands in for it refuses to be read or written, so that a result which
    /// arrives nowhere is a failure still.
    private static func fillStandardDescriptors() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest free number is this one.
            _ = open("/dev/null", mode)
        }
    }
}
