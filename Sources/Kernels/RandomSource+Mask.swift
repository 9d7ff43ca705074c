import CKernels

extension RandomSource {
    /// A mask of dropout: 0 with probability `share`, else 1 / (1 − share). An element is 0 where its word is below share · 2^32.
    ///
    /// - Parameters:
    ///   - m: overwritten; its row 0 is row `firstRow`.
    ///   - firstElement: the element of the row for column 0, a multiple of four.
    ///   - share: 0 or more and less than 1.
    public func fillMask(_ m: Matrix, firstRow: Int, firstElement: Int = 0, dropping share: Double) {
        precondition((0..<1).contains(share), "A share of \(share) cannot be dropped")
        precondition(firstElement >= 0 && firstElement % 4 == 0, "A mask begins with a block of four")
        let bound = UInt32(min((share * 0x1p32).rounded(), Double(UInt32.max)))
        let (k0, k1) = key
        let (c2, c3) = upperCounter
        for row in 0..<m.rows {
            ck_philox_mask(
                k0, k1, UInt32(firstRow + row), c2, c3, firstElement, bound, Float(1 / (1 - share)),
                m.values.base + row * m.columns, m.columns)
        }
    }
}
