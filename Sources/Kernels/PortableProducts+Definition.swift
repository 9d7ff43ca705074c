import CKernels

/// The definition itself, value by value, which the kernels must match.
extension PortableProducts {
    /// One chain over `count` pairs of values.
    public static func chain(_ count: Int, _ precision: Precision, _ term: (Int) -> (Float, Float)) -> Float {
        switch precision {
        case .fp32:
            return (0..<count).reduce(0) { sum, k in
                let (a, b) = term(k)
                return sum.addingProduct(a, b)
            }
        case .bf16:
            return stride(from: 0, to: count, by: 2).reduce(0) { sum, k in
                let (a0, b0) = term(k)
                let (a1, b1) = k + 1 < count ? term(k + 1) : (0, 0)
                return sum.addingProduct(bf16(a1), bf16(b1)).addingProduct(bf16(a0), bf16(b0))
            }
        }
    }

    /// Rounded to bf16, to nearest even; a magnitude below 2^−56 becomes a zero of the same sign, so that no chain meets a subnormal number.
    public static func bf16(_ x: Float) -> Float {
        let bits = x.bitPattern
        if x.isNaN { return Float(bitPattern: (bits | 0x0040_0000) & 0xFFFF_0000) }
        if bits & 0x7FFF_FFFF < 0x2380_0000 { return Float(bitPattern: bits & 0x8000_0000) }
        return Float(bitPattern: (bits + 0x7FFF + (bits >> 16) & 1) & 0xFFFF_0000)
    }

    /// Whether the products of the level in use match the definition, at a shape with partial tiles in every direction. A worker runs it at its
    /// start, for a millisecond, so that a faulty CPU or virtual machine is found before it takes part in a run.
    public static func agreesWithDefinition(_ precision: Precision) -> Bool {
        let (b, i, o) = (19, 131, 37)
        func values(_ rows: Int, _ columns: Int, _ step: UInt64) -> Matrix {
            let m = Matrix(rows: rows, columns: columns)
            RandomSource(seed: 0, purpose: .probe, step: step).fillNormal(m, firstRow: 0, std: 1)
            return m
        }
        let (x, w, dy) = (values(b, i, 0), values(o, i, 1), values(b, o, 2))
        let (y, dx, dw) = (Matrix(rows: b, columns: o), Matrix(rows: b, columns: i), Matrix(rows: o, columns: i))
        LayerProducts(Arithmetic(.portable, precision), x: x, w: w, y: y, dy: dy, dx: dx, dw: dw).all()
        func holds(_ m: Matrix, _ inner: Int, _ term: (Int, Int, Int) -> (Float, Float)) -> Bool {
            for row in 0..<m.rows {
                for column in 0..<m.columns
                where m[row, column].bitPattern != chain(inner, precision, { term(row, column, $0) }).bitPattern { return false }
            }
            return true
        }
        return holds(y, i) { (x[$0, $2], w[$1, $2]) } && holds(dx, o) { (dy[$0, $2], w[$2, $1]) }
            && holds(dw, b) { (dy[$2, $0], x[$2, $1]) }
    }
}
