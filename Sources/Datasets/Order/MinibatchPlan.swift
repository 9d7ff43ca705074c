import Kernels
import Synchronization

/// Where one step stands in its epoch.
public struct MinibatchPlace: Sendable, Hashable {
    /// Counts from 0 over the whole run.
    public let step: UInt64
    /// Counts from 1.
    public let epoch: Int
    /// The positions of the epoch's order that this step uses; fewer in the last minibatch of an epoch.
    public let positions: Range<Int>
    /// Whether the epoch is over after this step.
    public let endsEpoch: Bool

    /// Samples in this minibatch.
    public var size: Int { positions.count }
}

/// Which samples each step uses: every sample exactly once an epoch, in the epoch's own order. There is no cursor; any
/// step may be asked for at any time, from any thread.
public final class MinibatchPlan: Sendable {
    /// Two epochs are kept, so that reading ahead over an epoch's end does not shuffle twice.
    private static let keptOrders = 2

    public let epochs: Epochs
    public let seed: UInt64
    private let orders = Mutex<[EpochOrder]>([])

    public init(count: Int, minibatch: Int, seed: UInt64) {
        precondition(count > 0 && minibatch > 0, "a plan has samples and a minibatch")
        epochs = Epochs(images: count, minibatch: minibatch)
        self.seed = seed
    }

    public func place(of step: UInt64) -> MinibatchPlace {
        MinibatchPlace(
            step: step, epoch: epochs.epoch(ofStep: step), positions: epochs.positions(ofStep: step),
            endsEpoch: epochs.areWhole(after: step + 1))
    }

    /// The samples of a step, in the order of the minibatch's rows.
    public func samples(of step: UInt64) -> [Int] {
        let place = place(of: step)
        return order(of: place.epoch).samples[place.positions].map(Int.init)
    }

    private func order(of epoch: Int) -> EpochOrder {
        orders.withLock { kept in
            if let found = kept.first(where: { $0.epoch == epoch }) { return found }
            let made = EpochOrder(seed: seed, epoch: epoch, count: epochs.images)
            kept = [made] + kept.prefix(Self.keptOrders - 1)
            return made
        }
    }
}
