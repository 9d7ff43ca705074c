import Glibc
import Kernels
import Testing

@Suite("Elementary functions") struct VectorMathTests {
    struct Function: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let kernel: @Sendable (Slice<Float>, Slice<Float>) -> Void
        let reference: @Sendable (Double) -> Double
        let range: ClosedRange<Float>
        let unitsInLastPlace: Double
    }

    static let functions = [
        Function(
            testDescription: "exp", kernel: { VectorMath.exp($0, into: $1) }, reference: { Glibc.exp($0) },
            range: -87.3...88.7, unitsInLastPlace: 1.5),
        Function(
            testDescription: "log", kernel: { VectorMath.log($0, into: $1) }, reference: { Glibc.log($0) },
            range: 1.2e-38...3.4e38, unitsInLastPlace: 1.5),
        Function(
            testDescription: "tanh", kernel: { VectorMath.tanh($0, into: $1) }, reference: { Glibc.tanh($0) },
            range: -20...20, unitsInLastPlace: 2),
        Function(
            testDescription: "sigmoid", kernel: { VectorMath.sigmoid($0, into: $1) }, reference: { 1 / (1 + Glibc.exp(-$0)) },
            range: -87...100, unitsInLastPlace: 3),
        Function(
            testDescription: "softplus", kernel: { VectorMath.softplus($0, into: $1) },
            reference: { Glibc.log1p(Glibc.exp(-abs($0))) + max($0, 0) }, range: -87...1000, unitsInLastPlace: 3),
        Function(
            testDescription: "sin", kernel: { VectorMath.sin($0, into: $1) }, reference: { Glibc.sin($0) },
            range: -3.4e38...3.4e38, unitsInLastPlace: 0.51),
        Function(
            testDescription: "cos", kernel: { VectorMath.cos($0, into: $1) }, reference: { Glibc.cos($0) },
            range: -3.4e38...3.4e38, unitsInLastPlace: 0.51),
    ]

    /// Arguments of every magnitude within the range, near zero and near one as well.
    static func arguments(_ range: ClosedRange<Float>) -> [Float] {
        let source = RandomSource(seed: 1, purpose: .sample, step: 0)
        let low = Double(range.lowerBound)
        let width = Double(range.upperBound) - low
        var values = (0..<100_000).map { Float(low + width * Double(source.uniform(row: 0, element: $0))) }
        values += (0..<200_000).map { Float(bitPattern: source.word(row: 1, element: $0)) }
        values += (0..<50_000).map { 1 + (source.uniform(row: 2, element: $0) - 0.5) }
        values += (0..<50_000).map { 8 * (source.uniform(row: 3, element: $0) - 0.5) }
        return values.filter { range.contains($0) && $0.isNormal }
    }

    @Test("Each is within a few units in the last place of libm in double precision", arguments: functions)
    func accuracy(function: Function) {
        let x = Slice(Self.arguments(function.range))
        let y = Storage<Float>(count: x.count).all
        function.kernel(x, y)
        var worst = (error: 0.0, at: Float(0))
        for i in x.indices {
            let exact = function.reference(Double(x[i]))
            if abs(exact) < 0x1p-126 { continue }
            let unit = Double(sign: .plus, exponent: exact.exponent - 23, significand: 1)
            let error = abs(Double(y[i]) - exact) / unit
            if !(error <= worst.error) { worst = (error, x[i]) }
        }
        #expect(worst.error <= function.unitsInLastPlace, "worst at \(worst.at)")
    }

    @Test("The ends of the line go where they should")
    func edges() {
        let inf = Float.infinity
        #expect(VectorMath.exp(inf) == inf && VectorMath.exp(-inf) == 0 && VectorMath.exp(0 as Float) == 1)
        #expect(VectorMath.exp(88.72283) < inf && VectorMath.exp(88.72284) == inf && VectorMath.exp(-87.34 as Float) == 0)
        #expect(VectorMath.exp(-87.336 as Float) >= .leastNormalMagnitude)
        #expect(VectorMath.log(0 as Float) == -inf && VectorMath.log(-0.0 as Float) == -inf)
        #expect(VectorMath.log(inf) == inf && VectorMath.log(1 as Float) == 0)
        #expect(VectorMath.log(-1 as Float).isNaN && VectorMath.log(-inf).isNaN)
        #expect(VectorMath.tanh(inf) == 1 && VectorMath.tanh(-inf) == -1 && VectorMath.tanh(0) == 0)
        #expect(VectorMath.sigmoid(inf) == 1 && VectorMath.sigmoid(-inf) == 0 && VectorMath.sigmoid(0) == 0.5)
        #expect(VectorMath.softplus(inf) == inf && VectorMath.softplus(-inf) == 0)
        #expect(
            VectorMath.sin(inf).isNaN && VectorMath.cos(-inf).isNaN && VectorMath.sin(0 as Float) == 0
                && VectorMath.cos(0 as Float) == 1)
        for f in Self.functions {
            let y = Storage<Float>(count: 1).all
            f.kernel(Slice([.nan]), y)
            #expect(y[0].isNaN, "\(f.testDescription) of NaN")
        }
    }

    @Test("The logarithm takes subnormal arguments for zero, and the exponential makes no subnormal results")
    func subnormals() {
        for tiny in [Float.leastNonzeroMagnitude, .leastNormalMagnitude.nextDown] {
            #expect(VectorMath.log(tiny) == -.infinity)
            #expect(VectorMath.exp(tiny) == 1 && VectorMath.sigmoid(tiny) == 0.5)
        }
        let x = Slice((0..<4000).map { -80 - Float($0) * 0.01 })
        for function in [VectorMathTests.functions[0], VectorMathTests.functions[3]] {
            let y = Storage<Float>(count: x.count).all
            function.kernel(x, y)
            #expect(y.array.allSatisfy { $0 == 0 || $0.isNormal })
        }
    }

    @Test("In place and out of place agree at every size", arguments: awkwardSizes)
    func inPlace(count: Int) {
        for function in Self.functions {
            let x = testValues(count, seed: 4)
            let y = Storage<Float>(count: count).all
            function.kernel(x, y)
            function.kernel(x, x)
            #expect(bits(x) == bits(y))
        }
    }

    @Test("Sine and cosine in double precision are right to 2e-16 for small arguments")
    func doubles() {
        var worst = 0.0
        for i in -5000...5000 {
            let x = Double(i) * 0.013
            worst = max(worst, abs(VectorMath.sin(x) - Glibc.sin(x)), abs(VectorMath.cos(x) - Glibc.cos(x)))
        }
        #expect(worst < 2.3e-16)
        #expect(VectorMath.cos(Double.pi) == -1)
    }

    @Test("Exponential and logarithm in double precision are within a unit in the last place")
    func doubleExponentials() {
        var worst = 0.0
        for i in -54_000...54_000 {
            let x = Double(i) * 0.013
            let (power, exact) = (VectorMath.exp(x), Glibc.exp(x))
            worst = max(worst, abs(power - exact) / exact.ulp)
            guard x != 0 else { continue }
            worst = max(worst, abs(VectorMath.log(exact) - Glibc.log(exact)) / x.magnitude.ulp)
        }
        #expect(worst <= 2, "of two roundings, the library's and ours")
        #expect(VectorMath.exp(Double.zero) == 1 && VectorMath.log(1 as Double) == 0)
        #expect(VectorMath.exp(-Double.infinity) == 0 && VectorMath.exp(710 as Double) == .infinity)
        #expect(VectorMath.log(Double.zero) == -.infinity && VectorMath.log(Double.infinity) == .infinity)
        #expect(VectorMath.log(-1 as Double).isNaN && VectorMath.exp(Double.nan).isNaN)
    }
}
