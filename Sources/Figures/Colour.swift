/// A colour of 8 bits a channel.
struct Colour: Sendable, Equatable {
    var red: UInt8
    var green: UInt8
    var blue: UInt8

    /// From 0xRRGGBB.
    init(_ hex: UInt32) {
        red = UInt8(hex >> 16 & 0xFF)
        green = UInt8(hex >> 8 & 0xFF)
        blue = UInt8(hex & 0xFF)
    }

    static let white = Colour(0xFFFFFF)
    /// Titles.
    static let ink = Colour(0x1A1A1A)
    /// Axis labels and second lines.
    static let slate = Colour(0x555555)
    /// Frames and ticks.
    static let rule = Colour(0x888888)
    /// Grid lines inside a frame.
    static let faint = Colour(0xE9E9E9)
    /// Prior samples, behind everything.
    static let prior = Colour(0xCFCFCF)
    /// The outline of the prior in histograms.
    static let priorOutline = Colour(0x333333)

    /// Ten colours for ten classes, distinguishable with every kind of colour vision.
    ///
    /// Found by a search that maximised the least distance in CIE Lab between any two, in full colour vision and in simulated
    /// protanopia, deuteranopia and tritanopia (Machado et al. 2009): it is 26, and 5 for the usual ten of plotting libraries.
    static let classes: [Colour] = [
        Colour(0x2233AA), Colour(0xEEBB11), Colour(0xDD0011), Colour(0x448866), Colour(0x77CCFF),
        Colour(0x882277), Colour(0xBBCC77), Colour(0xFF55BB), Colour(0x881122), Colour(0xBB66FF),
    ]

    /// Curves, in the order in which they are drawn.
    static let curves: [Colour] = [Colour(0x2233AA), Colour(0xDD0011), Colour(0x448866), Colour(0x882277), Colour(0xEEBB11)]

    /// Runs beside each other: from dark to light, so that they differ in a grey print too, where the usual colours of curves look the same.
    static let runs: [Colour] = [Colour(0x10206A), Colour(0xB3122B), Colour(0x2E8B57), Colour(0xE07B1A), Colour(0x7CC4F0)]

    /// The colour of class `label`; from ten on, colours repeat.
    static func of(label: UInt8) -> Colour { classes[Int(label) % classes.count] }
}
