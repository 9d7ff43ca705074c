import Autoencoder
import Control
import Runs
import Synchronization
import Waiting
import Wire

/// Cuts each step's minibatches into shards and packs each member's part, ahead of need, on a thread of its own.
///
/// A message that must keep its order among a worker's batches (a snapshot request) goes through the same queue.
final class BatchFeeder: Sendable {
    enum Order: Sendable {
        case batch(step: UInt64, to: [(connection: ControlConnection, shards: Range<Int>)], view: UInt64)
        case message(ControlMessage, to: ControlConnection, view: UInt64)
    }

    private let orders = Mailbox<Order>()
    /// All views up to this one are over: nothing more is packed for them.
    private let over = Atomic<UInt64>(0)
    private let images: StepImages

    init(_ images: StepImages) { self.images = images }

    /// - Parameter gate: the way onto the connections' loop, which may end while images are packed.
    func start(through gate: LoopGate) {
        OwnedThread.detach(name: "feeder") { [self] in
            while let order = orders.take(.untilWoken(by: "the event loop, and close() at the end of the run")) {
                switch order {
                case .batch(let step, let members, let view): if isLive(view) { feed(step, to: members, view: view, gate) }
                case .message(let message, let connection, let view):
                    if isLive(view) { connection.sendBulk(message, view: view, through: gate) }
                }
            }
        }
    }

    func put(_ order: Order) { orders.put(order) }

    /// Ends all views up to this one.
    func drop(through view: UInt64) { over.store(view, ordering: .relaxed) }

    func close() { orders.close() }

    private func isLive(_ view: UInt64) -> Bool { view > over.load(ordering: .relaxed) }

    private func feed(
        _ step: UInt64, to members: [(connection: ControlConnection, shards: Range<Int>)], view: UInt64, _ gate: LoopGate
    ) {
        let (taken, minibatch) = (images.step(step), images.settings.minibatchSize(ofStep: step))
        for member in members where isLive(view) {
            let message = BatchImages.pack(step: step, minibatch: minibatch, shards: taken.shards(member.shards))
            guard member.connection.sendBulk(.batch(message), view: view, through: gate) else { return }
        }
    }
}
