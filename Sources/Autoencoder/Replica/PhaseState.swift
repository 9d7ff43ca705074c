import Kernels
import Layers

/// What one phase keeps: its optimizer's buffers, the exponents of its exact sum, and the sum itself.
///
/// A network that several phases change has an optimizer state in each (section 2 of the paper: each phase trains by itself). It changes only
/// where its replica does.
final class PhaseState: @unchecked Sendable {
    let description: PhaseDescription
    /// The networks that the phase changes, by their places in the model.
    let changes: [Int]
    /// For each of them, the index of its first tensor among the phase's.
    let firstTensors: [Int: Int]
    let optimizerSettings: OptimizerSettings
    /// Each tensor's parameters, in the memory of its network.
    let parameters: [Slice<Float>]
    /// One flat buffer for each of the optimizer's `stateNames`, laid out like the sum.
    let optimizer: [Storage<Float>]
    /// β₁ᵗ and β₂ᵗ; Adam only.
    let betaPowers: Storage<Double>?
    /// One a tensor, `ExactRule.none` at first.
    let exponents: Storage<Int32>
    /// Where the phase's next run is summed.
    private(set) var sum: Storage<Int32>
    /// The sum that was applied last, kept for members that are one phase behind. It is `sum` itself where other phases come before the next run; a
    /// step's only phase needs a second buffer, since it is summed again at once, while other members have yet to apply it.
    private(set) var lastSum: Storage<Int32>
    /// The exponents that went with the last sum, once the phase has been applied.
    var lastChange: ExponentChange?
    /// The pieces in which an update runs, in order.
    let pieces: [UpdatePiece]
    /// Digests of the sum, which the chain hash is continued by.
    let digests: Storage<UInt64>

    init(_ index: Int, of model: Model, optimizer settings: OptimizerSettings) {
        description = PhaseDescription(index: index, of: model)
        let changes = model.composition.phases[index].changes
        self.changes = changes
        let networks = changes.map { model.networks[$0] }
        var (first, next): ([Int: Int], Int) = ([:], 0)
        for (place, network) in zip(changes, networks) {
            first[place] = next
            next += network.layout.tensors.count
        }
        firstTensors = first
        optimizerSettings = settings
        parameters = networks.flatMap { network in network.layout.tensors.map { network.parameters[$0.range] } }
        let count = description.count
        optimizer = settings.stateNames.map { _ in Storage<Float>(count: count) }
        if case .adam = settings {
            let powers = Storage<Double>(count: 2)
            powers.all.fill(1)
            betaPowers = powers
        } else {
            betaPowers = nil
        }
        exponents = Storage<Int32>(count: description.tensors.count)
        exponents.all.fill(ExactRule.none)
        sum = Storage<Int32>(count: count)
        lastSum = model.composition.phases.count > 1 ? sum : Storage<Int32>(count: count)
        pieces = UpdatePiece.cut(description.tensors)
        digests = Storage<UInt64>(count: pieces.last?.digests.upperBound ?? 0)
    }

    /// Keeps the sum of the phase, which has been applied with these exponents.
    func keepSum(_ change: ExponentChange) {
        swap(&sum, &lastSum)
        lastChange = change
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

    /// Digests of a tensor's pieces, without cutting it.
    static func digests(ofElements count: Int) -> Int {
        count / size * ChainHash.digestCount(size) + (count % size == 0 ? 0 : ChainHash.digestCount(count % size))
    }

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
