import Membership
import Wire

/// One control connection: two ordered streams of frames, each with its own delays.
final class SimulatedConnection {
    /// One direction. Its frames arrive in order, or not at all.
    struct Way {
        enum Item {
            case message(ControlMessage, view: UInt64)
            case end(String)
        }
        var items: [Item] = []
        var last: Int64 = 0
        var stalledUntil: Int64 = 0
        /// The side that sends has not closed.
        var sends = true
        /// The side that reads has not closed, nor heard of the end.
        var reads = true
    }

    let id: ConnectionID
    unowned let peer: SimulatedPeer
    unowned let coordinator: SimulatedCoordinator
    unowned let world: World
    private(set) var toWorker = Way()
    private(set) var toCoordinator = Way()
    /// When the last slow piece will have left, and which batch of such pieces is still wanted.
    private var bulk: (last: Int64, batch: Int) = (0, 0)
    /// Slow pieces that have left.
    private(set) var drained: UInt64 = 0

    init(_ id: ConnectionID, peer: SimulatedPeer, coordinator: SimulatedCoordinator) {
        self.id = id
        self.peer = peer
        self.coordinator = coordinator
        world = coordinator.world
    }

    /// Both ends are open as far as the worker's side knows.
    var isOpenForWorker: Bool { toCoordinator.sends }

    func sendToWorker(_ message: ControlMessage, view: UInt64) {
        guard toWorker.sends else { return }
        if peer.downlink > 0, message.isPiece { return sendSlowly(message, view) }
        put(toWorker: .message(message, view: view))
    }

    func sendToCoordinator(_ message: ControlMessage, view: UInt64) {
        guard toCoordinator.sends else { return }
        put(toCoordinator: .message(message, view: view))
    }

    /// Bulk over a slow line: everything else overtakes it.
    private func sendSlowly(_ message: ControlMessage, _ view: UInt64) {
        bulk.last = max(bulk.last + peer.downlink, world.now + peer.downlink + world.delay(world.scenario.latency))
        deliver(message, view, batch: bulk.batch, at: bulk.last)
    }

    private func deliver(_ message: ControlMessage, _ view: UInt64, batch: Int, at time: Int64) {
        let process = peer
        world.at(time) {
            process.run {
                guard self.toWorker.reads, self.toWorker.sends, batch == self.bulk.batch else { return }
                guard self.toWorker.stalledUntil <= self.world.now else {
                    return self.deliver(message, view, batch: batch, at: self.toWorker.stalledUntil)
                }
                self.drained += 1
                process.receive(message, view, self)
            }
        }
    }

    /// Drops queued bulk, which is of no use any more.
    func dropBulk() { bulk = (world.now, bulk.batch + 1) }

    private func put(toWorker item: Way.Item) {
        toWorker.items.append(item)
        let time = arrival(&toWorker.last)
        let process = peer
        world.at(time) { process.run { self.deliverToWorker() } }
    }

    private func put(toCoordinator item: Way.Item) {
        toCoordinator.items.append(item)
        let time = arrival(&toCoordinator.last)
        let process = coordinator
        world.at(time) { process.run { self.deliverToCoordinator() } }
    }

    private func arrival(_ last: inout Int64) -> Int64 {
        last = max(last, world.now + world.delay(world.scenario.latency))
        return last
    }

    private func deliverToWorker() {
        guard toWorker.reads, !toWorker.items.isEmpty else { return }
        if toWorker.stalledUntil > world.now {
            let process = peer
            return world.at(toWorker.stalledUntil) { process.run { self.deliverToWorker() } }
        }
        switch toWorker.items.removeFirst() {
        case .message(let message, let view): peer.receive(message, view, self)
        case .end(let reason):
            toWorker.reads = false
            toCoordinator.sends = false
            peer.ended(self, reason)
        }
    }

    private func deliverToCoordinator() {
        guard toCoordinator.reads, !toCoordinator.items.isEmpty else { return }
        if toCoordinator.stalledUntil > world.now {
            let process = coordinator
            return world.at(toCoordinator.stalledUntil) { process.run { self.deliverToCoordinator() } }
        }
        switch toCoordinator.items.removeFirst() {
        case .message(let message, _): coordinator.receive(message, id)
        case .end(let reason):
            toCoordinator.reads = false
            toWorker.sends = false
            coordinator.ended(id, reason)
        }
    }

    /// The worker's side closes, or its process ends. The other hears of it behind what was sent.
    func closeByWorker(_ reason: String = "it closed its connection") {
        guard toCoordinator.sends || toWorker.reads else { return }
        toWorker.reads = false
        toWorker.items = []
        if toCoordinator.sends {
            toCoordinator.sends = false
            put(toCoordinator: .end(reason))
        }
    }

    /// The coordinator's side closes, and hears of the end itself, as the channel's handler does.
    func closeByCoordinator(_ reason: String = "it closed its connection") {
        guard toWorker.sends || toCoordinator.reads else { return }
        let heard = toCoordinator.reads
        toCoordinator.reads = false
        toCoordinator.items = []
        if toWorker.sends {
            toWorker.sends = false
            put(toWorker: .end(reason))
        }
        guard heard else { return }
        let process = coordinator
        world.after(1, in: process) { process.ended(self.id, "it closed its connection") }
    }

    /// The network resets it: what is on its way is lost, both sides hear of it in their own time.
    func cut() {
        world.note("\(id) is cut")
        toWorker.items = []
        toCoordinator.items = []
        if toWorker.reads {
            toWorker.sends = false
            put(toWorker: .end("its connection broke"))
        }
        if toCoordinator.reads {
            toCoordinator.sends = false
            put(toCoordinator: .end("its connection broke"))
        }
    }

    /// A host lost its power: its side says nothing more, not even that it is gone.
    func goSilent(worker: Bool) {
        if worker {
            toCoordinator.sends = false
            toWorker.reads = false
        } else {
            toWorker.sends = false
            toCoordinator.reads = false
        }
    }

    func stall(worker: Bool, coordinator: Bool, until: Int64) {
        if worker { toWorker.stalledUntil = max(toWorker.stalledUntil, until) }
        if coordinator { toCoordinator.stalledUntil = max(toCoordinator.stalledUntil, until) }
    }

    func calm() {
        toWorker.stalledUntil = min(toWorker.stalledUntil, world.now)
        toCoordinator.stalledUntil = min(toCoordinator.stalledUntil, world.now)
    }
}
