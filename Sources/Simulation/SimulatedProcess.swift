import Membership
import Wire

/// A process that can be stopped, continued and killed.
class SimulatedProcess {
    unowned let world: World
    let name: String
    private(set) var isAlive = true
    private(set) var isFrozen = false
    private var pile: [() -> Void] = []

    init(_ world: World, name: String) {
        self.world = world
        self.name = name
    }

    final func run(_ body: @escaping () -> Void) {
        guard isAlive else { return }
        if isFrozen { pile.append(body) } else { body() }
    }

    final func freeze() {
        guard isAlive else { return }
        isFrozen = true
    }

    /// What came in the meantime happens at once, in order.
    final func thaw() {
        guard isAlive, isFrozen else { return }
        isFrozen = false
        let waiting = pile
        pile = []
        for (index, body) in waiting.enumerated() {
            guard isAlive else { return }
            if isFrozen {
                pile = Array(waiting[index...]) + pile
                return
            }
            body()
        }
    }

    /// The process is no more.
    func vanish() {
        isAlive = false
        pile = []
    }
}

/// A process that dials the coordinator: a worker, or one that only says that it is one.
class SimulatedPeer: SimulatedProcess {
    /// What the network knows its host by.
    let host: Int
    /// What its hello says.
    let identity: WorkerIdentity
    /// Microseconds that a piece of a state needs to reach its host, where that is slow; else 0.
    final var downlink: Int64 = 0
    /// Its host lost power with it: nobody answers there any more, not even to refuse.
    fileprivate(set) final var lostPower = false

    init(_ world: World, host: Int, name: String, identity: WorkerIdentity) {
        self.host = host
        self.identity = identity
        super.init(world, name: name)
    }

    func receive(_ message: ControlMessage, _ view: UInt64, _ connection: SimulatedConnection) {}
    func ended(_ connection: SimulatedConnection, _ reason: String) {}

    final func vanish(withPower silently: Bool) {
        lostPower = silently
        vanish()
    }
}
