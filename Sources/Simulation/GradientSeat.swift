/// Why an exchange or the making of links ended without a result; a suspect is a rank, -1 the server, nil one's own doing.
struct GradientFailure {
    var suspect: Int?
    /// The link that the suspect dials.
    var incoming = false
    /// This end saw it itself: no byte moved, or what came was damaged.
    var isObserved = false
}

/// One member's end of the gradient links of a view: what a `Reducer` and its dialler are to the engine.
final class GradientSeat {
    unowned let group: GradientGroup
    let rank: Int
    unowned let engine: SimulatedEngine
    var isShut = false
    /// How the links to the neighbours (or the server) have ended, as far as this end has noticed.
    var ended: GradientFailure?
    var joined: ((GradientFailure?) -> Void)?
    var waiting: (exchange: SimulatedExchange, done: (GradientFailure?) -> Void)?

    init(group: GradientGroup, rank: Int, engine: SimulatedEngine) {
        self.group = group
        self.rank = rank
        self.engine = engine
    }

    func begin(phase: UInt64, number: UInt32, isOfMoments: Bool) -> SimulatedExchange {
        group.exchange(phase, number, isOfMoments: isOfMoments)
    }

    func ready(_ exchange: SimulatedExchange, bucket: Int, part: UInt64, isSpare: Bool) {
        guard !isShut else { return }
        group.contribute(self, exchange, bucket, part, isSpare)
    }

    /// Calls back when every bucket's sum is here, or will not come.
    func finish(_ exchange: SimulatedExchange, _ done: @escaping (GradientFailure?) -> Void) {
        waiting = (exchange, done)
        settle()
    }

    /// One's own end: whoever waits on these links here is woken.
    func shutDown() {
        guard !isShut else { return }
        isShut = true
        group.leaves(rank)
        if let joined {
            self.joined = nil
            joined(GradientFailure(suspect: nil))
        }
        settle()
    }

    /// The process is gone; its kernel may still close its sockets.
    func vanish(silently: Bool) {
        isShut = true
        joined = nil
        waiting = nil
        group.vanished(rank, silently: silently)
    }

    func settle() {
        guard let (exchange, done) = waiting else { return }
        if isShut {
            waiting = nil
            done(GradientFailure(suspect: nil))
        } else if exchange.isWhole(rank, missing: group.world.dropped == .everyBucket && !exchange.isOfMoments ? 1 : 0) {
            waiting = nil
            done(nil)
        } else if let ended {
            waiting = nil
            done(ended)
        }
    }
}
