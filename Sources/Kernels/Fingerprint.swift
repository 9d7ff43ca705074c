/// A digest of matrix products on fixed random data, by which hosts find out before a run whether their kernels agree.
public struct Fingerprint: Sendable {
    /// The sizes of a dense layer that occurs in a run: `rows` of the minibatch, `inputs`, `outputs`.
    public struct Shape: Sendable, Hashable {
        public var rows, inputs, outputs: Int

        public init(rows: Int, inputs: Int, outputs: Int) {
            self.rows = rows
            self.inputs = inputs
            self.outputs = outputs
        }
    }

    /// The digest of all three products at all shapes, in their order.
    public static func probe(shapes: [Shape], _ arithmetic: Arithmetic = Arithmetic(.openblas)) -> UInt64 {
        var hash: UInt64 = 0
        for shape in shapes {
            let layer = Layer(shape)
            for result in layer.products(arithmetic) { hash = digest(result, after: hash) }
        }
        return hash
    }

    private static func digest(_ m: Matrix, after hash: UInt64) -> UInt64 {
        var hash = SplitMix.scrambled(hash &+ UInt64(m.rows) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(m.columns))
        for value in m.values.array { hash = SplitMix.scrambled(hash &* 31 &+ UInt64(value.bitPattern)) }
        return hash
    }

    /// A layer of normal random numbers.
    private struct Layer {
        let x, w, dy: Matrix

        init(_ shape: Shape) {
            x = Matrix(rows: shape.rows, columns: shape.inputs)
            w = Matrix(rows: shape.outputs, columns: shape.inputs)
            dy = Matrix(rows: shape.rows, columns: shape.outputs)
            for (index, m) in [x, w, dy].enumerated() {
                RandomSource(seed: 0, purpose: .probe, step: UInt64(index)).fillNormal(m, firstRow: 0, std: 1)
            }
        }

        func products(_ arithmetic: Arithmetic) -> [Matrix] {
            let y = Matrix(rows: x.rows, columns: w.rows)
            let dx = Matrix(rows: x.rows, columns: x.columns)
            let dw = Matrix(rows: w.rows, columns: w.columns)
            LayerProducts(arithmetic, x: x, w: w, y: y, dy: dy, dx: dx, dw: dw).all()
            return [y, dx, dw]
        }
    }
}
