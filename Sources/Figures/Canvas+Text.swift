/// Where a text stands relative to the point it is drawn at.
enum TextAnchor {
    case leading, centre, trailing
}

extension Canvas {
    /// Rows and columns of the light rim around a text with a halo.
    static let halo = 4

    /// One line of text with the top of its capitals at `y`.
    mutating func text(
        _ text: String, x: Int, y: Int, _ colour: Colour, anchor: TextAnchor = .leading, in lettering: Lettering = .body,
        halo: Colour? = nil
    ) {
        let start = x - Canvas.shift(anchor, lettering.width(of: text))
        let mask = lettering.mask(of: text)
        let base = y + lettering.capHeight
        if let halo { lay(mask.grown(by: Canvas.halo), x: start, y: base, halo) }
        lay(mask, x: start, y: base, colour)
    }

    /// One line of text that reads upwards, with the top of its capitals at `x` and its middle at `y`.
    mutating func risingText(_ text: String, x: Int, middle y: Int, _ colour: Colour) {
        let start = y + Lettering.body.width(of: text) / 2
        lay(Lettering.body.mask(of: text).rising, x: x + Lettering.body.capHeight, y: start, colour)
    }

    /// Lays `colour` over what `mask` covers, with the mask's point at (x, y).
    private mutating func lay(_ mask: LetterMask, x: Int, y: Int, _ colour: Colour) {
        for row in 0..<mask.height {
            for column in 0..<mask.width where mask.coverage[row * mask.width + column] > 0 {
                blend(
                    x + mask.left + column, y + mask.top + row, colour, Double(mask.coverage[row * mask.width + column]) / 255)
            }
        }
    }

    private static func shift(_ anchor: TextAnchor, _ width: Int) -> Int {
        switch anchor {
        case .leading: 0
        case .centre: width / 2
        case .trailing: width
        }
    }
}
