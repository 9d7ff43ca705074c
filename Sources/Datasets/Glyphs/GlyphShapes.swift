/// A point of the unit box, or of the image in pixels; y goes down.
struct GlyphPoint: Sendable {
    var x: Double
    var y: Double
}

/// The ten classes: how each digit may be written, as control points of pen strokes in the unit box.
enum GlyphShapes {
    /// Class → variants → strokes → control points.
    static let all: [[[[GlyphPoint]]]] = notation.map(variants)

    /// `|` separates variants, `+` strokes.
    private static let notation = [
        "(.5,.02)(.2,.15)(.08,.5)(.2,.85)(.5,.98)(.8,.85)(.92,.5)(.8,.15)(.48,.02)",
        "(.52,0)(.5,.5)(.48,1) | (.3,.22)(.42,.12)(.53,0)(.52,.5)(.5,1)",
        "(.12,.25)(.3,.04)(.62,.02)(.82,.22)(.7,.5)(.35,.8)(.08,.98)(.5,.95)(.92,.97)"
            + " | (.15,.22)(.35,.03)(.7,.06)(.8,.3)(.58,.65)(.3,.93)(.1,.9)(.25,.76)(.55,.9)(.92,.98)",
        "(.12,.12)(.42,0)(.75,.12)(.72,.36)(.4,.48)(.75,.58)(.85,.8)(.55,1)(.1,.9)",
        "(.3,.02)(.14,.5)(.2,.58)(.55,.56)(.9,.52) + (.72,.05)(.68,.5)(.66,1)"
            + " | (.62,1)(.64,.5)(.66,0)(.35,.32)(.08,.66)(.5,.66)(.95,.64)",
        "(.85,.03)(.5,.03)(.25,.06)(.2,.42)(.5,.38)(.82,.55)(.8,.82)(.5,1)(.1,.92)",
        "(.7,0)(.38,.22)(.15,.6)(.22,.92)(.55,1)(.82,.82)(.72,.58)(.45,.54)(.2,.72)",
        "(.08,.06)(.5,.05)(.88,.04)(.7,.4)(.52,.7)(.4,1)"
            + " | (.1,.1)(.5,.05)(.88,.06)(.68,.45)(.5,1) + (.32,.52)(.58,.5)(.84,.48)",
        "(.78,.16)(.5,0)(.22,.15)(.3,.38)(.68,.6)(.82,.84)(.5,1)(.18,.84)(.32,.58)(.68,.38)(.78,.14)",
        "(.8,.2)(.5,.02)(.2,.18)(.22,.42)(.52,.5)(.78,.26)(.8,.22)(.76,.6)(.64,1)"
            + " | (.78,.24)(.5,.03)(.18,.22)(.26,.46)(.6,.46)(.79,.2)(.82,.55)(.7,.88)(.4,.98)(.2,.88)",
    ]

    private static func variants(_ text: String) -> [[[GlyphPoint]]] {
        text.split(separator: "|").map { $0.split(separator: "+").map(points) }
    }

    private static func points(_ text: Substring) -> [GlyphPoint] {
        text.split { "() ".contains($0) }.map { pair in
            let numbers = pair.split(separator: ",").compactMap { Double($0) }
            precondition(numbers.count == 2, "control point \(pair)")
            return GlyphPoint(x: numbers[0], y: numbers[1])
        }
    }
}
