import Kernels

// Shapes of this file: N codes, Z dimensions, K classes; parameters (K, Z + 1), the last column the offsets.

/// Multinomial logistic regression on codes: how well planes separate the classes.
///
/// The same problem as scikit-learn's `LogisticRegression` after a `StandardScaler`: the mean cross-entropy plus ½ ‖W‖² / N,
/// without the offsets, on codes of mean 0 and variance 1. It is convex and solved by L-BFGS on all codes until the gradient
/// vanishes, in double precision over chunks of a fixed size: the number of threads does not change the result.
public struct LinearProbe: Sendable {
    /// Codes whose gradients are computed together.
    private static let chunkRows = 5_000
    /// The problem counts as solved when no element of the gradient is larger than this.
    public static let tolerance = 1e-7
    static let mostRounds = 2_000

    public let classes: Int
    /// Rounds that were made.
    public let rounds: Int
    /// Whether the gradient has vanished. Otherwise the rounds were too few, no step made the loss smaller any more, or a code is
    /// NaN.
    public let isConverged: Bool
    private let scaling: Scaling
    private let parameters: [Double]

    /// - Parameters:
    ///   - codes: (N, Z), one at least.
    ///   - labels: (N), each less than `classes`.
    ///   - pace: called before each round.
    public init(
        _ codes: Matrix, labels: [UInt8], classes: Int, team: ThreadTeam, pace: @escaping WorkPace = { _ in }
    ) throws {
        precondition(codes.rows > 0 && labels.count == codes.rows, "\(labels.count) labels of \(codes.rows) codes")
        precondition(labels.allSatisfy { $0 < classes }, "a label is not among the classes")
        let scaling = Scaling(codes)
        let problem = ProbeProblem(features: scaling.scaled(codes), labels: labels, size: codes.columns, classes: classes)
        var minimiser = Minimiser(start: Array(repeating: 0, count: classes * (codes.columns + 1)))
        let found = try minimiser.minimise(tolerance: Self.tolerance, mostRounds: Self.mostRounds, pace: pace) { parameters in
            let starts = Array(stride(from: 0, to: labels.count, by: Self.chunkRows))
            let parts = try team.map(starts.count) {
                problem.sums(parameters, rows: starts[$0]..<min(labels.count, starts[$0] + Self.chunkRows))
            }
            return problem.total(parts, parameters)
        }
        self.classes = classes
        self.scaling = scaling
        parameters = minimiser.point
        (rounds, isConverged) = (found.rounds, found.isConverged)
    }

    /// The likeliest class of each code (N, Z); of equal ones the lowest.
    public func classes(of codes: Matrix) -> [UInt8] {
        let features = scaling.scaled(codes)
        return (0..<codes.rows).map { row in
            let logits = ProbeProblem.logits(parameters, features[row * codes.columns..<(row + 1) * codes.columns], classes)
            return UInt8(logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 })
        }
    }

    /// The share of codes that are given a wrong class; NaN without codes.
    public func error(of codes: Matrix, labels: [UInt8]) -> Double {
        precondition(labels.count == codes.rows, "\(labels.count) labels of \(codes.rows) codes")
        return Double(zip(classes(of: codes), labels).count { $0 != $1 }) / Double(labels.count)
    }
}

/// Scales the columns of codes to mean 0 and variance 1; the deviation of a constant column counts as 1.
struct Scaling: Sendable {
    private let means: [Double]
    private let deviations: [Double]

    init(_ codes: Matrix) {
        let statistics = CodeStatistics(codes)
        means = statistics.meanByDimension
        deviations = statistics.stdByDimension.map { $0 > 0 ? $0 : 1 }
    }

    /// Row after row.
    func scaled(_ codes: Matrix) -> [Double] {
        let columns = codes.columns
        return codes.values.array.enumerated().map { (Double($1) - means[$0 % columns]) / deviations[$0 % columns] }
    }
}

/// The loss of a linear probe.
private struct ProbeProblem: Sendable {
    /// (N, Z), row after row.
    let features: [Double]
    let labels: [UInt8]
    let size: Int
    let classes: Int

    struct Sums: Sendable {
        var loss = 0.0
        var gradient: [Double]
    }

    static func logits(_ parameters: [Double], _ features: ArraySlice<Double>, _ classes: Int) -> [Double] {
        let width = features.count + 1
        return (0..<classes).map { label in
            var sum = parameters[label * width + features.count]
            var at = label * width
            for feature in features {
                sum += parameters[at] * feature
                at += 1
            }
            return sum
        }
    }

    /// Cross-entropy and its gradient, summed over some rows in their order.
    func sums(_ parameters: [Double], rows: Range<Int>) -> Sums {
        let width = size + 1
        var sums = Sums(gradient: Array(repeating: 0, count: parameters.count))
        for row in rows {
            let own = features[row * size..<(row + 1) * size]
            let logits = Self.logits(parameters, own, classes)
            let most = logits.max() ?? 0
            let powers = logits.map { VectorMath.exp($0 - most) }
            let total = powers.reduce(0, +)
            sums.loss += most + VectorMath.log(total) - logits[Int(labels[row])]
            for label in 0..<classes {
                let slope = powers[label] / total - (label == Int(labels[row]) ? 1 : 0)
                var at = label * width
                for feature in own {
                    sums.gradient[at] += slope * feature
                    at += 1
                }
                sums.gradient[at] += slope
            }
        }
        return sums
    }

    /// The mean loss over all rows plus the penalty, and its gradient.
    func total(_ parts: [Sums], _ parameters: [Double]) -> (value: Double, gradient: [Double]) {
        let count = Double(labels.count)
        var loss = 0.0
        var gradient = [Double](repeating: 0, count: parameters.count)
        for part in parts {
            loss += part.loss
            for index in gradient.indices { gradient[index] += part.gradient[index] }
        }
        for index in parameters.indices where index % (size + 1) < size {
            loss += 0.5 * parameters[index] * parameters[index]
            gradient[index] += parameters[index]
        }
        return (loss / count, gradient.map { $0 / count })
    }
}
