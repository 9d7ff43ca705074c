import Glibc
import Kernels
import Testing

@Suite("Exponential and logarithm in double precision") struct DoubleMathTests {
    /// Units in the last place of the exact value.
    private func error(_ found: Double, _ exact: Double) -> Double { abs(found - exact) / exact.magnitude.ulp }

    @Test("Both are within two units in the last place of libm")
    func accuracy() {
        let source = RandomSource(seed: 3, purpose: .sample, step: 0)
        var (exponential, logarithm) = (0.0, 0.0)
        for element in 0..<50_000 {
            let uniform = Double(source.uniform(row: 0, element: element))
            for x in [-600 + 1300 * uniform, 4 * uniform - 2, uniform * 0x1p-30] {
                exponential = max(exponential, error(VectorMath.exp(x), Glibc.exp(x)))
            }
            for x in [2 * uniform + 0x1p-40, uniform * 1e300, uniform * 1e-300, 1 + uniform * 0x1p-20] {
                logarithm = max(logarithm, error(VectorMath.log(x), Glibc.log(x)))
            }
        }
        #expect(exponential <= 2 && logarithm <= 2)
    }

    @Test("The ends of the line go where they should")
    func edges() {
        let inf = Double.infinity
        #expect(VectorMath.exp(inf) == inf && VectorMath.exp(-inf) == 0 && VectorMath.exp(0 as Double) == 1)
        #expect(
            VectorMath.exp(710 as Double) == inf && VectorMath.exp(709.7 as Double) < inf && VectorMath.exp(-709 as Double) == 0)
        #expect(VectorMath.log(0 as Double) == -inf && VectorMath.log(inf) == inf && VectorMath.log(1 as Double) == 0)
        #expect(VectorMath.log(-1 as Double).isNaN && VectorMath.log(Double.nan).isNaN && VectorMath.exp(Double.nan).isNaN)
    }
}
