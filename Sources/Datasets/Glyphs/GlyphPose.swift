/// How one glyph is bent, scaled, slanted and turned, and with what pen it is drawn. The members are drawn in the order
/// in which they stand here.
struct GlyphPose {
    let bendX, bendY, twistX, twistY: Double
    /// Size of the glyph in pixels.
    let height, width: Double
    let slant, turn: Double
    let centre: GlyphPoint
    /// The pen's radius in pixels: it goes from `radius - taper` to `radius + taper` along each stroke.
    let radius, taper: Double
    /// Darkness of the full line, 0.8…1.
    let ink: Double

    init(_ draws: inout GlyphDraws) {
        bendX = draws.normal(0.10)
        bendY = draws.normal(0.10)
        twistX = draws.normal(0.13)
        twistY = draws.normal(0.13)
        height = 18 + 3 * draws.uniform()
        width = height * (0.52 + 0.33 * draws.uniform())
        slant = 0.1 + draws.normal(0.24)
        turn = draws.normal(0.07)
        let centreX = 14 + draws.normal(0.6)
        centre = GlyphPoint(x: centreX, y: 14 + draws.normal(0.6))
        radius = 0.75 + draws.uniform()
        taper = 0.35 * (draws.uniform() - 0.5)
        ink = 0.8 + 0.2 * draws.uniform()
    }

    /// Maps a point of the unit box around (0, 0) to pixels around (0, 0).
    func place(_ point: GlyphPoint) -> GlyphPoint {
        let (x, y) = (point.x, point.y)
        let bentX = x + bendX * (4 * y * y - 0.5) + 2 * twistX * x * y
        let bentY = y + bendY * (4 * x * x - 0.5) + 2 * twistY * x * y
        let slantedX = width * bentX - height * slant * bentY
        let slantedY = height * bentY
        let square = turn * turn
        let cosine = (1 - square) / (1 + square)
        let sine = 2 * turn / (1 + square)
        return GlyphPoint(x: slantedX * cosine - slantedY * sine, y: slantedX * sine + slantedY * cosine)
    }
}
