import Glibc
import Kernels
import Testing

@Suite("Gaussian posterior and densities") struct PosteriorTests {
    /// Rows and dimensions of the code.
    static let shapes = [(0, 3), (1, 1), (4, 2), (25, 10), (3, 16), (7, 17), (2, 50)]

    private func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        Matrix(testValues(rows * columns, seed: seed), rows: rows, columns: columns)
    }

    @Test("Samples, divergence and their gradients follow their formulas in double precision", arguments: shapes)
    func formulas(rows: Int, code: Int) {
        let (head, noise) = (matrix(rows, 2 * code, seed: 1), matrix(rows, code, seed: 2))
        let dz = matrix(rows, code, seed: 3)
        let (z, sent) = (Matrix(rows: rows, columns: code), Matrix(rows: rows, columns: 2 * code))
        Posterior.forward(head, noise: noise, into: z)
        Posterior.backward(dz, head: head, noise: noise, into: sent)
        let lost = Matrix(rows: rows, columns: 2 * code)
        let sums = Posterior.divergence(head, precision: 0.25, gradient: lost)
        var (energy, logVariances) = (0.0, 0.0)
        func near(_ found: Float, _ expected: Double) -> Bool { abs(Double(found) - expected) < 1e-5 * (1 + abs(expected)) }
        for row in 0..<rows {
            for c in 0..<code {
                let (mean, logarithm) = (Double(head[row, c]), Double(head[row, code + c]))
                let deviation = exp(logarithm / 2) * Double(noise[row, c])
                #expect(near(z[row, c], mean + deviation))
                #expect(sent[row, c] == dz[row, c] && near(sent[row, code + c], Double(dz[row, c]) * deviation / 2))
                #expect(near(lost[row, c], mean / 4) && near(lost[row, code + c], (exp(logarithm) / 4 - 1) / 2))
                energy += (mean * mean + exp(logarithm)) / 8
                logVariances += logarithm
            }
        }
        #expect(abs(sums.energy - energy) < 1e-6 * (1 + energy) && abs(sums.logVariances - logVariances) < 1e-9)
        let again = Posterior.divergence(head, precision: 0.25, gradient: head)
        #expect(again == sums && bits(head.values) == bits(lost.values))
    }

    @Test("A precision of 0 leaves the entropy alone")
    func entropy() {
        let head = matrix(3, 4, seed: 4)
        let before = head.values.array
        let sums = Posterior.divergence(head, precision: 0, gradient: head)
        #expect(sums.energy == 0)
        #expect(abs(sums.logVariances - (0..<3).reduce(0) { $0 + Double(before[4 * $1 + 2]) + Double(before[4 * $1 + 3]) }) < 1e-12)
        #expect((0..<3).allSatisfy { head.row($0).array == [0, 0, -0.5, -0.5] })
    }

    @Test("The Gaussian's log-density and the gradient of its negative", arguments: shapes)
    func gaussian(rows: Int, code: Int) {
        let z = matrix(rows, code, seed: 5)
        let gradient = Matrix(rows: rows, columns: code)
        let densities = Storage<Double>(count: rows).all
        Densities.gaussian(z, std: 3, into: densities, gradient: gradient)
        for row in 0..<rows {
            let values = z.row(row).array.map(Double.init)
            let expected = values.reduce(0) { $0 - $1 * $1 / 18 - log(3 * (2 * Double.pi).squareRoot()) }
            #expect(abs(densities[row] - expected) < 1e-10 * (1 + abs(expected)))
            for c in 0..<code { #expect(abs(Double(gradient[row, c]) - values[c] / 9) < 1e-6) }
        }
    }

    /// The mixture's log-density by its definition.
    private func petals(_ x: Double, _ y: Double, _ components: Int) -> Double {
        let densities = (0..<components).map { k -> Double in
            let turn = 2 * Double.pi * Double(k) / Double(components)
            let along = (x * cos(turn) + y * sin(turn) - 1.4) / 0.5
            let across = (y * cos(turn) - x * sin(turn)) / 0.1
            return exp(-(along * along + across * across) / 2) / (2 * Double.pi * 0.5 * 0.1)
        }
        return log(densities.reduce(0, +) / Double(components))
    }

    @Test("The petals' log-density and the gradient of its negative, by central differences", arguments: [1, 2, 10])
    func mixture(components: Int) {
        let z = Matrix(rows: 200, columns: 2)
        RandomSource(seed: 6, purpose: .prior, step: 0).fillUniform(z, firstRow: 0)
        for i in z.values.indices { z.values[i] = 3 * z.values[i] - 1.5 }
        let gradient = Matrix(rows: 200, columns: 2)
        let densities = Storage<Double>(count: 200).all
        func draw(_ gradient: Matrix?) {
            Densities.petals(
                z, components: components, radial: 0.5, tangential: 0.1, distance: 1.4, into: densities, gradient: gradient)
        }
        draw(gradient)
        for row in 0..<200 {
            let (x, y) = (Double(z[row, 0]), Double(z[row, 1]))
            let expected = petals(x, y, components)
            #expect(abs(densities[row] - expected) < 1e-9 * (1 + abs(expected)))
            let step = 1e-6
            let dx = -(petals(x + step, y, components) - petals(x - step, y, components)) / (2 * step)
            let dy = -(petals(x, y + step, components) - petals(x, y - step, components)) / (2 * step)
            #expect(abs(Double(gradient[row, 0]) - dx) < 1e-4 * (1 + abs(dx)))
            #expect(abs(Double(gradient[row, 1]) - dy) < 1e-4 * (1 + abs(dy)))
        }
        let before = densities.array
        draw(nil)
        #expect(densities.array == before)
    }

    @Test("Far from every petal the density is small and its gradient still points home")
    func far() {
        let z = Matrix(Slice([1000, 0]), rows: 1, columns: 2)
        let densities = Storage<Double>(count: 1).all
        Densities.petals(z, components: 10, radial: 0.5, tangential: 0.1, distance: 1.4, into: densities, gradient: z)
        #expect(densities[0] < -1e6 && densities[0].isFinite && z[0, 0] > 1000 && abs(z[0, 1]) < 1e-3)
    }
}
