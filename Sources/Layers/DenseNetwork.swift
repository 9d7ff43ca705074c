import Kernels

/// The parameters of dense layers one above the other, in one flat buffer; what stands between them is the graph's.
public final class DenseNetwork: @unchecked Sendable {
    /// Inputs, hidden widths, outputs.
    public let widths: [Int]
    public let layout: ParameterLayout
    public let parameters: Storage<Float>
    /// Of portable products the weights as their forward pass reads them, a layer each; none otherwise.
    private let panels: [PortableProducts.Panels]

    /// Parameters are zero, factors γ one.
    ///
    /// - Parameter offsets: a layer each; all have a bias where it is nil.
    public init(name: String, widths: [Int], offsets: [LayerOffset]? = nil, engine: ProductEngine = .openblas) {
        self.widths = widths
        layout = ParameterLayout(prefix: name, widths: widths, offsets: offsets)
        parameters = Storage<Float>(count: layout.count)
        panels =
            engine == .openblas
            ? [] : zip(widths, widths.dropFirst()).map { PortableProducts.Panels(outputs: $1, inputs: $0) }
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
            panels: panels.isEmpty ? nil : panels[layer])
    }

    private func weight(_ layer: Int) -> Matrix {
        Matrix(parameters[layout.tensors[layout.weight(layer)].range], rows: widths[layer + 1], columns: widths[layer])
    }

    /// Takes over weights that have changed; before that no layer computes with them.
    ///
    /// - Parameter team: threads to share the work; without one the caller works alone.
    public func pack(team: ThreadTeam? = nil) {
        let pieces = panels.enumerated().flatMap { layer, panels in (0..<panels.count).map { (layer, $0) } }
        guard let team else {
            for (layer, panel) in pieces { pack(layer, panel) }
            return
        }
        team.run { thread in
            for index in stride(from: thread, to: pieces.count, by: team.threads) { pack(pieces[index].0, pieces[index].1) }
        }
    }

    /// Bytes of the panels of portable products.
    public static func panelBytes(widths: [Int]) -> Int {
        zip(widths, widths.dropFirst()).reduce(0) { sum, layer in
            sum + Storage<Float>.bytes(PortableProducts.Panels.floats(outputs: layer.1, inputs: layer.0))
        }
    }

    private func pack(_ layer: Int, _ panel: Int) { panels[layer].pack(weight(layer), panel..<panel + 1) }

    /// The norm behind a layer that has one.
    public func norm(_ layer: Int) -> BatchNorm {
        guard let gamma = layout.gamma(layer) else { preconditionFailure("layer \(layer) is not normalised") }
        return BatchNorm(gamma: parameters[layout.tensors[gamma].range], beta: parameters[layout.tensors[gamma + 1].range])
    }
}
