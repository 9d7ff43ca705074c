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

    /// The same tensor `offset` elements further on, for a buffer that holds several networks.
    public func moved(by offset: Int) -> TensorSpec {
        TensorSpec(name: name, shape: shape, range: range.lowerBound + offset..<range.upperBound + offset)
    }
}

/// The tensors of one multilayer perceptron in one flat buffer: weight and bias of each dense layer in turn.
///
/// Optimizer, reduction and checkpoint are then each one loop over one array.
public struct ParameterLayout: Sendable, Hashable {
    public let tensors: [TensorSpec]
    /// Elements of the flat buffer.
    public let count: Int

    /// - Parameters:
    ///   - prefix: name of the network, `encoder` or `discriminator.code`.
    ///   - widths: inputs, hidden widths, outputs; at least two.
    public init(prefix: String, widths: [Int]) {
        precondition(widths.count >= 2 && widths.allSatisfy { $0 >= 1 }, "\(prefix): widths \(widths)")
        var tensors: [TensorSpec] = []
        var next = 0
        for layer in 0..<widths.count - 1 {
            let (inputs, outputs) = (widths[layer], widths[layer + 1])
            tensors.append(
                TensorSpec(name: "\(prefix).\(layer).weight", shape: [outputs, inputs], range: next..<next + outputs * inputs))
            next += outputs * inputs
            tensors.append(TensorSpec(name: "\(prefix).\(layer).bias", shape: [outputs], range: next..<next + outputs))
            next += outputs
        }
        self.tensors = tensors
        self.count = next
    }

    /// Tensor indices in the order in which a backward pass completes them: last layer first, its bias before its weight.
    public var readyOrder: [Int] { tensors.indices.reversed() }
}
