import Kernels
import Testing

@Suite("Portable products") struct PortableProductTests {
    /// Rows, inputs, outputs: around tiles of 4, 6 and 14 rows, panels of 32 columns, blocks of 128 and of 168.
    static let shapes = [
        (1, 1, 1), (0, 3, 4), (3, 0, 5), (3, 2, 0), (7, 5, 8), (13, 127, 31), (14, 128, 32), (15, 129, 33), (25, 33, 17),
        (12, 784, 30), (64, 100, 10), (169, 300, 45), (340, 17, 65),
    ]

    /// One chain of fused multiply-adds, as it is defined.
    private static func chain(_ count: Int, _ term: (Int) -> (Float, Float)) -> Float {
        (0..<count).reduce(Float(0)) { sum, k in
            let (a, b) = term(k)
            return sum.addingProduct(a, b)
        }
    }

    @Test("Each output is the chain of fused multiply-adds over the inner index, bit by bit", arguments: shapes)
    func definition(b: Int, i: Int, o: Int) {
        let x = Matrix(testValues(b * i, seed: 1), rows: b, columns: i)
        let w = Matrix(testValues(o * i, seed: 2), rows: o, columns: i)
        let dy = Matrix(testValues(b * o, seed: 3), rows: b, columns: o)
        let bias = testValues(o, seed: 4)
        let (y, dx, dw) = (Matrix(rows: b, columns: o), Matrix(rows: b, columns: i), Matrix(rows: o, columns: i))
        let (offset, rectified) = (Matrix(rows: b, columns: o), Matrix(rows: b, columns: o))
        for m in [y, dx, dw, offset, rectified] { m.values.fill(.nan) }
        let panels = PortableProducts.Panels(outputs: o, inputs: i)
        panels.pack(w)
        let before = Products.workCounter
        PortableProducts.forward(x, panels, into: y)
        PortableProducts.forward(x, panels, bias: bias, into: offset)
        PortableProducts.forward(x, panels, bias: bias, isRectified: true, into: rectified)
        PortableProducts.backwardInput(dy, w, into: dx)
        PortableProducts.backwardWeight(dy, x, into: dw)
        #expect(Products.workCounter >= before + 5)
        let outputs = (0..<b).flatMap { r in (0..<o).map { c in Self.chain(i) { (x[r, $0], w[c, $0]) } } }
        #expect(bits(y.values) == outputs.map(\.bitPattern))
        let withBias = outputs.enumerated().map { $1 + bias[$0 % o] }
        #expect(bits(offset.values) == withBias.map(\.bitPattern))
        #expect(bits(rectified.values) == withBias.map { ($0 < 0 ? 0 : $0).bitPattern })
        #expect(bits(dx.values) == (0..<b).flatMap { r in (0..<i).map { c in Self.chain(o) { (dy[r, $0], w[$0, c]) }.bitPattern } })
        #expect(bits(dw.values) == (0..<o).flatMap { r in (0..<i).map { c in Self.chain(b) { (dy[$0, r], x[$0, c]) }.bitPattern } })
    }

    @Test("A NaN and an infinity pass the ReLU, and stay in their own rows")
    func notFinite() {
        let x = Matrix(testValues(6 * 40, seed: 1), rows: 6, columns: 40)
        let w = Matrix(testValues(50 * 40, seed: 2), rows: 50, columns: 40)
        (x[1, 3], x[4, 39]) = (.nan, .infinity)
        for column in 0..<40 { w[7, column] = 1 }
        let panels = PortableProducts.Panels(outputs: 50, inputs: 40)
        panels.pack(w)
        let y = Matrix(rows: 6, columns: 50)
        PortableProducts.forward(x, panels, bias: testValues(50, seed: 3), isRectified: true, into: y)
        #expect(y.row(1).array.allSatisfy(\.isNaN) && y[4, 7] == .infinity)
        for row in [0, 2, 3, 5] { #expect(y.row(row).array.allSatisfy { $0.isFinite && $0 >= 0 }) }
    }

    @Test("Panels may be packed one by one, on several threads")
    func packing() {
        let w = Matrix(testValues(70 * 33, seed: 1), rows: 70, columns: 33)
        let x = Matrix(testValues(5 * 33, seed: 2), rows: 5, columns: 33)
        let panels = (0..<2).map { _ in PortableProducts.Panels(outputs: 70, inputs: 33) }
        panels[0].pack(w)
        ThreadTeam(threads: 3).run { panels[1].pack(w, $0..<$0 + 1) }
        let results = panels.map { panels in
            let y = Matrix(rows: 5, columns: 70)
            PortableProducts.forward(x, panels, into: y)
            return bits(y.values)
        }
        #expect(panels[0].count == 3 && results[0] == results[1])
    }
}
