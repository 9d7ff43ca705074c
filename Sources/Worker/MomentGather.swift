import Autoencoder
import Collectives
import Kernels

/// Doubles of each shard that every member is to know: the moments of a norm over the global minibatch, gathered by shard.
///
/// A gather is an integer sum with disjoint places: each double of a shard stands as two words in the shard's own place, where all other members
/// have zeros. So it goes through the reducers as gradients do, exact in any topology, and every member adds the shards' doubles in their order.
final class MomentGather {
    let plan: BucketPlan
    let board = StatisticsBoard(tensors: 1)
    let sum: Storage<Int32>
    private let shards: Int
    /// Doubles of a shard.
    private let count: Int
    /// Each shard's doubles as they came; every exchange uses the same memory.
    private let doubles: [Slice<Double>]

    init(count: Int, shards: Int) {
        self.count = count
        self.shards = shards
        plan = BucketPlan(tensorRanges: [0..<2 * count * shards])
        sum = Storage<Int32>(count: 2 * count * shards)
        doubles = (0..<shards).map { _ in Storage<Double>(count: count).all }
    }

    /// Empties all places.
    func clear() {
        sum.all.fill(0)
        board.reset()
    }

    /// Puts a shard's doubles into its place.
    func put(_ doubles: Slice<Double>, shard: Int) {
        precondition(doubles.count == count && shard < shards, "\(doubles.count) moments of shard \(shard)")
        let (words, first) = (sum.all, 2 * count * shard)
        for index in doubles.indices {
            let bits = doubles[index].bitPattern
            words[first + 2 * index] = Int32(truncatingIfNeeded: bits)
            words[first + 2 * index + 1] = Int32(truncatingIfNeeded: bits >> 32)
        }
    }

    /// The doubles of every shard, once the exchange is over; they are valid until the next one is over.
    var gathered: [Slice<Double>] {
        for (shard, doubles) in doubles.enumerated() {
            let (words, first) = (sum.all, 2 * count * shard)
            for index in doubles.indices {
                let low = UInt32(bitPattern: words[first + 2 * index])
                let high = UInt32(bitPattern: words[first + 2 * index + 1])
                doubles[index] = Double(bitPattern: UInt64(high) << 32 | UInt64(low))
            }
        }
        return doubles
    }
}
