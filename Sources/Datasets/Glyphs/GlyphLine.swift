/// A piece of the drawn line: straight, with a pen of one radius. All in pixels.
struct GlyphSegment {
    var start: GlyphPoint
    var end: GlyphPoint
    var length: Double
    var radius: Double
}

/// The line of one glyph, from its control points to pen segments in the image.
enum GlyphLine {
    static let segmentsPerSpan = 6

    static func segments(_ strokes: [[GlyphPoint]], draws: inout GlyphDraws) -> (line: [GlyphSegment], ink: Double) {
        var moved = strokes
        for stroke in moved.indices {
            for point in moved[stroke].indices {
                moved[stroke][point].x += draws.normal(0.05)
                moved[stroke][point].y += draws.normal(0.05)
            }
        }
        let pose = GlyphPose(&draws)
        var line: [GlyphSegment] = []
        for stroke in moved {
            let curve = spline(stroke).map { pose.place(GlyphPoint(x: $0.x - 0.5, y: $0.y - 0.5)) }
            append(curve, radius: pose.radius, taper: pose.taper, to: &line)
        }
        centre(&line, at: pose.centre)
        return (line, pose.ink)
    }

    /// Uniform Catmull-Rom through all points; the missing neighbours of the ends are their reflections.
    private static func spline(_ points: [GlyphPoint]) -> [GlyphPoint] {
        let last = points.count - 1
        func reflected(_ end: GlyphPoint, _ inner: GlyphPoint) -> GlyphPoint {
            GlyphPoint(x: 2 * end.x - inner.x, y: 2 * end.y - inner.y)
        }
        func value(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ t: Double) -> Double {
            0.5 * (2 * b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - a - 3 * c + d))))
        }
        var curve = [points[0]]
        for span in 0..<last {
            let b = points[span]
            let c = points[span + 1]
            let a = span > 0 ? points[span - 1] : reflected(b, c)
            let d = span + 2 <= last ? points[span + 2] : reflected(c, b)
            for piece in 1...segmentsPerSpan {
                let t = Double(piece) / Double(segmentsPerSpan)
                curve.append(GlyphPoint(x: value(a.x, b.x, c.x, d.x, t), y: value(a.y, b.y, c.y, d.y, t)))
            }
        }
        return curve
    }

    /// Adds a stroke; the radius of a segment is that at the middle of its length.
    private static func append(_ curve: [GlyphPoint], radius: Double, taper: Double, to line: inout [GlyphSegment]) {
        let first = line.count
        var total = 0.0
        for (start, end) in zip(curve, curve.dropFirst()) {
            let (dx, dy) = (end.x - start.x, end.y - start.y)
            let length = (dx * dx + dy * dy).squareRoot()
            line.append(GlyphSegment(start: start, end: end, length: length, radius: radius))
            total += length
        }
        guard total > 0 else { return }
        var before = 0.0
        for index in first..<line.count {
            let middle = (before + 0.5 * line[index].length) / total
            line[index].radius = radius - taper + 2 * taper * middle
            before += line[index].length
        }
    }

    /// Moves the line's centre of mass, its segments weighted by their lengths, to `target`.
    private static func centre(_ line: inout [GlyphSegment], at target: GlyphPoint) {
        var (mass, momentX, momentY) = (0.0, 0.0, 0.0)
        for segment in line {
            mass += segment.length
            momentX += segment.length * 0.5 * (segment.start.x + segment.end.x)
            momentY += segment.length * 0.5 * (segment.start.y + segment.end.y)
        }
        guard mass > 0 else { return }
        let (dx, dy) = (target.x - momentX / mass, target.y - momentY / mass)
        for index in line.indices {
            line[index].start.x += dx
            line[index].start.y += dy
            line[index].end.x += dx
            line[index].end.y += dy
        }
    }
}
