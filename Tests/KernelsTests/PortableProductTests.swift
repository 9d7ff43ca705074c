import Kernels
import Testing

@Suite("Portable products") struct PortableProductTests {
    /// Rows, inputs, outputs: around tiles of 4, 6 and 14 rows and 8 to 32 columns, blocks of 128, 168 and 336, and odd inner sizes.
    static let shapes = [
        (1, 1, 1), (0, 3, 4), (3, 0, 5), (3, 2, 0), (7, 5, 8), (13, 127, 31), (14, 128, 32), (15, 129, 33), (25, 33, 17),
        (12, 784, 30), (64, 100, 10), (169, 300, 45), (345, 17, 65), (9, 20, 341),
    ]

    @Test("Each output is the chain of fused multiply-adds over the inner index, bit by bit", arguments: shapes, Precision.allCases)
    func definition(shape: (b: Int, i: Int, o: Int), precision: Precision) {
        let (b, i, o) = shape
        let x = Matrix(testValues(b * i, seed: 1), rows: b, columns: i)
        let w = Matrix(testValues(o * i, seed: 2), rows: o, columns: i)
        let dy = Matrix(testValues(b * o, seed: 3), rows: b, columns: o)
        let bias = testValues(o, seed: 4)
        func matrix(_ rows: Int, _ columns: Int) -> Matrix {
            let m = Matrix(rows: rows, columns: columns)
            m.values.fill(.nan)
            return m
        }
        let (y, offset, rectified, dx, masked, dw) = (
            matrix(b, o), matrix(b, o), matrix(b, o), matrix(b, i), matrix(b, i), matrix(o, i)
        )
        let before = Products.workCounter
        PortableProducts.forward(x, w, precision, into: y)
        PortableProducts.forward(x, w, bias: bias, precision, into: offset)
        PortableProducts.forward(x, w, bias: bias, isRectified: true, precision, into: rectified)
        PortableProducts.backwardInput(dy, w, precision, into: dx)
        PortableProducts.backwardInput(dy, w, behind: x, precision, into: masked)
        PortableProducts.backwardWeight(dy, x, precision, into: dw)
        #expect(Products.workCounter >= before + 6)
        func outputs(_ m: Matrix, _ inner: Int, _ term: (Int, Int, Int) -> (Float, Float)) -> [Float] {
            (0..<m.rows).flatMap { r in
                (0..<m.columns).map { c in PortableProducts.chain(inner, precision) { term(r, c, $0) } }
            }
        }
        let products = outputs(y, i) { (x[$0, $2], w[$1, $2]) }
        #expect(bits(y.values) == products.map(\.bitPattern))
        let withBias = products.enumerated().map { $1 + bias[$0 % o] }
        #expect(bits(offset.values) == withBias.map(\.bitPattern))
        #expect(bits(rectified.values) == withBias.map { ($0 < 0 ? 0 : $0).bitPattern })
        let gradients = outputs(dx, o) { (dy[$0, $2], w[$2, $1]) }
        #expect(bits(dx.values) == gradients.map(\.bitPattern))
        #expect(bits(masked.values) == zip(gradients, x.values.array).map { ($1 > 0 ? $0 : 0).bitPattern })
        #expect(bits(dw.values) == outputs(dw, b) { (dy[$2, $0], x[$2, $1]) }.map(\.bitPattern))
    }

    @Test("bf16 rounds to nearest even, keeps what is not finite, and takes what is below 2^-56 for zero")
    func rounding() {
        let cases: [(UInt32, UInt32)] = [
            (0x3F80_0000, 0x3F80_0000), (0x3F80_7FFF, 0x3F80_0000), (0x3F80_8000, 0x3F80_0000), (0x3F80_8001, 0x3F81_0000),
            (0x3F81_8000, 0x3F82_0000), (0xBF81_8000, 0xBF82_0000), (0x7F7F_FFFF, 0x7F80_0000), (0x7F80_0000, 0x7F80_0000),
            (0xFF80_0000, 0xFF80_0000), (0x2380_0000, 0x2380_0000), (0x237F_FFFF, 0), (0xA37F_FFFF, 0x8000_0000), (0x007F_FFFF, 0),
            (0x8000_0001, 0x8000_0000), (0, 0),
        ]
        for (value, rounded) in cases {
            #expect(PortableProducts.bf16(Float(bitPattern: value)).bitPattern == rounded, "\(String(value, radix: 16))")
            // One times it, by the kernels: what they read is what the definition says. A sum of +0 and −0 is +0.
            let (x, w, y) = (Matrix(rows: 1, columns: 1), Matrix(rows: 1, columns: 1), Matrix(rows: 1, columns: 1))
            (x[0, 0], w[0, 0]) = (Float(bitPattern: value), 1)
            PortableProducts.forward(x, w, .bf16, into: y)
            #expect(y[0, 0].bitPattern == (rounded == 0x8000_0000 ? 0 : rounded), "\(String(value, radix: 16))")
        }
        #expect(PortableProducts.bf16(.nan).isNaN && PortableProducts.bf16(Float(bitPattern: 0x7F80_0001)).isNaN)
    }

    @Test("Threads that divide the columns give the same bits", arguments: [(7, 3), (40, 31), (131, 200)], Precision.allCases)
    func team(widths: (outputs: Int, inputs: Int), precision: Precision) {
        let (o, i, b) = (widths.outputs, widths.inputs, 9)
        let (x, w) = (
            Matrix(testValues(b * i, seed: 1), rows: b, columns: i), Matrix(testValues(o * i, seed: 2), rows: o, columns: i)
        )
        let dy = Matrix(testValues(b * o, seed: 3), rows: b, columns: o)
        func all(_ team: ThreadTeam?) -> [[UInt32]] {
            let (y, dx, dw) = (Matrix(rows: b, columns: o), Matrix(rows: b, columns: i), Matrix(rows: o, columns: i))
            PortableProducts.forward(x, w, bias: testValues(o, seed: 4), isRectified: true, precision, team: team, into: y)
            PortableProducts.backwardInput(dy, w, behind: x, precision, team: team, into: dx)
            PortableProducts.backwardWeight(dy, x, precision, team: team, into: dw)
            return [y, dx, dw].map { bits($0.values) }
        }
        for threads in [2, 3, 8] { #expect(all(ThreadTeam(threads: threads)) == all(nil)) }
    }

    @Test("A NaN and an infinity pass the ReLU, and stay in their own rows", arguments: Precision.allCases)
    func notFinite(precision: Precision) {
        let x = Matrix(testValues(6 * 40, seed: 1), rows: 6, columns: 40)
        let w = Matrix(testValues(50 * 40, seed: 2), rows: 50, columns: 40)
        (x[1, 3], x[4, 39]) = (.nan, .infinity)
        for column in 0..<40 { w[7, column] = 1 }
        let y = Matrix(rows: 6, columns: 50)
        PortableProducts.forward(x, w, bias: testValues(50, seed: 3), isRectified: true, precision, into: y)
        #expect(y.row(1).array.allSatisfy(\.isNaN) && y[4, 7] == .infinity)
        for row in [0, 2, 3, 5] { #expect(y.row(row).array.allSatisfy { $0.isFinite && $0 >= 0 }) }
    }

    @Test("The level in use gives what it is defined to give", arguments: Precision.allCases)
    func selfTest(precision: Precision) { #expect(PortableProducts.agreesWithDefinition(precision)) }

    @Test(
        "Gradients that are added to their sum as they come are those that are made, rounded and added",
        arguments: [(5, 3), (17, 33), (170, 40), (341, 16), (171, 131)], Precision.allCases)
    func exact(widths: (outputs: Int, inputs: Int), precision: Precision) {
        let rows = [0..<1, 1..<8, 9..<34]
        let (outputs, inputs) = widths
        let dy = Matrix(testValues(34 * outputs, seed: 1), rows: 34, columns: outputs)
        let x = Matrix(testValues(34 * inputs, seed: 2), rows: 34, columns: inputs)
        let teams = [nil, ThreadTeam(threads: 3)]
        let products = teams.map { team in
            ExactProduct(
                dy: dy, x: x, rows: rows, shards: [4, 5, 6], precision, team: team,
                scratch: Storage<Float>(count: 3 * ExactProduct.scratchElements(rows: 33, shards: 3)).all)
        }
        // The second is so small that gradients are clamped; in the last some are not finite.
        for (exponent, bits, broken) in [(4, 30, false), (-3, 16, false), (4, 28, true)] {
            if broken { (dy[3, outputs - 1], x[20, 0]) = (.nan, .infinity) }
            let expected = Storage<Int32>(count: outputs * inputs).all
            var statistics = TensorStatistics()
            for (shard, rows) in zip([4, 5, 6], rows) {
                let dw = Matrix(rows: outputs, columns: inputs)
                PortableProducts.backwardWeight(dy.rows(rows), x.rows(rows), precision, into: dw)
                statistics.merge(ExactSum.add(dw.values, into: expected, exponent: exponent, bits: bits, shard: shard))
            }
            for (product, isAdded) in products.flatMap({ [($0, false), ($0, true)] }) {
                let sum = Storage<Int32>(count: outputs * inputs).all
                sum.fill(7)
                var seen = TensorStatistics()
                for block in (0..<product.blocks).reversed() {
                    seen.merge(product.add(block: block, into: sum, exponent: exponent, bits: bits, isAdded: isAdded))
                }
                #expect(sum.array == expected.array.map { $0 + (isAdded ? 7 : 0) })
                #expect(seen.clamped == statistics.clamped && seen.lowestNonFiniteShard == statistics.lowestNonFiniteShard)
                // The bits of a NaN are left to the product.
                #expect(broken ? !seen.isFinite : seen.maximumBits == statistics.maximumBits)
            }
            #expect(bits != 16 || statistics.clamped > 0)
        }
    }
}
