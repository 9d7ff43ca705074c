import Autoencoder
import Kernels
import Layers

// Shapes of this file: N codes, B rows of a minibatch, Z dimensions, H hidden units.

/// How well a classifier trained only for this figure tells codes from samples of the prior. The
/// discriminator that trained the encoder has learnt along with it and says little.
///
/// Two hidden layers of ReLU, trained by Adam on one half of the codes and as many samples; the figure is measured on the other half. One
/// thread, and all randomness from the seed: the same codes give the same figure.
public struct Discriminability: Sendable, Hashable {
    /// The share of held-out codes and samples that are classified correctly: 0.5 is ideal, 1 means that codes lie elsewhere. NaN
    /// where a code is NaN.
    public let accuracy: Double
    /// The number of held-out codes, which is also that of held-out samples.
    public let heldOut: Int

    static let hidden = 64
    /// Training steps, however many codes there are.
    static let steps = 4_000
    /// Codes of a minibatch, beside as many samples.
    static let half = 50

    /// - Parameters:
    ///   - codes: (N, Z), at least four; the even rows train.
    ///   - pace: called before each round through the codes.
    public init(_ codes: Matrix, prior: PriorSettings, seed: UInt64, pace: WorkPace = { _ in }) throws {
        precondition(codes.rows >= 4, "\(codes.rows) codes are too few to train on")
        let samples = Matrix(rows: codes.rows, columns: codes.columns)
        prior.sample(into: samples, source: RandomSource(seed: seed, purpose: .evaluation, step: 13), firstRow: 0)
        let scaling = Scaling(samples)
        let sets = [codes, samples].map { Self.halves($0, scaling) }
        let classifier = SmallClassifier(inputs: codes.columns, hidden: Self.hidden, seed: seed, firstStep: 15)
        let (own, others) = (sets[0].training, sets[1].training)
        // Minibatches are consecutive pieces of a random order of all codes; when no whole one is left, a new order is drawn.
        let perRound = max(1, own.rows / Self.half)
        var orders: [[Int]] = []
        let source = RandomSource(seed: seed, purpose: .evaluation, step: 14)
        for step in 0..<Self.steps {
            let (round, place) = (step / perRound, step % perRound)
            if place == 0 {
                try pace(Double(step) / Double(Self.steps))
                orders = (0..<2).map { source.order(of: own.rows, round: 2 * round + $0) }
            }
            let rows = place * Self.half..<min(own.rows, (place + 1) * Self.half)
            classifier.step(Self.joined(Self.rows(others, orders[1][rows]), Self.rows(own, orders[0][rows]))) { logits in
                _ = AdversarialLoss.gradient(logits: logits.rows(0..<rows.count), real: true)
                _ = AdversarialLoss.gradient(logits: logits.rows(rows.count..<logits.rows), real: false)
            }
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

    private static func joined(_ one: Matrix, _ other: Matrix) -> Matrix {
        let both = Matrix(rows: one.rows + other.rows, columns: one.columns)
        both.rows(0..<one.rows).values.copy(from: one.values)
        both.rows(one.rows..<both.rows).values.copy(from: other.values)
        return both
    }
}
