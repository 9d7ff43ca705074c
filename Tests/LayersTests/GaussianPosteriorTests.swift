import Glibc
import Kernels
import Layers
import Testing

@Suite struct GaussianPosteriorTests {
    init() { FloatingPoint.setModes() }

    private let code = 5

    /// Mean and standard deviation of each value of a head.
    private func parts(_ head: [Double]) -> [(mean: Double, std: Double)] {
        stride(from: 0, to: head.count, by: 2 * code).flatMap { start in
            (start..<start + code).map { (head[$0], exp(head[$0 + code] / 2)) }
        }
    }

    @Test("a sample's gradient reaches means and log-variances")
    func sample() {
        let head = randomMatrix(rows: 3, columns: 2 * code, seed: 1)
        let (noise, dz) = (randomMatrix(rows: 3, columns: code, seed: 2), randomMatrix(rows: 3, columns: code, seed: 3))
        let (z, gradient) = (Matrix(rows: 3, columns: code), Matrix(rows: 3, columns: 2 * code))
        GaussianPosterior.forward(head, noise: noise, into: z)
        GaussianPosterior.backward(dz, head: head, noise: noise, into: gradient)
        let (h, e, upper) = (doubles(head.values), doubles(noise.values), doubles(dz.values))
        func naive(_ head: [Double]) -> [Double] { zip(parts(head), e).map { $0.mean + $0.std * $1 } }
        #expect(relativeError(z.values.array, naive(h)) < 1e-6)
        let expected = finiteDifferences(h) { moved in zip(naive(moved), upper).reduce(0) { $0 + $1.0 * $1.1 } }
        #expect(relativeError(gradient.values.array, expected) < 1e-5)
    }

    @Test("the divergence from a Gaussian is that of the textbook, with its gradient", arguments: [1.0, 5.0])
    func divergence(std: Double) {
        let head = randomMatrix(rows: 4, columns: 2 * code, seed: 4)
        let h = doubles(head.values)
        func naive(_ head: [Double]) -> Double {
            parts(head).reduce(0) { $0 + log(std / $1.std) + ($1.std * $1.std + $1.mean * $1.mean) / (2 * std * std) - 0.5 }
        }
        let entropy = parts(h).reduce(0) { $0 + 0.5 * log(2 * Double.pi * M_E) + log($1.std) }
        let sums = Divergence.gaussian(head, std: std, gradient: head)
        #expect(abs(sums.divergence - naive(h)) < 1e-5 * naive(h) && abs(sums.entropy - entropy) < 1e-9)
        #expect(relativeError(head.values.array, finiteDifferences(h, naive)) < 1e-5)
    }

    @Test("a posterior that is the prior costs nothing and sends nothing")
    func prior() {
        let head = Matrix(rows: 6, columns: 2 * code)
        let sums = Divergence.gaussian(head, std: 1, gradient: head)
        #expect(abs(sums.divergence) < 1e-12 && head.values.array.allSatisfy { $0 == 0 })
    }

    @Test("the entropy alone has the divergence's entropy, and −½ for each log-variance")
    func entropy() {
        let head = randomMatrix(rows: 4, columns: 2 * code, seed: 5)
        let other = Matrix(Slice(head.values.array), rows: 4, columns: 2 * code)
        let expected = Divergence.gaussian(other, std: 2, gradient: other).entropy
        #expect(Divergence.entropy(head, gradient: head) == expected)
        for row in 0..<4 {
            let half = [Float](repeating: -0.5, count: code)
            #expect(head.row(row).array == [Float](repeating: 0, count: code) + half)
        }
    }

    @Test("the sampled divergence has the closed form as its mean")
    func sampled() {
        let (mean, logVariance): (Float, Float) = (0.7, -0.4)
        let rows = 20_000
        let head = Matrix(rows: rows, columns: 2)
        for row in 0..<rows { (head[row, 0], head[row, 1]) = (mean, logVariance) }
        let (noise, z) = (randomMatrix(rows: rows, columns: 1, seed: 6), Matrix(rows: rows, columns: 1))
        GaussianPosterior.forward(head, noise: noise, into: z)
        let cross = PriorDensity.gaussian(std: 2).crossEntropy(z, gradient: z)
        let sums = Divergence.gaussian(head, std: 2, gradient: head)
        #expect(abs(cross - sums.crossEntropy) / Double(rows) < 0.01)
    }
}
