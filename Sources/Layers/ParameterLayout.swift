/// One named tensor and where it lies in its flat buffer.
public struct TensorSpec: Sendable, Hashable {
    /// `encoder.0.weight`: network, index of the dense layer, role.
    public let name: String
    /// (out, in) for a weight, (n) for a bias: PyTorch's own shapes.
    public let shape: [Int]
    /// Elements of the flat buffer that hold the tensor, row-major.
    public let range: Range<Int>

    public init(name: String, shape: [Int], range: Range<Int>) {
        precondition(shape.reduce(1, *) == range.count, "\(name): shape \(shape) does not fill \(range)")
        self.name = name
        self.shape = shape
        self.range = range
    }

    public var count: Int { range.count }
    /// Elements of a row of a weight; 0 for a vector.
    public var columns: Int { shape.count == 2 ? shape[1] : 0 }

    /// The same tensor `offset` elements further on, for a buffer that holds several networks.
    public func moved(by offset: Int) -> TensorSpec {
        TensorSpec(name: name, shape: shape, range: range.lowerBound + offset..<range.upperBound + offset)
    }
}

/// What a dense layer adds to its product.
public enum LayerOffset: Sendable, Hashable {
    case none, bias
    /// Batch norm, whose β is an offset and whose γ a factor.
    case norm
}

/// The tensors of one dense network in one flat buffer: for each layer in turn its weight, then its bias or the γ and β of its norm.
///
/// So optimizer, reduction and checkpoint are each a loop over one array.
public struct ParameterLayout: Sendable, Hashable {
    public let tensors: [TensorSpec]
    /// Elements of the flat buffer.
    public let count: Int
    private let offsets: [LayerOffset]
    /// The index of each layer's first tensor.
    private let firsts: [Int]

    /// - Parameters:
    ///   - prefix: name of the network, `encoder` or `discriminator.code`.
    ///   - widths: inputs, hidden widths, outputs; at least two.
    ///   - offsets: one for each layer; nil for a bias everywhere.
    public init(prefix: String, widths: [Int], offsets: [LayerOffset]? = nil) {
        precondition(widths.count >= 2 && widths.allSatisfy { $0 >= 1 }, "\(prefix): widths \(widths)")
        let offsets = offsets ?? [LayerOffset](repeating: .bias, count: widths.count - 1)
        precondition(offsets.count == widths.count - 1, "\(prefix): \(offsets.count) offsets of \(widths.count - 1) layers")
        var tensors: [TensorSpec] = []
        var firsts: [Int] = []
        var next = 0
        func add(_ name: String, _ shape: [Int]) {
            let count = shape.reduce(1, *)
            tensors.append(TensorSpec(name: "\(prefix).\(name)", shape: shape, range: next..<next + count))
            next += count
        }
        for (layer, offset) in offsets.enumerated() {
            firsts.append(tensors.count)
            add("\(layer).weight", [widths[layer + 1], widths[layer]])
            switch offset {
            case .none: break
            case .bias: add("\(layer).bias", [widths[layer + 1]])
            case .norm: for role in ["gamma", "beta"] { add("\(layer).\(role)", [widths[layer + 1]]) }
            }
        }
        self.tensors = tensors
        self.count = next
        self.offsets = offsets
        self.firsts = firsts
    }

    /// Index of a layer's weight among the tensors.
    public func weight(_ layer: Int) -> Int { firsts[layer] }
    public func bias(_ layer: Int) -> Int? { offsets[layer] == .bias ? firsts[layer] + 1 : nil }
    /// Index of a norm's γ; its β follows.
    public func gamma(_ layer: Int) -> Int? { offsets[layer] == .norm ? firsts[layer] + 1 : nil }
}
