import Kernels

// Shapes of this file: B rows of the matrix that holds all shards' blocks, I inputs and O outputs of one dense layer.

/// Dense layers with ReLU between them and a linear last one; the nonlinearity behind that belongs to the loss.
///
/// Its parameters are one flat buffer. Lanes read them at the same time; only an update, between phases, writes.
public final class MultilayerPerceptron: @unchecked Sendable {
    /// Inputs, hidden widths, outputs.
    public let widths: [Int]
    public let layout: ParameterLayout
    public let parameters: Storage<Float>

    public init(name: String, widths: [Int]) {
        self.widths = widths
        layout = ParameterLayout(prefix: name, widths: widths)
        parameters = Storage<Float>(count: layout.count)
    }

    public var layers: Int { widths.count - 1 }
    public var inputs: Int { widths[0] }
    public var outputs: Int { widths[layers] }

    /// (O, I)
    func weight(_ layer: Int) -> Matrix {
        Matrix(parameters[layout.tensors[2 * layer].range], rows: widths[layer + 1], columns: widths[layer])
    }

    /// (O)
    func bias(_ layer: Int) -> Slice<Float> { parameters[layout.tensors[2 * layer + 1].range] }

    /// Computes every layer's output, shard by shard: only then does no bit of it depend on how shards lie together.
    ///
    /// - Parameters:
    ///   - input: (B, inputs).
    ///   - activations: receives the outputs.
    ///   - blocks: the shards' rows.
    /// - Returns: (B, outputs), the last layer's.
    @discardableResult
    public func forward(
        _ input: Matrix, into activations: Activations, blocks: RowBlocks
    ) -> Matrix {
        precondition(input.rows == blocks.rows && input.columns == inputs, "input of (\(input.rows), \(input.columns))")
        var x = input
        for layer in 0..<layers {
            let y = activations.output(ofLayer: layer, rows: blocks.rows)
            for rows in blocks.ranges where !rows.isEmpty {
                let output = y.rows(rows)
                Products.forward(x.rows(rows), weight(layer), into: output)
                if layer < layers - 1 {
                    Elementwise.addBiasReLU(output, bias(layer))
                } else {
                    Elementwise.addBias(output, bias(layer))
                }
            }
            x = y
        }
        return x
    }

    /// Delivers every tensor's gradient, shard by shard, from the last layer down.
    ///
    /// - Parameters:
    ///   - outputGradient: (B, outputs), of the loss summed over rows.
    ///   - input: (B, inputs), as in the forward pass that filled `activations`.
    ///   - inputGradient: (B, inputs), receives the gradient of the input; nil where nothing stands below.
    ///   - delivery: where the gradients go; nil for a network that this phase does not change.
    public func backward(
        _ outputGradient: Matrix, input: Matrix, activations: Activations, blocks: RowBlocks, scratch: BackwardScratch,
        inputGradient: Matrix?, delivery: Delivery?
    ) {
        var dy = outputGradient
        for layer in (0..<layers).reversed() {
            let x = layer == 0 ? input : activations.output(ofLayer: layer - 1, rows: blocks.rows)
            if let delivery {
                deliver(dy, x, layer: layer, blocks: blocks, scratch: scratch, to: delivery)
            }
            if layer > 0 {
                let dx = scratch.gradient(belowLayer: layer, rows: blocks.rows, columns: widths[layer])
                for rows in blocks.ranges where !rows.isEmpty {
                    Products.backwardInput(dy.rows(rows), weight(layer), into: dx.rows(rows))
                    Elementwise.reluBackward(dx.rows(rows).values, output: x.rows(rows).values)
                }
                dy = dx
            } else if let inputGradient {
                for rows in blocks.ranges where !rows.isEmpty {
                    Products.backwardInput(dy.rows(rows), weight(0), into: inputGradient.rows(rows))
                }
            }
        }
    }

    /// One layer's bias and weight gradients of each shard.
    private func deliver(
        _ dy: Matrix, _ x: Matrix, layer: Int, blocks: RowBlocks, scratch: BackwardScratch, to delivery: Delivery
    ) {
        let (weight, bias) = (delivery.firstTensor + 2 * layer, delivery.firstTensor + 2 * layer + 1)
        for (shard, rows) in zip(blocks.shards, blocks.ranges) {
            if rows.isEmpty {
                delivery.sink.deliverNothing(tensor: bias, shard: shard)
                delivery.sink.deliverNothing(tensor: weight, shard: shard)
                continue
            }
            let db = scratch.biasTile(count: dy.columns)
            Elementwise.columnSums(dy.rows(rows), into: db)
            delivery.sink.deliver(tensor: bias, gradient: db, shard: shard)
            let dw = scratch.weightTile(rows: dy.columns, columns: x.columns)
            Products.backwardWeight(dy.rows(rows), x.rows(rows), into: dw)
            delivery.sink.deliver(tensor: weight, gradient: dw.values, shard: shard)
        }
    }
}

/// Where a backward pass delivers, and which of the phase's tensors is the network's first.
public struct Delivery: Sendable {
    public let sink: any GradientSink
    public let firstTensor: Int

    public init(sink: any GradientSink, firstTensor: Int) {
        self.sink = sink
        self.firstTensor = firstTensor
    }
}
