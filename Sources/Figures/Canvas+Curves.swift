/// A point in pixels, with fractions.
package struct Point: Sendable, Equatable {
    package var x: Double
    package var y: Double
}

extension Canvas {
    /// Connects `points` by a line of `width` pixels with soft edges, cut off at `clip`.
    ///
    /// The line is blended once, as a whole: where it crosses or joins itself it is no darker.
    mutating func stroke(_ points: [Point], width: Double, _ colour: Colour, alpha: Double = 1, clip: PixelBox) {
        guard !points.isEmpty, clip.width > 0, clip.height > 0 else { return }
        var coverage = [Float](repeating: 0, count: clip.width * clip.height)
        let segments = points.count == 1 ? [(points[0], points[0])] : Array(zip(points, points.dropFirst()))
        for (from, to) in segments {
            cover(&coverage, from, to, half: width / 2, clip: clip)
        }
        for row in 0..<clip.height {
            for column in 0..<clip.width where coverage[row * clip.width + column] > 0 {
                blend(clip.x + column, clip.y + row, colour, alpha * Double(coverage[row * clip.width + column]))
            }
        }
    }

    /// Raises `coverage` to that of one segment, by the distance of each pixel's middle from it.
    private func cover(_ coverage: inout [Float], _ from: Point, _ to: Point, half: Double, clip: PixelBox) {
        let reach = half + 1
        let rows = Canvas.span(min(from.y, to.y) - reach, max(from.y, to.y) + reach, within: clip.y..<clip.bottom)
        let columns = Canvas.span(min(from.x, to.x) - reach, max(from.x, to.x) + reach, within: clip.x..<clip.right)
        let dx = to.x - from.x
        let dy = to.y - from.y
        let length2 = dx * dx + dy * dy
        for row in rows {
            for column in columns {
                let px = Double(column) + 0.5 - from.x
                let py = Double(row) + 0.5 - from.y
                let along = length2 > 0 ? min(1, max(0, (px * dx + py * dy) / length2)) : 0
                let ex = px - along * dx
                let ey = py - along * dy
                let value = Float(min(1, max(0, half + 0.5 - (ex * ex + ey * ey).squareRoot())))
                let at = (row - clip.y) * clip.width + column - clip.x
                if value > coverage[at] { coverage[at] = value }
            }
        }
    }

    /// The whole pixels that low…high touches inside `range`.
    private static func span(_ low: Double, _ high: Double, within range: Range<Int>) -> Range<Int> {
        guard high >= Double(range.lowerBound), low < Double(range.upperBound) else { return range.lowerBound..<range.lowerBound }
        let first = max(range.lowerBound, Int(max(low, -1e6).rounded(.down)))
        let last = min(range.upperBound - 1, Int(min(high, 1e6).rounded(.down)))
        return first..<max(first, last + 1)
    }

    /// A thin dashed line across `clip` at height `y`.
    mutating func dashes(y: Int, _ colour: Colour, clip: PixelBox) {
        guard y >= clip.y, y < clip.bottom else { return }
        for x in clip.x..<clip.right where (x - clip.x) % 10 < 6 {
            blend(x, y, colour)
        }
    }
}
