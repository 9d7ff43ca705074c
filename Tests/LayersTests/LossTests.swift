import Glibc
import Kernels
import Layers
import Testing

@Suite struct LossTests {
    init() { FloatingPoint.setModes() }

    private func sigmoid(_ z: Double) -> Double { 1 / (1 + exp(-z)) }

    private func naive(_ loss: ReconstructionLoss, _ z: Double, _ x: Double) -> Double {
        switch loss {
        case .halfSquaredErrorLinear: 0.5 * (z - x) * (z - x)
        case .halfSquaredErrorSigmoid: 0.5 * (sigmoid(z) - x) * (sigmoid(z) - x)
        case .crossEntropySigmoid: -x * log(sigmoid(z)) - (1 - x) * log(1 - sigmoid(z))
        }
    }

    @Test(
        "reconstruction losses and their gradients agree with double precision",
        arguments: [
            ReconstructionLoss.halfSquaredErrorLinear, .halfSquaredErrorSigmoid, .crossEntropySigmoid,
        ], [1, 17, 64])
    func reconstruction(_ loss: ReconstructionLoss, pixels: Int) {
        let logits = randomMatrix(rows: 3, columns: pixels, seed: 8)
        let target = Matrix(rows: 3, columns: pixels)
        RandomSource(seed: 9, purpose: .spare, step: 0).fillUniform(target, firstRow: 0)
        let (z, x) = (doubles(logits.values), doubles(target.values))
        let sums = loss.gradient(logits: logits, target: target)
        let expected = zip(z, x).reduce(0) { $0 + naive(loss, $1.0, $1.1) }
        let error = zip(z, x).reduce(0) {
            let output = loss == .halfSquaredErrorLinear ? $1.0 : sigmoid($1.0)
            return $0 + (output - $1.1) * (output - $1.1)
        }
        #expect(abs(sums.loss - expected) < 1e-5 * expected)
        #expect(abs(sums.squaredError - error) < 1e-5 * error)
        let gradient = finiteDifferences(z) { moved in zip(moved, x).reduce(0) { $0 + naive(loss, $1.0, $1.1) } }
        #expect(relativeError(logits.values.array, gradient) < 1e-5)
    }

    @Test("the adversarial loss and its gradient agree with double precision", arguments: [true, false])
    func adversarial(real: Bool) {
        let logits = randomMatrix(rows: 17, columns: 1, seed: 10)
        let z = doubles(logits.values)
        func naive(_ z: [Double]) -> Double { z.reduce(0) { $0 - log(sigmoid(real ? $1 : -$1)) } }
        let found = AdversarialLoss.gradient(logits: logits, real: real)
        #expect(abs(found - naive(z)) < 1e-5 * naive(z))
        #expect(relativeError(logits.values.array, finiteDifferences(z, naive)) < 1e-5)
    }
}
