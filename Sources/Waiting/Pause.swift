import Glibc

/// Doing nothing for a while. Nobody can end it early: where somebody should, a `Monitor` or a `Mailbox` waits instead.
public enum Pause {
    /// Returns after `duration`, whatever signals come in between.
    public static func wait(for duration: Duration) {
        var time = Deadline(after: duration).time
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }
}
