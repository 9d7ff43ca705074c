/// What a simulated control connection carries to a worker: the kinds of `ControlMessage` that membership knows.
enum ToWorker {
    case welcome(generation: UInt64, leader: UInt64, mark: ChainMark?)
    case refusal(String)
    case halt(order: UInt64)
    case sumRequest(order: UInt64, applied: UInt64)
    case sumPiece(SumPiece)
    case statePiece(StatePiece)
    case view(ViewPlan, rank: Int)
    case batch(step: UInt64)
    case snapshotRequest(step: UInt64, order: UInt64)
    case stop(reason: String, failed: Bool)
    case heartbeat

    /// Pieces of states and sums.
    var isBulk: Bool {
        switch self {
        case .sumPiece, .statePiece: true
        default: false
        }
    }
}

/// And to a coordinator.
enum ToCoordinator {
    case hello(HeldState?)
    case ready(Position)
    case position(order: UInt64, Position)
    case linksUp(view: UInt64)
    case linkFailed(view: UInt64, LinkReport)
    case stepReport(view: UInt64, step: UInt64, chain: UInt64)
    case heartbeat(Beat)
    case farewell(reason: String, leaving: Bool, common: Bool)
    case sumPiece(SumPiece)
    case statePiece(StatePiece)
}

/// A piece of a phase's sum: the sums of some buckets, each of one "byte".
struct SumPiece: Equatable {
    var order: UInt64
    var applied: UInt64
    var offset: UInt64
    var total: UInt64
    var sums: [UInt64]
    var change: SimulatedReplica.Change
}

/// A piece of a state. Every piece carries the whole of it, so that pieces of two states cannot make up one unnoticed.
struct StatePiece: Equatable {
    /// Bytes of a piece.
    static let size: UInt64 = 4 << 20

    var order: UInt64
    var step: UInt64
    var offset: UInt64
    var count: UInt64
    var total: UInt64
    var state: SimulatedReplica.State
}
