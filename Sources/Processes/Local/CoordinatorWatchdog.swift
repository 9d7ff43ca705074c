/// What is to be said and done about a coordinator that stands still, or takes long to end after a stop signal.
///
/// It decides from what was seen of that process, and asks neither clock nor kernel. A coordinator that shows life may take as long as it likes to
/// end: it says itself what it waits for, such as a slow disk or uplink. A coordinator that shows no life after a stop signal is killed, since it
/// will not react. One that waits for a disk gets far longer: the disk may come back, and then the last checkpoint is written.
public struct CoordinatorWatchdog: Sendable {
    /// What its keeper is to do.
    public enum Act: Equatable, Sendable {
        /// Tell the person who watches.
        case say(String)
        /// Let a stopped process go on.
        case wake
        /// Kill it: it has shown no life after the signal for as long as it may.
        case kill
        /// It does not end even so: leave it to the kernel.
        case leave
    }

    /// What was seen of it at one look.
    public struct Sight: Sendable {
        /// Stopped by a signal or a debugger.
        public var isStopped: Bool
        /// Its event loop has shown life since the last look.
        public var hasBeaten: Bool
        /// Some thread of it waits in the kernel and cannot be interrupted: for a disk, as a rule.
        public var waitsForDisk: Bool

        public init(isStopped: Bool, hasBeaten: Bool, waitsForDisk: Bool) {
            self.isStopped = isStopped
            self.hasBeaten = hasBeaten
            self.waitsForDisk = waitsForDisk
        }
    }

    /// After this much silence following a stop signal it is killed: a host that swaps stands still for seconds, not for so long.
    public static let longestSilence: Duration = .seconds(30)
    /// The same while it waits for a disk.
    public static let longestDiskWait: Duration = .seconds(600)
    /// The most that counts of the time between two looks: where it was longer, this host stood still, and the coordinator is not to blame.
    static let longestStep: Duration = .seconds(1)
    /// After how long a standstill is reported.
    static let noteworthy: Duration = .seconds(3)
    /// After how long a user who has asked for the end is told what the coordinator waits for.
    static let impatience: Duration = .seconds(2)
    /// How long the kernel may take to end a killed coordinator.
    static let afterKill: Duration = .seconds(5)

    /// The process it looks after, while there is one.
    public private(set) var pid: Int32?
    private var lastLook: Duration?
    /// The time since it showed life or was asked to stop. The time in which it waited for a disk is counted separately.
    private var silence: Duration = .zero
    private var diskWait: Duration = .zero
    private var stoppedSince: Duration?
    private var asked: Duration?
    private var killed: Duration?
    private var hasWoken = false
    private var hasSaidStopped = false
    private var hasSaidSilent = false
    private var hasSaidWaiting = false
    private var hasLeft = false

    public init() {}

    /// Whether the coordinator was killed because it showed no life.
    public var hasKilled: Bool { killed != nil }

    /// A coordinator was started.
    public mutating func started(_ pid: Int32) {
        self.pid = pid
        (silence, diskWait) = (.zero, .zero)
        stoppedSince = nil
        hasSaidStopped = false
        hasSaidSilent = false
    }

    /// It has ended.
    public mutating func ended() { pid = nil }

    /// The run is to end: the coordinator was sent a signal, or will be as soon as it is there.
    public mutating func askedToStop(at now: Duration) {
        guard asked == nil else { return }
        asked = now
        // Earlier silence does not count: the signal must arrive first.
        (silence, diskWait) = (.zero, .zero)
    }

    /// What follows from a look at the coordinator.
    public mutating func look(_ sight: Sight, at now: Duration) -> [Act] {
        let step = min(now - (lastLook ?? now), Self.longestStep)
        lastLook = now
        guard let pid else { return [] }
        count(step, sight)
        stoppedSince = sight.isStopped ? stoppedSince ?? now : nil
        if !sight.isStopped { hasSaidStopped = false }
        guard let asked else { return standstill(pid, now) }
        if let killed { return leaving(since: killed, now) }
        if silence >= Self.longestSilence || diskWait >= Self.longestDiskWait {
            killed = now
            return [.kill]
        }
        return waking(pid) + waiting(pid, sight, since: asked, now)
    }

    private mutating func count(_ step: Duration, _ sight: Sight) {
        if sight.hasBeaten {
            (silence, diskWait) = (.zero, .zero)
            hasSaidSilent = false
        } else if sight.waitsForDisk {
            diskWait += step
        } else {
            silence += step
        }
    }

    private mutating func standstill(_ pid: Int32, _ now: Duration) -> [Act] {
        guard let stoppedSince, now - stoppedSince >= Self.noteworthy, !hasSaidStopped else { return [] }
        hasSaidStopped = true
        return [.say("the coordinator (pid \(pid)) is stopped, and the run with it; `kill -CONT \(pid)` continues it")]
    }

    /// A stopped process reacts to no stop signal before SIGCONT, and the user who asks for the end wants it to react.
    private mutating func waking(_ pid: Int32) -> [Act] {
        guard stoppedSince != nil, !hasWoken else { return [] }
        hasWoken = true
        return [.say("the coordinator (pid \(pid)) was stopped; it is continued, so that it ends the run"), .wake]
    }

    private mutating func waiting(_ pid: Int32, _ sight: Sight, since asked: Duration, _ now: Duration) -> [Act] {
        if silence + diskWait >= Self.noteworthy, !hasSaidSilent {
            hasSaidSilent = true
            hasSaidWaiting = true
            let what =
                sight.waitsForDisk
                ? "waits for a disk that does not answer; a second Control-C ends everything at once, and it is killed after \(Self.longestDiskWait.components.seconds) s of that"
                : "does not answer; a second Control-C ends everything at once, and it is killed after \(Self.longestSilence.components.seconds) s of that"
            return [.say("the coordinator (pid \(pid)) \(what)")]
        }
        guard now - asked >= Self.impatience, silence + diskWait < Self.longestStep, !hasSaidWaiting else { return [] }
        hasSaidWaiting = true
        return [.say("waiting for the coordinator (pid \(pid)) to end the run; a second Control-C ends everything at once")]
    }

    private mutating func leaving(since killed: Duration, _ now: Duration) -> [Act] {
        guard now - killed >= Self.afterKill, !hasLeft else { return [] }
        hasLeft = true
        return [.leave]
    }
}
