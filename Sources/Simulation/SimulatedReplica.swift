import Kernels
import Wire

/// What stands for the parameters, the optimizers' state and the sums of one worker.
///
/// A phase's gradient is a pure function of the state (its chain hash), the phase, the shard and, where the phase exchanges moments, those of
/// all shards. A value of the sum is the wrapping sum over shards, so a shard that is missing, counted twice or computed from another state
/// shows in the chain.
struct SimulatedReplica {
    /// What a snapshot holds: everything the next phase depends on.
    struct State: Equatable {
        var applied: UInt64 = 0
        var chain: UInt64
        /// One a phase; `none` before the first reduction.
        var exponents: [Int]
    }

    /// The exponents one phase was summed with, and those its next run takes.
    struct Change: Equatable {
        var used: Int
        var next: Int
    }

    enum Decision {
        case apply(Change)
        case again(Int)
    }

    static let none = -1
    /// How far a maximum may outgrow its exponent.
    static let headroom = 2

    private(set) var state: State
    /// One buffer a phase, with every value of its sum, kept until that phase of the next step. A single phase has two buffers that
    /// take turns, since the next step is summed while others have yet to apply this one.
    var sums: [[UInt64]]
    private(set) var changes: [Change?]
    let arithmetic: Arithmetic

    /// What the run's seed decides.
    struct Arithmetic {
        var seed: UInt64
        var phases: Int
        var buckets: Int
        /// Values of a bucket.
        var width: Int
        var shards: Int

        var values: Int { buckets * width }
        func range(ofBucket bucket: Int) -> Range<Int> { bucket * width..<(bucket + 1) * width }

        var fresh: State {
            State(chain: SplitMix.mixed(seed, 1), exponents: [Int](repeating: SimulatedReplica.none, count: phases))
        }

        /// How many exchanges of moments a phase has before that of its gradient: 0 to 2.
        func momentExchanges(ofPhase phase: Int) -> Int { max(Int(SplitMix.mixed(seed, 4, UInt64(phase)) % 4) - 1, 0) }

        /// Buckets of an exchange, and values of each: each attempt has one for every exchange of moments, and one for the gradient.
        func size(of tag: ExchangeTag) -> (buckets: Int, width: Int) {
            let moments = momentExchanges(ofPhase: Int(tag.phase % UInt64(phases)))
            return Int(tag.attempt) % (moments + 1) < moments ? (1, 1) : (buckets, width)
        }

        /// One shard's part of an exchange of moments; `before`: what those before it in the phase have come to.
        func moments(of shard: Int, segment: Int, state: State, before: UInt64) -> UInt64 {
            SplitMix.mixed(seed, 5, state.chain, state.applied, UInt64(shard), UInt64(segment), before)
        }

        /// What the phase's exchanges of moments come to, which every part of its gradient follows from.
        func moments(_ state: State) -> UInt64 {
            (0..<momentExchanges(ofPhase: Int(state.applied % UInt64(phases)))).reduce(0) { before, segment in
                let sum = (0..<shards).reduce(UInt64(0)) { $0 &+ moments(of: $1, segment: segment, state: state, before: before) }
                return SplitMix.mixed(before, sum)
            }
        }

        /// One shard's part of a value of the phase's sum.
        func part(of shard: Int, value: Int, state: State, exponent: Int, moments: UInt64) -> UInt64 {
            SplitMix.mixed(
                seed, state.chain, state.applied, UInt64(shard), UInt64(value), UInt64(bitPattern: Int64(exponent)), moments)
        }

        /// One shard's statistics of a bucket: exactly one shard and bucket have the maximum. `clamped` counts the shards.
        func statistics(of shard: Int, bucket: Int, applied: UInt64) -> TensorStatistics {
            let owner = SplitMix.mixed(seed, 6, applied) % UInt64(shards * buckets) == UInt64(shard * buckets + bucket)
            let maximum = maximum(applied)
            let own = owner ? maximum : Int(SplitMix.mixed(seed, 7, applied, UInt64(shard)) % UInt64(maximum + 1))
            return TensorStatistics(maximumBits: UInt32(own), clamped: 1)
        }

        /// The reduced maximum of a phase, as an exponent: it grows and falls, and now and then past the headroom.
        func maximum(_ applied: UInt64) -> Int { Int(SplitMix.mixed(seed, 2, applied) % 7) }

        func decide(exponent: Int, maximum: Int) -> Decision {
            if exponent == SimulatedReplica.none || maximum > exponent + SimulatedReplica.headroom { return .again(maximum) }
            return .apply(Change(used: exponent, next: max(maximum, exponent - 2)))
        }

        func extend(_ chain: UInt64, _ sums: [UInt64]) -> UInt64 { sums.reduce(chain) { SplitMix.mixed($0, $1) } }
    }

    init(_ arithmetic: Arithmetic) {
        self.arithmetic = arithmetic
        state = arithmetic.fresh
        sums = [[UInt64]](repeating: [UInt64](repeating: 0, count: arithmetic.values), count: max(2, arithmetic.phases))
        changes = [Change?](repeating: nil, count: arithmetic.phases)
    }

    var applied: UInt64 { state.applied }
    var chain: UInt64 { state.chain }
    var step: UInt64 { state.applied / UInt64(arithmetic.phases) }
    var phase: Int { Int(state.applied % UInt64(arithmetic.phases)) }

    var lastPhase: Int { Int((state.applied &- 1) % UInt64(arithmetic.phases)) }
    var holdsLastSum: Bool { state.applied > 0 && changes[lastPhase] != nil }

    var digest: [UInt8] {
        let exponents = state.exponents.reduce(UInt64(3)) { SplitMix.mixed($0, UInt64(bitPattern: Int64($1))) }
        return withUnsafeBytes(of: SplitMix.mixed(state.chain, state.applied, exponents)) { Array($0) }
    }

    /// Sets the exponent the phase is run with.
    mutating func retry(exponent: Int) { state.exponents[phase] = exponent }

    /// Applies the next phase with these sums.
    mutating func apply(_ values: [UInt64], _ change: Change) {
        let phase = phase
        state.chain = arithmetic.extend(state.chain, values)
        state.exponents[phase] = change.next
        changes[phase] = change
        state.applied += 1
    }

    mutating func restore(_ state: State) {
        self.state = state
        for phase in changes.indices { changes[phase] = nil }
    }
}
