import Kernels
import Testing

/// Runs every loop at every instruction level of this CPU and compares bits. In one test, because the level is the process's.
@Suite("Instruction levels") struct LevelTests {
    @Test("Every loop gives the same bits at every level this CPU has")
    func sameBits() {
        let levels = InstructionLevel.allCases.filter(\.isAvailable)
        let best = InstructionLevel.current
        #expect(best == levels.last)
        defer { best.select() }
        for count in awkwardSizes {
            levels[0].select()
            let expected = Self.everything(count)
            for level in levels {
                level.select()
                let results = Self.everything(count)
                for (name, result) in results {
                    #expect(result == expected[name], "\(name) of \(count) elements at \(level)")
                }
            }
        }
    }

    /// The results of all loops on the same input, as bits.
    static func everything(_ count: Int) -> [String: [UInt64]] {
        var results: [String: [UInt64]] = [:]
        func keep(_ name: String, _ slices: Slice<Float>...) {
            results[name] = slices.flatMap { $0.array.map { UInt64($0.bitPattern) } }
        }
        let a = testValues(count, seed: 1, std: 4)
        let b = testValues(count, seed: 2, std: 1)
        for function in VectorMathTests.functions {
            let y = Storage<Float>(count: count).all
            function.kernel(a, y)
            keep(function.testDescription, y)
        }
        results["sums"] = [Sums.sum(a), Sums.sumOfSquares(a), Elementwise.squaredError(a, b)].map(\.bitPattern)
        losses(a, b, &results)
        elementwise(a, b, &results)
        random(count, &results)
        updates(a, b, &results)
        softmax(a, b, &results)
        normalisation(a, b, &results)
        posterior(a, b, &results)
        mixtures(a, b, &results)
        products(a, b, &results)
        return results
    }

    private static func products(_ a: Slice<Float>, _ b: Slice<Float>, _ results: inout [String: [UInt64]]) {
        // Of some tiles' rows and columns, and of more than a block's inner values; the rest of them lie in the columns.
        let rows = min(a.count, 29)
        let columns = rows > 0 ? min(a.count / rows, 333) : 0
        let x = Matrix(a[0..<rows * columns], rows: rows, columns: columns)
        let w = Matrix(b[0..<rows * columns], rows: rows, columns: columns)
        let (y, dx, dw) = (
            Matrix(rows: rows, columns: rows), Matrix(rows: rows, columns: columns), Matrix(rows: rows, columns: columns)
        )
        for precision in Precision.allCases {
            PortableProducts.forward(x, w, bias: a[0..<rows], isRectified: true, precision, into: y)
            PortableProducts.backwardInput(y, w, behind: x, precision, into: dx)
            PortableProducts.backwardWeight(y, x, precision, into: dw)
            results["products in \(precision)"] = [y, dx, dw].flatMap { $0.values.array.map { UInt64($0.bitPattern) } }
            guard rows > 0 else { continue }
            let product = ExactProduct(
                dy: y, x: x, rows: [0..<rows], shards: [0], precision,
                scratch: Storage<Float>(count: ExactProduct.scratchElements(rows: rows, shards: 1)).all)
            let sum = Storage<Int32>(count: rows * columns).all
            let seen = product.add(block: 0, into: sum, exponent: 3, bits: 24, isAdded: false)
            results["exact products in \(precision)"] =
                sum.array.map { UInt64(bitPattern: Int64($0)) } + [seen.clamped, UInt64(seen.maximumBits)]
        }
    }

    private static func mixtures(_ a: Slice<Float>, _ b: Slice<Float>, _ results: inout [String: [UInt64]]) {
        let rows = a.count > 64 ? 7 : 1
        let columns = a.count / rows
        guard columns > 0 else { return }
        let (largest, sums) = (Storage<Double>(count: rows).all, Storage<Double>(count: 2 * rows).all)
        let offsets = Slice(b[0..<columns].array.map { Double($0) * 3 })
        let x = Matrix(a[0..<rows * columns], rows: rows, columns: columns)
        Mixtures.sums(x, offsets: offsets, scales: [0.3, 40], largest: largest, into: sums)
        results["mixture sums"] = (largest.array + sums.array).map(\.bitPattern)
    }

    private static func losses(_ a: Slice<Float>, _ b: Slice<Float>, _ results: inout [String: [UInt64]]) {
        let g = Storage<Float>(count: a.count).all
        let y = Storage<Float>(count: a.count).all
        func keep(_ name: String, _ sum: Double) {
            results[name] = [sum.bitPattern] + g.array.map { UInt64($0.bitPattern) } + y.array.map { UInt64($0.bitPattern) }
        }
        keep("half squared error", Elementwise.halfSquaredError(a, target: b, gradient: g))
        keep("sigmoid half squared error", Elementwise.sigmoidHalfSquaredError(logits: a, target: b, output: y, gradient: g))
        keep("cross-entropy", Elementwise.crossEntropy(logits: a, target: b, gradient: g))
        keep("real", Elementwise.adversarialLoss(logits: a, real: true, gradient: g))
        keep("false", Elementwise.adversarialLoss(logits: a, real: false, gradient: g))
    }

    private static func elementwise(_ a: Slice<Float>, _ b: Slice<Float>, _ results: inout [String: [UInt64]]) {
        func keep(_ name: String, _ slice: Slice<Float>) { results[name] = slice.array.map { UInt64($0.bitPattern) } }
        let rows = a.count > 64 ? 7 : 1
        let columns = a.count / rows
        let x = Matrix(copy(a[0..<rows * columns]), rows: rows, columns: columns)
        Elementwise.addBias(x, b[0..<columns])
        keep("bias", x.values)
        Elementwise.addBiasReLU(x, b[0..<columns])
        keep("bias and ReLU", x.values)
        let sums = Storage<Float>(count: columns).all
        Elementwise.columnSums(x, into: sums)
        keep("column sums", sums)
        let y = copy(a)
        Elementwise.reluBackward(y, output: b)
        Elementwise.sigmoidBackward(y, output: b)
        Elementwise.axpy(0.3, b, into: y)
        Elementwise.scale(y, by: 1.7)
        keep("backward, axpy, scale", y)
        Elementwise.add(y, b, into: y)
        Elementwise.multiply(y, b, into: y)
        keep("sum and product", y)
        Elementwise.bytesToUnit(Slice((0..<a.count).map { UInt8(truncatingIfNeeded: $0 &* 7) }), into: y)
        keep("bytes", y)
        let pairs = Matrix(rows: rows, columns: rows)
        Elementwise.squaredDistances(x, x, into: pairs)
        keep("distances", pairs.values)
        let columnwise = Matrix(rows: rows, columns: columns + 1)
        Columns.copy(x, 0..<columns, into: columnwise, at: 1)
        keep("ranges of columns", columnwise.values)
    }

    private static func random(_ count: Int, _ results: inout [String: [UInt64]]) {
        let source = RandomSource(seed: 99, purpose: .prior, step: 3)
        let m = Matrix(rows: 2, columns: count)
        source.fillUniform(m, firstRow: 5)
        results["uniform"] = m.values.array.map { UInt64($0.bitPattern) }
        source.fillNormal(m, firstRow: 5, std: 1.3)
        results["normal"] = m.values.array.map { UInt64($0.bitPattern) }
        source.fillMask(m, firstRow: 5, firstElement: 12, dropping: 0.3)
        results["mask"] = m.values.array.map { UInt64($0.bitPattern) }
        let words = Storage<UInt32>(count: count).all
        source.fillWords(words, row: 8)
        results["words"] = words.array.map(UInt64.init)
    }

    private static func updates(_ a: Slice<Float>, _ b: Slice<Float>, _ results: inout [String: [UInt64]]) {
        let sum = Storage<Int32>(count: a.count).all
        var numbers: [UInt64] = []
        for (bits, exponent) in [(31, 1), (24, 4), (16, 3), (8, 2)] {
            sum.fill(0)
            let statistics = ExactSum.add(a, into: sum, exponent: exponent, bits: bits, shard: 2)
            numbers += [statistics.clamped, UInt64(statistics.maximumBits)] + sum.array.map { UInt64(bitPattern: Int64($0)) }
        }
        numbers.append(UInt64(ExactSum.maximum(a, shard: 0).maximumBits))
        results["exact sum"] = numbers
        results["chain"] = [ChainHash.extend(7, with: sum)]
        let unit = ExactSum.unit(exponent: 2, bits: 8)
        let w = copy(a)
        let v = copy(b)
        let m = copy(a)
        Update.sgd(parameters: w, velocity: v, sum: sum, unit: unit, minibatch: 96, rate: 0.1, momentum: 0.9)
        for i in v.indices { v[i] = abs(v[i]) }
        Update.adam(
            parameters: w, first: m, second: v, sum: sum, unit: unit, minibatch: 96, rate: 0.1, beta1: 0.9, beta2: 0.999,
            epsilon: 1e-8, beta1Power: 0.9, beta2Power: 0.999)
        let average = copy(b)
        Update.average(average, towards: w, decay: 0.99)
        results["updates"] = [w, m, v, average].flatMap { $0.array.map { UInt64($0.bitPattern) } }
    }

    /// As many rows of so many columns as the elements give.
    private static func matrices(_ a: Slice<Float>, _ b: Slice<Float>, columns: Int) -> (Matrix, Matrix) {
        let rows = a.count / columns
        let used = 0..<rows * columns
        return (Matrix(a[used], rows: rows, columns: columns), Matrix(b[used], rows: rows, columns: columns))
    }

    private static func bits(_ m: Matrix) -> [UInt64] { m.values.array.map { UInt64($0.bitPattern) } }
    private static func bits(_ values: Slice<Double>) -> [UInt64] { values.array.map(\.bitPattern) }

    private static func softmax(_ a: Slice<Float>, _ b: Slice<Float>, _ results: inout [String: [UInt64]]) {
        for classes in [3, 16, 21] {
            let (x, dy) = matrices(a, b, columns: classes)
            let (y, dx) = (Matrix(rows: x.rows, columns: classes), Matrix(rows: x.rows, columns: classes))
            Elementwise.softmax(x, into: y)
            Elementwise.softmaxBackward(dy, output: y, into: dx)
            results["softmax of \(classes)"] = bits(y) + bits(dx)
            let labels = Slice((0..<x.rows).map { UInt8($0 % classes) })
            let loss = Elementwise.softmaxCrossEntropy(logits: x, labels: labels, gradient: y)
            let logarithms = Storage<Double>(count: x.values.count).all
            Elementwise.logSoftmax(x, into: logarithms)
            results["cross-entropy of \(classes)"] = [loss.bitPattern] + bits(y) + bits(logarithms)
        }
    }

    private static func normalisation(_ a: Slice<Float>, _ b: Slice<Float>, _ results: inout [String: [UInt64]]) {
        for columns in [5, 35] where a.count >= columns {
            let (x, dy) = matrices(a, b, columns: columns)
            let sums = Storage<Double>(count: 2 * columns).all
            let (mean, variance) = (Storage<Float>(count: columns).all, Storage<Float>(count: columns).all)
            let (y, dx) = (Matrix(rows: x.rows, columns: columns), Matrix(rows: x.rows, columns: columns))
            let (gamma, beta) = (testValues(columns, seed: 3), testValues(columns, seed: 4))
            Normalisation.sums(of: x, into: sums)
            var found = bits(sums)
            Normalisation.moments(sums: sums, rows: x.rows, mean: mean, variance: variance)
            Normalisation.forward(x, mean: mean, variance: variance, gamma: gamma, beta: beta, into: y)
            Normalisation.backwardSums(dy, x: x, mean: mean, variance: variance, into: sums)
            Normalisation.backward(dy, x: x, mean: mean, variance: variance, gamma: gamma, sums: sums, rows: x.rows, into: dx)
            found += bits(sums) + bits(y) + bits(dx) + [mean, variance].flatMap { $0.array.map { UInt64($0.bitPattern) } }
            results["batch norm of \(columns)"] = found
        }
    }

    private static func posterior(_ a: Slice<Float>, _ b: Slice<Float>, _ results: inout [String: [UInt64]]) {
        for code in [2, 19] {
            let (head, _) = matrices(a, b, columns: 2 * code)
            let noise = Matrix(b[0..<head.rows * code], rows: head.rows, columns: code)
            let (z, gradient) = (Matrix(rows: head.rows, columns: code), Matrix(rows: head.rows, columns: 2 * code))
            Posterior.forward(head, noise: noise, into: z)
            Posterior.backward(z, head: head, noise: noise, into: gradient)
            var found = bits(z) + bits(gradient)
            let sums = Posterior.divergence(head, precision: 0.3, gradient: gradient)
            found += [sums.energy.bitPattern, sums.logVariances.bitPattern] + bits(gradient)
            let densities = Storage<Double>(count: head.rows).all
            Densities.gaussian(z, std: 1.5, into: densities, gradient: z)
            found += bits(densities) + bits(z)
            if code == 2 {
                Densities.petals(
                    z, components: 7, radial: 0.5, tangential: 0.1, distance: 1.4, into: densities, gradient: z)
                found += bits(densities) + bits(z)
            }
            results["posterior of \(code)"] = found
        }
    }
}
