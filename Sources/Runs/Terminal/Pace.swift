/// Samples a second over the last minute. A mean over the whole run would give a wrong time to the end for long after every change.
///
/// A standstill does not count: where the run was stopped and went on (Control-Z, a host that slept), the time it stood is left out. A standstill
/// that comes again within the minute is a wait of the run's own, or its new pace, and counts.
public struct Pace: Sendable {
    private static let window = Duration.seconds(60)
    /// Least time between two marks, which bounds their number.
    private static let spacing = Duration.seconds(1)

    /// A step that takes this long, and so many times as long as those before it, stood still.
    private static let leastStandstill = Duration.seconds(5)
    private static let standstillSteps = 20.0

    private typealias Mark = (at: Duration, samples: Int)

    /// Samples so far, at moments of the last minute; the first is as old as the pace looks back.
    private var marks: [Mark]
    private var newest: Mark
    /// Time that was left out, and when the last standstill was; a mark's moment is without that time.
    private var stood = Duration.zero
    private var lastStandstill: Duration?

    /// - Parameter start: when the first samples were begun, on a monotonic clock.
    public init(since start: Duration) {
        marks = [(start, 0)]
        newest = (start, 0)
    }

    /// So many more samples are done at this moment.
    public mutating func add(_ samples: Int, at now: Duration) {
        leaveOutStandstill(samples, until: now)
        newest = (max(now - stood, newest.at), newest.samples + samples)
        if let last = marks.last, newest.at - last.at >= Self.spacing { marks.append(newest) }
        while marks.count > 1, newest.at - marks[1].at >= Self.window { marks.removeFirst() }
    }

    /// Where a step stood still, leaves out the time beyond what such a step has taken so far.
    private mutating func leaveOutStandstill(_ samples: Int, until now: Duration) {
        let (gap, pace) = (now - stood - newest.at, perSecond)
        guard gap >= Self.leastStandstill, pace > 0 else { return }
        let usual = Duration.seconds(Double(samples) / pace)
        guard gap > usual * Self.standstillSteps else { return }
        defer { lastStandstill = now - stood }
        if let lastStandstill, newest.at - lastStandstill < Self.window { return }
        stood += gap - usual
    }

    /// 0 before any time has gone by.
    public var perSecond: Double {
        let span = (newest.at - marks[0].at) / .seconds(1)
        return span > 0 ? Double(newest.samples - marks[0].samples) / span : 0
    }
}
