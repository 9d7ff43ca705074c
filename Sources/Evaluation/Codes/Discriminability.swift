import Autoencoder
import Kernels
import Layers

// Shapes of this file: N codes, B rows of a minibatch, Z dimensions, H hidden units.

/// How well a classifier that is trained for it alone tells codes from samples of the prior: the
/// discriminator that trained the encoder has learnt with it and says little.
///
/// Two hidden layers of ReLU and Adam on one half of the codes and as many samples; what counts is the other half. One thread, and
/// everything random from the seed: the same codes give the same figure.
public struct Discriminability: Sendable, Hashable {
    /// The share of held-out codes and samples that are told right: 0.5 is ideal, 1 means that codes lie elsewhere; not a number
    /// where a code is none.
    public let accuracy: Double
    /// Held-out codes, and as many samples beside them.
    public let heldOut: Int

    static let hidden = 64
    /// Steps that it is trained for, however many codes there are.
    static let steps = 4_000
    /// Codes of a minibatch, beside as many samples.
    static let half = 50

    /// - Parameters:
    ///   - codes: (N, Z), four at least; the even rows train.
    ///   - pace: called before each round through the codes.
    public init(_ codes: Matrix, prior: PriorSettings, seed: UInt64, pace: WorkPace = { _ in }) throws {
        precondition(codes.rows >= 4, "\(codes.rows) codes are too few to train on")
        let samples = Matrix(rows: codes.rows, columns: codes.columns)
        prior.sample(into: samples, source: RandomSource(seed: seed, purpose: .evaluation, step: 13), firstRow: 0)
        let scaling = Scaling(samples)
        let sets = [codes, samples].map { Self.halves($0, scaling) }
        let classifier = SmallClassifier(inputs: codes.columns, hidden: Self.hidden, seed: seed)
        let (own, others) = (sets[0].training, sets[1].training)
        // Minibatches follow each other through orders of all codes; an order that has no whole one left is drawn anew.
        let perRound = max(1, own.rows / Self.half)
        var orders: [[Int]] = []
        for step in 0..<Self.steps {
            let (round, place) = (step / perRound, step % perRound)
            if place == 0 {
                try pace(Double(step) / Double(Self.steps))
                orders = (0..<2).map { Self.order(of: own.rows, seed: seed, round: 2 * round + $0) }
            }
            let rows = place * Self.half..<min(own.rows, (place + 1) * Self.half)
            classifier.step(real: Self.rows(others, orders[1][rows]), fake: Self.rows(own, orders[0][rows]))
        }
        let logits = sets.map { classifier.logits(of: $0.heldOut).values.array }
        let right = logits[0].count { $0 < 0 } + logits[1].count { $0 >= 0 }
        heldOut = logits[0].count
        let isNumber = logits.allSatisfy { $0.allSatisfy { !$0.isNaN } }
        accuracy = isNumber ? Double(right) / Double(logits[0].count + logits[1].count) : .nan
    }

    /// Even and odd rows, in units of the prior's deviations.
    private static func halves(_ matrix: Matrix, _ scaling: Scaling) -> (training: Matrix, heldOut: Matrix) {
        let scaled = Matrix(Slice(scaling.scaled(matrix).map { Float($0) }), rows: matrix.rows, columns: matrix.columns)
        let rows = Array(0..<matrix.rows)
        return (Self.rows(scaled, rows.filter { $0 % 2 == 0 }[...]), Self.rows(scaled, rows.filter { $0 % 2 == 1 }[...]))
    }

    private static func rows(_ matrix: Matrix, _ rows: ArraySlice<Int>) -> Matrix {
        let chosen = Matrix(rows: rows.count, columns: matrix.columns)
        for (place, row) in rows.enumerated() { chosen.row(place).copy(from: matrix.row(row)) }
        return chosen
    }

    private static func order(of count: Int, seed: UInt64, round: Int) -> [Int] {
        let source = RandomSource(seed: seed, purpose: .evaluation, step: 14)
        var order = Array(0..<count)
        for place in 0..<max(0, count - 1) {
            let word = source.word(row: UInt32(round), element: place)
            order.swapAt(place, place + Int(UInt64(word) * UInt64(count - place) >> 32))
        }
        return order
    }
}

/// Two hidden layers of ReLU and one logit, trained by Adam on the adversarial log-loss.
private final class SmallClassifier {
    /// Weights and offsets of each layer, with the moments of Adam.
    private var layers: [Layer]
    private var steps = 0

    private struct Layer {
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

    init(inputs: Int, hidden: Int, seed: UInt64) {
        let widths = [inputs, hidden, hidden, 1]
        layers = (0..<3).map { layer in
            let source = RandomSource(seed: seed, purpose: .evaluation, step: UInt64(15 + layer))
            return Layer(inputs: widths[layer], outputs: widths[layer + 1], source: source)
        }
    }

    /// (N, 1): above 0 for what is taken for a sample of the prior.
    func logits(of inputs: Matrix) -> Matrix { forward(inputs).last! }

    /// What each layer puts out.
    private func forward(_ inputs: Matrix) -> [Matrix] {
        var outputs: [Matrix] = []
        for (index, layer) in layers.enumerated() {
            let output = Matrix(rows: inputs.rows, columns: layer.weight.rows)
            Products.forward(outputs.last ?? inputs, layer.weight, into: output)
            if index + 1 < layers.count {
                Elementwise.addBiasReLU(output, layer.bias.values)
            } else {
                Elementwise.addBias(output, layer.bias.values)
            }
            outputs.append(output)
        }
        return outputs
    }

    /// One step on samples of the prior and codes, (B, Z) each.
    func step(real: Matrix, fake: Matrix) {
        let rows = real.rows + fake.rows
        let inputs = Matrix(rows: rows, columns: real.columns)
        inputs.rows(0..<real.rows).values.copy(from: real.values)
        inputs.rows(real.rows..<rows).values.copy(from: fake.values)
        let outputs = forward(inputs)
        let logits = outputs[layers.count - 1]
        _ = AdversarialLoss.gradient(logits: logits.rows(0..<real.rows), real: true)
        _ = AdversarialLoss.gradient(logits: logits.rows(real.rows..<rows), real: false)
        Elementwise.scale(logits.values, by: 1 / Float(rows))
        steps += 1
        var slopes = logits
        for index in layers.indices.reversed() {
            let (layer, below) = (layers[index], index > 0 ? outputs[index - 1] : inputs)
            let weight = Matrix(rows: layer.weight.rows, columns: layer.weight.columns)
            let bias = Matrix(rows: 1, columns: layer.weight.rows)
            Products.backwardWeight(slopes, below, into: weight)
            Elementwise.columnSums(slopes, into: bias.values)
            if index > 0 {
                let next = Matrix(rows: rows, columns: layer.weight.columns)
                Products.backwardInput(slopes, layer.weight, into: next)
                Elementwise.reluBackward(next.values, output: below.values)
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
