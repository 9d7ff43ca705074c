import Wire

/// What happened in the simulated worlds of one seed or of many.
public struct SimulationCounts: Sendable, Equatable {
    public var events: UInt64 = 0
    public var seconds: Double = 0
    public var phases: UInt64 = 0
    /// Exchanges of moments that a worker has come through.
    public var moments: UInt64 = 0
    public var kills = 0
    public var freezes = 0
    public var joins = 0
    public var leaves = 0
    public var cuts = 0
    public var linkFaults = 0
    public var slowLines = 0
    public var olderCopies = 0
    public var strangers = 0
    /// Messages of peers that lie.
    public var lies = 0
    public var coordinatorRestarts = 0
    public var stops = 0
    public var views = 0
    public var sumsSent = 0
    public var statesSent = 0
    public var restartsFromCheckpoint = 0
    public var checkpoints = 0
    /// Workers given up by a verdict rather than by the end of their connection.
    public var verdicts = 0
    /// Views that leave a worker out for want of a link.
    public var asides = 0
    /// Times that the summation server stood in for the ring, views that ended as nothing moved, steps that one worker finished alone,
    /// and newcomers that the run did not wait for.
    public var standIns = 0
    public var standstills = 0
    public var finishedAlone = 0
    public var notWaitedFor = 0

    /// What to print, in the order of interest.
    public var named: [(name: String, count: Int)] {
        [
            ("phases applied", Int(phases)), ("moments exchanged", Int(moments)), ("kills", kills), ("stopped processes", freezes),
            ("joins", joins),
            ("leaves", leaves), ("cut or stalled control", cuts), ("link faults", linkFaults),
            ("slow lines", slowLines), ("older copies", olderCopies), ("strangers", strangers), ("lies", lies),
            ("coordinator restarts", coordinatorRestarts), ("stop requests", stops), ("views", views),
            ("sums sent", sumsSent), ("states sent", statesSent), ("restarts from checkpoint", restartsFromCheckpoint),
            ("checkpoints", checkpoints), ("verdicts", verdicts), ("stood aside", asides),
            ("server stood in", standIns), ("nothing moved", standstills), ("finished alone", finishedAlone),
            ("not waited for", notWaitedFor), ("events", Int(events)),
        ]
    }

    /// Counts a sum or a state at its first piece, once for each who waits for it.
    mutating func handedOn(_ message: ControlMessage, to count: Int) {
        switch message {
        case .sumChunk(let chunk): if chunk.offset == 0 { sumsSent += count }
        case .stateChunk(let chunk): if chunk.offset == 0 { statesSent += count }
        default: break
        }
    }

    static func += (a: inout SimulationCounts, b: SimulationCounts) {
        a.events += b.events
        a.seconds += b.seconds
        a.phases += b.phases
        a.moments += b.moments
        a.kills += b.kills
        a.freezes += b.freezes
        a.joins += b.joins
        a.leaves += b.leaves
        a.cuts += b.cuts
        a.linkFaults += b.linkFaults
        a.coordinatorRestarts += b.coordinatorRestarts
        a.stops += b.stops
        a.views += b.views
        a.sumsSent += b.sumsSent
        a.statesSent += b.statesSent
        a.restartsFromCheckpoint += b.restartsFromCheckpoint
        a.checkpoints += b.checkpoints
        a.verdicts += b.verdicts
        a.asides += b.asides
        a.slowLines += b.slowLines
        a.olderCopies += b.olderCopies
        a.strangers += b.strangers
        a.lies += b.lies
        a.standIns += b.standIns
        a.standstills += b.standstills
        a.finishedAlone += b.finishedAlone
        a.notWaitedFor += b.notWaitedFor
    }
}

/// Something that must never happen, and did.
public struct SimulationViolation: Error, Sendable, CustomStringConvertible {
    public let seed: UInt64
    /// Virtual time, microseconds.
    public let time: Int64
    /// One sentence.
    public let what: String

    public var description: String { "seed \(seed), at \(SimulationViolation.text(time)): \(what)" }

    /// "12.345678 s".
    static func text(_ microseconds: Int64) -> String {
        let fraction = String(1_000_000 + microseconds % 1_000_000).dropFirst()
        return "\(microseconds / 1_000_000).\(fraction) s"
    }
}

/// One seed's world from its beginning to its end.
public struct SimulationReport: Sendable {
    public let seed: UInt64
    public let counts: SimulationCounts
    public let violation: SimulationViolation?
    /// Every line, where a trace was asked for.
    public let trace: [String]
}
