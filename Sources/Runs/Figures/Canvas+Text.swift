/// Where a text stands relative to the point it is drawn at.
enum TextAnchor {
    case leading, centre, trailing
}

extension Canvas {
    /// Pixels that `text` takes in width at `scale`.
    static func textWidth(_ text: String, scale: Int) -> Int { BitmapFont.width(of: text) * scale }

    /// One line of text with the top of its capitals at `y`; every pixel of the font is `scale` × `scale` here.
    mutating func text(
        _ text: String, x: Int, y: Int, scale: Int, _ colour: Colour, anchor: TextAnchor = .leading, halo: Colour? = nil
    ) {
        let start = x - Canvas.shift(anchor, Canvas.textWidth(text, scale: scale))
        if let halo {
            for (column, row) in Canvas.inked(text) {
                fill(
                    PixelBox(x: start + column * scale - scale, y: y + row * scale - scale, width: 3 * scale, height: 3 * scale),
                    halo)
            }
        }
        for (column, row) in Canvas.inked(text) {
            fill(PixelBox(x: start + column * scale, y: y + row * scale, width: scale, height: scale), colour)
        }
    }

    /// One line of text that reads upwards, with the top of its capitals at `x` and its middle at `y`.
    mutating func risingText(_ text: String, x: Int, middle y: Int, scale: Int, _ colour: Colour) {
        let start = y + Canvas.textWidth(text, scale: scale) / 2
        for (column, row) in Canvas.inked(text) {
            fill(PixelBox(x: x + row * scale, y: start - (column + 1) * scale, width: scale, height: scale), colour)
        }
    }

    /// `text`, or as much of it as fits into `width` pixels with three dots behind it.
    static func fitted(_ text: String, width: Int, scale: Int) -> String {
        guard textWidth(text, scale: scale) > width else { return text }
        let room = max(0, (width / scale + 1) / BitmapFont.advance - 3)
        return String(text.prefix(room)) + "..."
    }

    private static func shift(_ anchor: TextAnchor, _ width: Int) -> Int {
        switch anchor {
        case .leading: 0
        case .centre: width / 2
        case .trailing: width
        }
    }

    /// The (column, row) of every inked pixel of `text` at a scale of one.
    private static func inked(_ text: String) -> [(Int, Int)] {
        var inked: [(Int, Int)] = []
        for (position, character) in text.enumerated() {
            for (row, bits) in BitmapFont.rows(of: character).enumerated() {
                for column in 0..<BitmapFont.width where bits >> (BitmapFont.width - 1 - column) & 1 == 1 {
                    inked.append((position * BitmapFont.advance + column, row))
                }
            }
        }
        return inked
    }
}
