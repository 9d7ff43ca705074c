import Kernels

/// The random numbers that round the gradients of one run of a phase: a function of seed, step, phase, tensor, shard and element alone, so that the
/// loss of a worker changes nothing, and a phase that is run again is rounded in the same way.
public struct StochasticRounding: Sendable {
    let source: RandomSource
    private let phase: Int

    /// - Parameters:
    ///   - step: counted from 0.
    ///   - phase: its index in the step.
    public init(seed: UInt64, step: UInt64, phase: Int) {
        precondition(phase >= 0 && phase < 1 << 8, "phase \(phase)")
        source = RandomSource(seed: seed, purpose: .stochasticRounding, step: step)
        self.phase = phase
    }

    /// The source's row for a shard's gradient of a tensor; elements are counted from the tensor's first.
    func row(tensor: Int, shard: Int) -> UInt32 {
        precondition(tensor >= 0 && tensor < 1 << 16 && shard >= 0 && shard < 1 << 8, "tensor \(tensor), shard \(shard)")
        return UInt32(phase) << 24 | UInt32(tensor) << 8 | UInt32(shard)
    }
}
