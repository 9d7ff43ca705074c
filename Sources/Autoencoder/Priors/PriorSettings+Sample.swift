import Kernels

// Shapes of this file: B rows, Z code.

extension PriorSettings {
    /// Draws one sample a row (paper.md section 1). A row's values depend on (source, global row) only.
    ///
    /// Normal numbers come from the elements of a row from 0 on; what else a row needs comes from the element after
    /// those of the last block of four.
    ///
    /// - Parameters:
    ///   - samples: (B, Z), overwritten; Z is 2 where the prior lies in the plane.
    ///   - firstRow: global row of its first row.
    public func sample(into samples: Matrix, source: RandomSource, firstRow: Int) {
        precondition(!requiresTwoDimensions || samples.columns == 2, "the \(kind) prior lies in the plane")
        switch self {
        case .gaussian(let std):
            source.fillNormal(samples, firstRow: firstRow, std: Float(std))
        case .uniform(let low, let high):
            source.fillUniform(samples, firstRow: firstRow)
            let (start, length) = (Float(low), Float(high - low))
            let values = samples.values
            for index in values.indices { values[index] = start + length * values[index] }
        case .mixture(let components, let radial, let tangential, let distance):
            source.fillNormal(samples, firstRow: firstRow, std: 1)
            for row in 0..<samples.rows {
                let uniform = source.uniform(row: UInt32(firstRow + row), element: Self.extraElement)
                let component = min(Int(Double(uniform) * Double(components)), components - 1)
                let turn = 2 * Double.pi * Double(component) / Double(components)
                let along = distance + radial * Double(samples[row, 0])
                let across = tangential * Double(samples[row, 1])
                let (cosine, sine) = (VectorMath.cos(turn), VectorMath.sin(turn))
                samples[row, 0] = Float(along * cosine - across * sine)
                samples[row, 1] = Float(along * sine + across * cosine)
            }
        case .swissRoll(let thickness):
            source.fillNormal(samples, firstRow: firstRow, std: Float(thickness))
            for row in 0..<samples.rows {
                let uniform = source.uniform(row: UInt32(firstRow + row), element: Self.extraElement)
                let (x, y) = Self.rollMean(Double(uniform))
                samples[row, 0] += Float(x)
                samples[row, 1] += Float(y)
            }
        }
    }

    /// The first element of a row that the two normal numbers of a plane's sample do not share a block with.
    private static let extraElement = 4

    /// The axis of the swiss roll at u in 0…1: 3√u·(cos 4π√u, sin 4π√u).
    static func rollMean(_ u: Double) -> (x: Double, y: Double) {
        let root = u.squareRoot()
        let turn = 4 * Double.pi * root
        return (3 * root * VectorMath.cos(turn), 3 * root * VectorMath.sin(turn))
    }
}
