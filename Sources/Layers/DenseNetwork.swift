import Kernels

/// The parameters of consecutive dense layers, in one flat buffer; the operations between them belong to the graph.
public final class DenseNetwork: @unchecked Sendable {
    /// Inputs, hidden widths, outputs.
    public let widths: [Int]
    public let layout: ParameterLayout
    public let parameters: Storage<Float>
    private let arithmetic: Arithmetic

    /// Parameters are zero, factors γ one.
    ///
    /// - Parameter offsets: one for each layer; nil for a bias everywhere.
    public init(name: String, widths: [Int], offsets: [LayerOffset]? = nil, arithmetic: Arithmetic = Arithmetic(.openblas)) {
        self.widths = widths
        layout = ParameterLayout(prefix: name, widths: widths, offsets: offsets)
        parameters = Storage<Float>(count: layout.count)
        self.arithmetic = arithmetic
        for layer in 0..<widths.count - 1 {
            if let gamma = layout.gamma(layer) { parameters[layout.tensors[gamma].range].fill(1) }
        }
    }

    public var layers: Int { widths.count - 1 }
    public var inputs: Int { widths[0] }
    public var outputs: Int { widths[layers] }

    public func dense(_ layer: Int, isRectified: Bool) -> Dense {
        Dense(
            weight: weight(layer), bias: layout.bias(layer).map { parameters[layout.tensors[$0].range] }, isRectified: isRectified,
            arithmetic)
    }

    private func weight(_ layer: Int) -> Matrix {
        Matrix(parameters[layout.tensors[layout.weight(layer)].range], rows: widths[layer + 1], columns: widths[layer])
    }

    /// The norm behind a layer that has one.
    public func norm(_ layer: Int) -> BatchNorm {
        guard let gamma = layout.gamma(layer) else { preconditionFailure("layer \(layer) is not normalised") }
        return BatchNorm(gamma: parameters[layout.tensors[gamma].range], beta: parameters[layout.tensors[gamma + 1].range])
    }
}
