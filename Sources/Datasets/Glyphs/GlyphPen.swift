/// Puts a line of pen segments on a square of pixels.
enum GlyphPen {
    /// Width of the pen's soft edge, in pixels.
    private static let edge = 1.1
    /// How far outside the pen a pixel may still be inked.
    private static let margin = edge / 2

    /// Writes `side × side` bytes from `offset` on.
    static func draw(_ line: [GlyphSegment], ink: Double, side: Int, into bytes: inout [UInt8], at offset: Int) {
        let cover = cover(line, side: side)
        for pixel in 0..<side * side { bytes[offset + pixel] = UInt8(cover[pixel] * ink * 255 + 0.5) }
    }

    /// How much of each pixel the line covers, 0 to 1; `side × side` values.
    static func cover(_ line: [GlyphSegment], side: Int) -> [Double] {
        var depth = [Double](repeating: -margin, count: side * side)
        for segment in line { press(segment, side: side, into: &depth) }
        return depth.map { min(max($0 / edge + 0.5, 0), 1) }
    }

    /// Raises each pixel's depth, radius − distance, to this segment's. The greatest depth has the greatest cover, so
    /// the edge is worked out once a pixel, not once a segment; only the pixels around the segment are visited.
    private static func press(_ segment: GlyphSegment, side: Int, into depth: inout [Double]) {
        let (a, b) = (segment.start, segment.end)
        let (dx, dy) = (b.x - a.x, b.y - a.y)
        let square = dx * dx + dy * dy
        let inverse = square > 0 ? 1 / square : 0
        let reach = segment.radius + margin
        let reachSquared = reach * reach
        let columns = pixels(min(a.x, b.x) - reach, max(a.x, b.x) + reach, side)
        for row in pixels(min(a.y, b.y) - reach, max(a.y, b.y) + reach, side) {
            let y = Double(row) + 0.5 - a.y
            for column in columns {
                let x = Double(column) + 0.5 - a.x
                let along = min(max((x * dx + y * dy) * inverse, 0), 1)
                let (awayX, awayY) = (x - along * dx, y - along * dy)
                let distanceSquared = awayX * awayX + awayY * awayY
                if distanceSquared >= reachSquared { continue }
                let here = segment.radius - distanceSquared.squareRoot()
                let pixel = row * side + column
                if here > depth[pixel] { depth[pixel] = here }
            }
        }
    }

    /// The pixels that lie between two coordinates, within the image.
    private static func pixels(_ low: Double, _ high: Double, _ side: Int) -> Range<Int> {
        let first = Int(min(max(low, 0), Double(side)))
        let past = Int(min(max(high + 1, 0), Double(side)))
        return first..<max(first, past)
    }
}
