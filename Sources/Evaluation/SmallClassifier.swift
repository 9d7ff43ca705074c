import Kernels

// Shapes of this file: B rows of a minibatch, I inputs, K logits.

/// Two hidden layers of ReLU, trained by Adam: for figures that need a classifier of their own. One thread.
final class SmallClassifier {
    /// The network so far.
    let network: Network
    private var steps = 0

    /// The layers that are trained; any number of threads may use them while nothing trains them.
    struct Network: Sendable {
        fileprivate let layers: [Layer]

        /// (B, K).
        func logits(of inputs: Matrix) -> Matrix {
            guard let logits = forward(inputs).last else { preconditionFailure("a classifier without layers") }
            return logits
        }

        /// What each layer puts out.
        fileprivate func forward(_ inputs: Matrix) -> [Matrix] {
            var outputs: [Matrix] = []
            for (index, layer) in layers.enumerated() {
                let output = Matrix(rows: inputs.rows, columns: layer.weight.rows)
                PortableProducts.forward(
                    outputs.last ?? inputs, layer.weight, bias: layer.bias.values, isRectified: index + 1 < layers.count,
                    into: output)
                outputs.append(output)
            }
            return outputs
        }
    }

    /// Weights and offsets of a layer, with the moments of Adam.
    fileprivate struct Layer: Sendable {
        /// (out, in).
        let weight: Matrix
        let bias: Matrix
        let weightMoments: (first: Matrix, second: Matrix)
        let biasMoments: (first: Matrix, second: Matrix)

        init(inputs: Int, outputs: Int, source: RandomSource) {
            func zeros(_ rows: Int, _ columns: Int) -> Matrix { Matrix(rows: rows, columns: columns) }
            weight = zeros(outputs, inputs)
            source.fillNormal(weight, firstRow: 0, std: (2 / Float(inputs)).squareRoot())
            bias = zeros(1, outputs)
            weightMoments = (zeros(outputs, inputs), zeros(outputs, inputs))
            biasMoments = (zeros(1, outputs), zeros(1, outputs))
        }
    }

    /// - Parameter firstStep: the first of three consecutive steps by which the layers' weights are drawn.
    init(inputs: Int, hidden: Int, outputs: Int = 1, seed: UInt64, firstStep: UInt64) {
        let widths = [inputs, hidden, hidden, outputs]
        let layers = (0..<3).map { layer in
            let source = RandomSource(seed: seed, purpose: .evaluation, step: firstStep + UInt64(layer))
            return Layer(inputs: widths[layer], outputs: widths[layer + 1], source: source)
        }
        network = Network(layers: layers)
    }

    /// (B, K).
    func logits(of inputs: Matrix) -> Matrix { network.logits(of: inputs) }

    /// One step on rows (B, I).
    ///
    /// - Parameter slopes: replaces logits (B, K) by the gradient of the loss with respect to them; the loss is a sum over the rows.
    func step(_ inputs: Matrix, slopes loss: (Matrix) -> Void) {
        let (rows, layers) = (inputs.rows, network.layers)
        let outputs = network.forward(inputs)
        let logits = outputs[layers.count - 1]
        loss(logits)
        Elementwise.scale(logits.values, by: 1 / Float(rows))
        steps += 1
        var slopes = logits
        for index in layers.indices.reversed() {
            let (layer, below) = (layers[index], index > 0 ? outputs[index - 1] : inputs)
            let weight = Matrix(rows: layer.weight.rows, columns: layer.weight.columns)
            let bias = Matrix(rows: 1, columns: layer.weight.rows)
            PortableProducts.backwardWeight(slopes, below, into: weight)
            Elementwise.columnSums(slopes, into: bias.values)
            if index > 0 {
                let next = Matrix(rows: rows, columns: layer.weight.columns)
                PortableProducts.backwardInput(slopes, layer.weight, behind: below, into: next)
                slopes = next
            }
            move(layer.weight, weight, layer.weightMoments)
            move(layer.bias, bias, layer.biasMoments)
        }
    }

    /// Adam with its usual constants and a rate of 0.001 (Kingma and Ba 2015).
    private func move(_ values: Matrix, _ gradient: Matrix, _ moments: (first: Matrix, second: Matrix)) {
        let (rate, beta1, beta2, epsilon) = (0.001, 0.9, 0.999, 1e-8)
        let logs = (VectorMath.log(beta1), VectorMath.log(beta2))
        let first = 1 - VectorMath.exp(Double(steps) * logs.0)
        let second = 1 - VectorMath.exp(Double(steps) * logs.1)
        for index in values.values.indices {
            let slope = Double(gradient.values[index])
            let m = beta1 * Double(moments.first.values[index]) + (1 - beta1) * slope
            let v = beta2 * Double(moments.second.values[index]) + (1 - beta2) * slope * slope
            moments.first.values[index] = Float(m)
            moments.second.values[index] = Float(v)
            values.values[index] -= Float(rate * (m / first) / ((v / second).squareRoot() + epsilon))
        }
    }
}
