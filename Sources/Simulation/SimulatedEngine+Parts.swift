import Kernels

/// What this worker's shards add to an exchange, and the update by its sum.
extension SimulatedEngine {
    func apply(_ sums: [UInt64], _ change: SimulatedReplica.Change) {
        replica!.apply(sums, change)
        world.counts.phases += 1
        world.referee.applied(replica!, worker, seat: nil)
    }

    /// This worker's shards' part of an exchange of moments.
    func moments(_ state: SimulatedReplica.State, _ segment: Int, _ before: UInt64) -> UInt64 {
        shards.reduce(UInt64(0)) {
            $0 &+ world.scenario.arithmetic.moments(of: $1, segment: segment, state: state, before: before)
        }
    }

    /// This worker's shards' part of each value.
    func parts(_ state: SimulatedReplica.State, _ phase: Int, _ exponent: Int, _ moments: UInt64) -> [UInt64] {
        let arithmetic = world.scenario.arithmetic
        var isWarm = true
        if world.dropped == .coldPhases {
            let step = state.applied / UInt64(arithmetic.phases)
            if phase == 0 { warm = (step, shards) }
            isWarm = warm.map { $0.step == step && $0.shards == shards } ?? false
        }
        return (0..<arithmetic.values).map { value in
            shards.reduce(UInt64(0)) {
                $0
                    &+ arithmetic.part(
                        of: $1, value: value, state: state, exponent: isWarm ? exponent : 99, moments: moments)
            }
        }
    }

    /// This worker's shards' statistics of a bucket.
    func statistics(_ applied: UInt64, _ bucket: Int) -> TensorStatistics {
        shards.reduce(into: TensorStatistics()) {
            $0.merge(world.scenario.arithmetic.statistics(of: $1, bucket: bucket, applied: applied))
        }
    }

    /// The buffer in which the phase after `applied` phases is summed.
    func buffer(_ applied: UInt64) -> Int {
        world.dropped == .ownSumBuffer ? 0 : Int(applied % UInt64(max(2, world.scenario.arithmetic.phases)))
    }
}
