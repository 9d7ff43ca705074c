/// What stands behind the digits of one image of `glyphs-colour`, and the colour that they have. Colours are 0 to 255. The members are drawn in
/// the order in which they stand here.
struct GlyphScene {
    typealias Colour = (Double, Double, Double)

    /// The gradient's colours at its two ends.
    let start, end: Colour
    /// The gradient's direction: each −1 to 1.
    let right, down: Double
    /// The digits' colour: 30 to 100 % of the way from the background's mean to a tint of black or white.
    let digit: Colour
    /// A straight line behind the digits.
    let bar: GlyphSegment
    let barColour: Colour
    /// How much of the background the bar hides.
    let barShare: Double
    /// The range of the noise, from the darkest to the brightest value added to a pixel.
    let noise: Double

    init(_ draws: inout GlyphDraws) {
        let first = Self.colour(&draws)
        let second = Self.colour(&draws)
        let last = Self.each(first, second) { $0 + 0.6 * ($1 - $0) }
        (start, end) = (first, last)
        right = 2 * draws.uniform() - 1
        down = 2 * draws.uniform() - 1
        let share = 0.3 + 0.7 * draws.uniform()
        let mean = Self.each(first, last) { ($0 + $1) / 2 }
        let goal: Double = mean.0 + mean.1 + mean.2 < 382.5 ? 255 : 0
        let tint = Self.colour(&draws)
        digit = Self.each(mean, tint) { $0 + share * ((goal + $1) / 2 - $0) }
        let side = Double(ColourGlyphs.side)
        let startX = side * draws.uniform()
        let from = GlyphPoint(x: startX, y: side * draws.uniform())
        let endX = side * draws.uniform()
        let to = GlyphPoint(x: endX, y: side * draws.uniform())
        bar = GlyphSegment(start: from, end: to, length: 0, radius: 0.5 + 2 * draws.uniform())
        barColour = Self.colour(&draws)
        barShare = 0.6 * draws.uniform()
        noise = 24 * draws.uniform()
    }

    /// The colour of a pixel of which the digits cover the share `digit` and the bar the share `bar`.
    func colours(row: Int, column: Int, digit cover: Double, bar: Double) -> Colour {
        let middle = Double(ColourGlyphs.side) / 2
        let (x, y) = ((Double(column) + 0.5 - middle) / middle, (Double(row) + 0.5 - middle) / middle)
        let along = 0.5 + 0.25 * (right * x + down * y)
        let behind = Self.each(start, end) { $0 + along * ($1 - $0) }
        let hidden = barShare * bar
        let barred = Self.each(behind, barColour) { $0 + hidden * ($1 - $0) }
        return Self.each(barred, digit) { $0 + cover * ($1 - $0) }
    }

    /// A grey with some colour in it, as paint and walls have.
    private static func colour(_ draws: inout GlyphDraws) -> Colour {
        let grey = 175 * draws.uniform()
        let red = grey + 80 * draws.uniform()
        let green = grey + 80 * draws.uniform()
        return (red, green, grey + 80 * draws.uniform())
    }

    private static func each(_ one: Colour, _ other: Colour, _ body: (Double, Double) -> Double) -> Colour {
        (body(one.0, other.0), body(one.1, other.1), body(one.2, other.2))
    }
}
