import Foundation

/// The letters of the figures at one size: outlines of the face that is part of the program, drawn with soft edges and kerned.
///
/// No font of the machine is used, so the command stays one file and a figure has the same pixels wherever it is drawn.
package struct Lettering: Sendable {
    private struct Glyph: Sendable {
        let advance: Double
        /// One for each quarter of a pixel at which a glyph may begin.
        let masks: [LetterMask]
    }

    private struct Pair: Hashable {
        let first: Character
        let second: Character
    }

    /// Labels and captions. At this size and half of it capitals and small letters end on whole pixels: 16 and 12, 8 and 6.
    package static let body = Lettering(pixels: 22)
    /// Titles, and names within a picture.
    package static let title = Lettering(pixels: 33)

    private static let quarters = 4

    /// Rows from the top of a capital to the base line.
    package let capHeight: Int
    /// Rows from one line to the next.
    package let lineHeight: Int
    /// Rows from the highest accent down to the base line, and from there to the lowest tail.
    private let ascent: Int
    private let descent: Int
    private let glyphs: [Character: Glyph]
    private let kerning: [Pair: Double]

    private init(pixels: Int) {
        guard let file = Data(base64Encoded: EmbeddedFont.base64, options: .ignoreUnknownCharacters),
            file.count == EmbeddedFont.count
        else { preconditionFailure("the embedded font is damaged") }
        let face = OpenFace([UInt8](file), pixels: pixels)
        let characters = face.characters()
        var glyphs: [Character: Glyph] = [:]
        for character in characters {
            let masks = (0..<Lettering.quarters).map { part in
                face.mask(of: character, fraction: Double(part) / Double(Lettering.quarters))
            }
            glyphs[character] = Glyph(advance: face.advance(of: character), masks: masks)
        }
        var kerning: [Pair: Double] = [:]
        for first in characters {
            for second in characters {
                let distance = face.kerning(first, second)
                if distance != 0 { kerning[Pair(first: first, second: second)] = distance }
            }
        }
        let masks = glyphs.values.flatMap(\.masks)
        // The outline ends slightly above a whole row, which would show as one more faint row.
        capHeight =
            (glyphs["H"]?.masks[0]).map { capital in
                (0..<capital.height).count { row in
                    capital.coverage[row * capital.width..<(row + 1) * capital.width].contains { $0 > 127 }
                }
            } ?? 0
        lineHeight = (pixels * 15 + 10) / 11
        ascent = -(masks.map(\.top).min() ?? 0)
        descent = masks.map { $0.top + $0.height }.max() ?? 0
        self.glyphs = glyphs
        self.kerning = kerning
    }

    /// Whether the face has the character; a missing one shows as a question mark.
    package func has(_ character: Character) -> Bool { glyphs[character] != nil }

    /// Whole pixels that `text` takes from its first pen position to its last.
    package func width(of text: String) -> Int { Int(layout(text).width.rounded(.up)) }

    /// The pixels of one line of text.
    package func mask(of text: String) -> LetterMask {
        let (places, width) = layout(text)
        // A glyph may reach beyond its advance on either side.
        let air = ascent
        var line = LetterMask(left: -air, top: -ascent, width: Int(width.rounded(.up)) + 2 * air, height: ascent + descent)
        for (glyph, x) in places {
            let quarter = Int((x * Double(Lettering.quarters)).rounded())
            line.add(glyph.masks[quarter % Lettering.quarters], columns: quarter / Lettering.quarters)
        }
        return line
    }

    /// `text`, or as much of it as fits into `width` pixels with three dots appended.
    package func fitted(_ text: String, width room: Int) -> String {
        guard width(of: text) > room else { return text }
        var kept = text
        while !kept.isEmpty, width(of: kept + "…") > room { kept.removeLast() }
        return kept + "…"
    }

    /// Where each glyph begins, and where the next one would.
    private func layout(_ text: String) -> (places: [(Glyph, Double)], width: Double) {
        var places: [(Glyph, Double)] = []
        var pen = 0.0
        var before: Character?
        for character in text {
            let shown = has(character) ? character : "?"
            guard let glyph = glyphs[shown] else { preconditionFailure("the face has no question mark") }
            if let before { pen += kerning[Pair(first: before, second: shown)] ?? 0 }
            places.append((glyph, max(0, pen)))
            pen += glyph.advance
            before = shown
        }
        return (places, max(0, pen))
    }
}
