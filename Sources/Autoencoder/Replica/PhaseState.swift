import Kernels
import Layers

/// What one phase keeps: its optimizer's buffers, the exponents of its exact sum, and the sum itself.
///
/// The encoder is changed by two phases and so has two optimizer states (paper.md section 1). It changes only
/// where its replica does.
final class PhaseState: @unchecked Sendable {
    let description: PhaseDescription
    let kind: PhaseKind
    let optimizerSettings: OptimizerSettings
    /// Each tensor's parameters, in the memory of its network.
    let parameters: [Slice<Float>]
    /// One flat buffer for each of the optimizer's `stateNames`, laid out like the sum.
    let optimizer: [Storage<Float>]
    /// β₁ᵗ and β₂ᵗ; Adam only.
    let betaPowers: Storage<Double>?
    /// One a tensor, `ExactRule.none` at first.
    let exponents: Storage<Int32>
    /// Kept from one step to the next, for members that are one phase behind.
    let sum: Storage<Int32>
    /// The exponents that went with the sum, once the phase has been applied.
    var lastChange: ExponentChange?
    /// The pieces in which an update runs, in order.
    let pieces: [UpdatePiece]
    /// Digests of the sum, which the chain hash is continued by.
    let digests: Storage<UInt64>

    init(
        description: PhaseDescription, kind: PhaseKind, optimizer settings: OptimizerSettings,
        networks: [MultilayerPerceptron]
    ) {
        self.description = description
        self.kind = kind
        optimizerSettings = settings
        parameters = networks.flatMap { network in network.layout.tensors.map { network.parameters[$0.range] } }
        optimizer = settings.stateNames.map { _ in Storage<Float>(count: description.count) }
        if case .adam = settings {
            let powers = Storage<Double>(count: 2)
            powers.all.fill(1)
            betaPowers = powers
        } else {
            betaPowers = nil
        }
        exponents = Storage<Int32>(count: description.tensors.count)
        exponents.all.fill(ExactRule.none)
        sum = Storage<Int32>(count: description.count)
        pieces = UpdatePiece.cut(description.tensors)
        digests = Storage<UInt64>(count: pieces.last?.digests.upperBound ?? 0)
    }
}

/// A piece of one tensor for one thread's update. The pieces do not decide any bits.
struct UpdatePiece: Sendable {
    /// Elements at most.
    static let size = 16 * ChainHash.blockElements

    /// Index among the phase's tensors.
    let tensor: Int
    /// Elements of the tensor.
    let range: Range<Int>
    /// The piece's digests among the phase's.
    let digests: Range<Int>

    static func cut(_ tensors: [TensorSpec]) -> [UpdatePiece] {
        var pieces: [UpdatePiece] = []
        var next = 0
        for (index, tensor) in tensors.enumerated() {
            for start in stride(from: 0, to: tensor.count, by: size) {
                let range = start..<min(start + size, tensor.count)
                let count = ChainHash.digestCount(range.count)
                pieces.append(UpdatePiece(tensor: index, range: range, digests: next..<next + count))
                next += count
            }
        }
        return pieces
    }
}
