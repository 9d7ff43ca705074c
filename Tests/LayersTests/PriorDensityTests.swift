import Glibc
import Kernels
import Layers
import Testing

@Suite struct PriorDensityTests {
    init() { FloatingPoint.setModes() }

    static let priors = [
        PriorDensity.gaussian(std: 0.8), .petals(components: 1, radial: 0.5, tangential: 0.1, distance: 0),
        .petals(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4),
    ]

    @Test("a density's mass over the plane is 1", arguments: priors)
    func mass(_ prior: PriorDensity) {
        let (cells, reach) = (400, 6.0)
        let side = 2 * reach / Double(cells)
        let points = Matrix(rows: cells * cells, columns: 2)
        for row in 0..<points.rows {
            points[row, 0] = Float(-reach + (Double(row / cells) + 0.5) * side)
            points[row, 1] = Float(-reach + (Double(row % cells) + 0.5) * side)
        }
        let mass = prior.logDensities(points).reduce(0) { $0 + exp($1) * side * side }
        #expect(abs(mass - 1) < 1e-3)
    }

    @Test("the cross-entropy is the sum of the rows' costs, and its gradient may take the codes' place", arguments: priors)
    func crossEntropy(_ prior: PriorDensity) {
        let codes = randomMatrix(rows: 17, columns: 2, seed: 1)
        let gradient = Matrix(rows: 17, columns: 2)
        let logDensities = prior.logDensities(codes)
        let cost = prior.crossEntropy(codes, gradient: gradient)
        #expect(abs(cost + logDensities.reduce(0, +)) < 1e-9 * (1 + abs(cost)))
        // A small step down the gradient makes a code likelier by its square.
        let step: Float = 1e-5
        let moved = Matrix(Slice(codes.values.array), rows: 17, columns: 2)
        Elementwise.axpy(-step, gradient.values, into: moved.values)
        let square = Sums.sumOfSquares(gradient.values)
        let gained = cost - prior.crossEntropy(moved, gradient: moved)
        #expect(abs(gained / (Double(step) * square) - 1) < 0.02)
        #expect(prior.crossEntropy(codes, gradient: codes) == cost && codes.values.array == gradient.values.array)
    }
}
