/// How much of each pixel some letters cover, 0…255, in a box around the point where they begin on their base line.
package struct LetterMask: Sendable, Equatable {
    /// Columns from that point to the box, and rows down to it, which are negative above the base line.
    package let left: Int
    package let top: Int
    package let width: Int
    package let height: Int
    /// `height` × `width` bytes, row by row.
    package var coverage: [UInt8]

    init(left: Int, top: Int, width: Int, height: Int) {
        self.left = left
        self.top = top
        self.width = width
        self.height = height
        coverage = [UInt8](repeating: 0, count: width * height)
    }

    /// Lays `other` over this mask, with its start point `columns` to the right of this one's. Coverage adds up where they touch.
    mutating func add(_ other: LetterMask, columns: Int) {
        for row in 0..<other.height {
            for column in 0..<other.width {
                let x = other.left + columns + column - left
                let y = other.top + row - top
                precondition((0..<width).contains(x) && (0..<height).contains(y), "a letter outside of its line")
                let sum = Int(coverage[y * width + x]) + Int(other.coverage[row * other.width + column])
                coverage[y * width + x] = UInt8(min(255, sum))
            }
        }
    }

    /// The same letters read upwards.
    package var rising: LetterMask {
        var turned = LetterMask(left: top, top: -left - width, width: height, height: width)
        for row in 0..<height {
            for column in 0..<width {
                turned.coverage[(width - 1 - column) * height + row] = coverage[row * width + column]
            }
        }
        return turned
    }

    /// Each pixel gets the greatest coverage within `reach` pixels of it.
    package func grown(by reach: Int) -> LetterMask {
        var grown = LetterMask(left: left - reach, top: top - reach, width: width + 2 * reach, height: height + 2 * reach)
        for y in -reach...reach {
            for x in -reach...reach where x * x + y * y <= reach * reach {
                for row in 0..<height {
                    for column in 0..<width {
                        let at = (row + y + reach) * grown.width + column + x + reach
                        grown.coverage[at] = max(grown.coverage[at], coverage[row * width + column])
                    }
                }
            }
        }
        return grown
    }
}
