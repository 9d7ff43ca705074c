import Kernels

/// L-BFGS (Liu and Nocedal 1989) on a smooth convex function; each step is halved until the value falls enough.
struct Minimiser {
    /// Past steps that are kept to estimate the curvature.
    private static let memory = 10
    /// The least share of the decrease promised by the slope that a step must reach.
    private static let sufficient = 1e-4
    private static let mostHalvings = 40

    private(set) var point: [Double]
    private var steps: [(step: [Double], change: [Double], product: Double)] = []

    init(start: [Double]) { point = start }

    /// - Parameter pace: called before each round with the progress: the orders of magnitude that the gradient has lost, of those it must lose.
    mutating func minimise(
        tolerance: Double, mostRounds: Int, pace: WorkPace, _ function: ([Double]) throws -> (value: Double, gradient: [Double])
    ) throws -> (rounds: Int, isConverged: Bool) {
        var (value, gradient) = try function(point)
        let first = max(Self.largest(gradient), tolerance)
        var done = 0.0
        for round in 0..<mostRounds {
            let left = Self.largest(gradient)
            if left <= tolerance { return (round, true) }
            guard value.isFinite, left.isFinite else { return (round, false) }
            let share = VectorMath.log(first / left) / max(VectorMath.log(first / tolerance), 1e-9)
            done = max(done, min(1, share))
            try pace(done)
            let direction = direction(gradient)
            let slope = Self.dot(direction, gradient)
            // Without an estimate of the curvature, the first step's length is derived from the gradient's.
            var rate = steps.isEmpty ? min(1, 1 / Self.dot(gradient, gradient).squareRoot()) : 1.0
            var next = Self.sum(point, direction, rate)
            var (nextValue, nextGradient) = try function(next)
            var halvings = 0
            while !(nextValue <= value + Self.sufficient * rate * slope) {
                halvings += 1
                guard halvings < Self.mostHalvings else { return (round, false) }
                rate /= 2
                next = Self.sum(point, direction, rate)
                (nextValue, nextGradient) = try function(next)
            }
            remember(step: Self.sum(next, point, -1), change: Self.sum(nextGradient, gradient, -1))
            (point, value, gradient) = (next, nextValue, nextGradient)
        }
        return (mostRounds, Self.largest(gradient) <= tolerance)
    }

    private mutating func remember(step: [Double], change: [Double]) {
        let product = Self.dot(step, change)
        guard product > 1e-300 else { return }
        steps.append((step, change, product))
        if steps.count > Self.memory { steps.removeFirst() }
    }

    /// −H g by the two-loop recursion over the kept steps.
    private func direction(_ gradient: [Double]) -> [Double] {
        var q = gradient.map { -$0 }
        var factors = [Double](repeating: 0, count: steps.count)
        for index in steps.indices.reversed() {
            factors[index] = Self.dot(steps[index].step, q) / steps[index].product
            q = Self.sum(q, steps[index].change, -factors[index])
        }
        if let last = steps.last {
            let scale = last.product / Self.dot(last.change, last.change)
            q = q.map { $0 * scale }
        }
        for index in steps.indices {
            let factor = Self.dot(steps[index].change, q) / steps[index].product
            q = Self.sum(q, steps[index].step, factors[index] - factor)
        }
        return q
    }

    /// The largest magnitude; NaN where a value is NaN.
    private static func largest(_ values: [Double]) -> Double { values.reduce(0) { $0.isNaN || abs($1) <= $0 ? $0 : abs($1) } }
    private static func dot(_ x: [Double], _ y: [Double]) -> Double { x.indices.reduce(0) { $0 + x[$1] * y[$1] } }
    private static func sum(_ x: [Double], _ y: [Double], _ factor: Double) -> [Double] { zip(x, y).map { $0 + factor * $1 } }
}
