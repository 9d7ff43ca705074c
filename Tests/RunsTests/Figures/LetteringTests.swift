import Figures
import Runs
import Testing

/// The outline face of the figures.
@Suite struct LetteringTests {
    private static let sizes = [Lettering.body, .title]

    private func ink(_ mask: LetterMask) -> Int { mask.coverage.reduce(0) { $0 + Int($1) } }

    /// Rows of the base line's letters that are inked for the greater part, from the base line: negative is above.
    private func rows(_ mask: LetterMask) -> ClosedRange<Int>? {
        let inked = (0..<mask.height).filter { row in
            mask.coverage[row * mask.width..<(row + 1) * mask.width].contains { $0 > 127 }
        }
        guard let first = inked.first, let last = inked.last else { return nil }
        return first + mask.top...last + mask.top
    }

    @Test("Every printable ASCII character, and the signs that captions use, has a glyph of its own")
    func characters() {
        let ascii = (0x20...0x7E).map { Character(Unicode.Scalar(UInt8($0))) }
        let signs: [Character] = ["×", "±", "²", "…", "–", "·", "−", "µ", "é", "ß", "→", "≤", "≥"]
        for size in Self.sizes {
            #expect((ascii + signs).allSatisfy { size.has($0) })
            let masks = (ascii + signs).map { size.mask(of: String($0)).coverage }
            #expect(Set(masks).count == ascii.count + signs.count)
            for (character, mask) in zip(ascii + signs, masks) {
                #expect(mask.contains { $0 > 0 } == (character != " "), "\(character)")
            }
        }
        #expect(!Lettering.body.has("漢"))
        #expect(Lettering.body.mask(of: "漢") == Lettering.body.mask(of: "?"))
    }

    @Test("Edges are soft, capitals stand on the base line, and tails reach below it")
    func shape() {
        for size in Self.sizes {
            let letter = size.mask(of: "O")
            #expect(letter.coverage.contains(255) && Set(letter.coverage).count > 20)
            #expect(rows(size.mask(of: "H")) == -size.capHeight ... -1)
            #expect((rows(size.mask(of: "g"))?.upperBound ?? 0) > 1)
        }
        #expect(Lettering.body.capHeight == 16 && Lettering.title.capHeight == 24)
    }

    @Test("Letters that lean on each other are kerned, figures are not")
    func kerning() {
        let size = Lettering.title
        #expect(size.width(of: "AVAVAVAV") < size.width(of: "AAAA") + size.width(of: "VVVV") - 6)
        #expect(abs(size.width(of: "1717") - size.width(of: "1111")) <= 1)
    }

    @Test("A text has the ink of its letters wherever they begin between two pixels")
    func places() {
        let size = Lettering.body
        let line = "millimetre"
        let letters = line.reduce(0) { $0 + ink(size.mask(of: String($1))) }
        #expect(abs(ink(size.mask(of: line)) - letters) < letters / 20)
        #expect(ink(size.mask(of: line).rising) == ink(size.mask(of: line)))
        #expect(size.mask(of: line).rising.rising.rising.rising == size.mask(of: line))
    }

    @Test("A rim covers all that it surrounds, and more")
    func rim() {
        let mask = Lettering.title.mask(of: "8")
        let grown = mask.grown(by: 3)
        for row in 0..<mask.height {
            for column in 0..<mask.width {
                #expect(grown.coverage[(row + 3) * grown.width + column + 3] >= mask.coverage[row * mask.width + column])
            }
        }
        #expect(ink(grown) > 2 * ink(mask))
    }

    @Test("Text is cut to a width with three dots, and not where it fits")
    func fitted() {
        let size = Lettering.body
        let text = "a name that is long"
        #expect(size.fitted(text, width: size.width(of: text)) == text)
        let cut = size.fitted(text, width: 100)
        #expect(cut.hasSuffix("…") && text.hasPrefix(cut.dropLast()) && size.width(of: cut) <= 100)
        #expect(size.width(of: text.prefix(cut.count) + "…") > 100)
        #expect(size.width(of: "") == 0)
    }
}
