/// Samples a second over the last minute: by what happened since the run began its end would be told wrongly for long after every change.
public struct Pace: Sendable {
    private static let window = Duration.seconds(60)
    /// Marks lie so far apart at least, which bounds their number.
    private static let spacing = Duration.seconds(1)

    private typealias Mark = (at: Duration, samples: Int)

    /// Samples so far, at moments of the last minute; the first is as old as the pace looks back.
    private var marks: [Mark]
    private var newest: Mark

    /// - Parameter start: when the first samples were begun, on a monotonic clock.
    public init(since start: Duration) {
        marks = [(start, 0)]
        newest = (start, 0)
    }

    /// So many samples are done at this moment.
    public mutating func add(_ samples: Int, at now: Duration) {
        newest = (max(now, newest.at), newest.samples + samples)
        if let last = marks.last, newest.at - last.at >= Self.spacing { marks.append(newest) }
        while marks.count > 1, newest.at - marks[1].at >= Self.window { marks.removeFirst() }
    }

    /// 0 before any time has gone by.
    public var perSecond: Double {
        let span = (newest.at - marks[0].at) / .seconds(1)
        return span > 0 ? Double(newest.samples - marks[0].samples) / span : 0
    }
}
