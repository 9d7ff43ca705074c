/// The built-in data set `glyphs-colour`: any number of colour crops of 32 × 32 that resemble SVHN's, so that an experiment meant for SVHN runs at
/// full scale without a file. Figures measured on it are not comparable with SVHN's.
///
/// A digit of `glyphs` stands in the middle and is the label; digits to its left and right are cut off at the sides; behind them are a gradient of
/// two colours and a bar, and noise lies over everything. Image i has class i mod 10 and is a pure function of i, the same bytes on every machine,
/// by the means of `glyphs`. Training images are those from 0 on, test images those from `firstTest` on.
public struct ColourGlyphs: DrawnDigits {
    public static let side = 32
    /// SVHN's numbers of images: the defaults for training and validation, and the fixed number for testing.
    public static let usual = (train: 63_257, validation: 10_000, test: 26_032)
    static let firstTest = 100_000_000
    /// `digest` covers so many images at the front of training, and as many at the front of test.
    static let verified = 500
    /// SHA-256 of those images, training's first, confirmed by a second implementation that is kept with the tests.
    public static let digest = "ed26c9bf01bb59165270e990a1017e610560bea28818941b3255896327103d6b"

    /// The indices of these images in the whole set.
    public let range: Range<Int>

    init(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= Int(UInt32.max), "an image's number has 32 bits")
        self.range = range
    }

    public static func training(_ count: Int) -> ColourGlyphs {
        precondition(count <= firstTest, "\(count) images reach into those of test")
        return ColourGlyphs(0..<count)
    }

    public static func test(_ count: Int = usual.test) -> ColourGlyphs { ColourGlyphs(firstTest..<firstTest + count) }

    public static let setName = "glyphs-colour"
    public static let channelCount = 3

    public func draw(_ image: Int, into bytes: inout [UInt8], at offset: Int) {
        var draws = GlyphDraws(image: image, set: 2)
        let scene = GlyphScene(&draws)
        var line = Self.digit(image % Self.classes, x: 0, y: 0, &draws)
        for sign in [-1.0, 1.0] {
            guard draws.uniform() < Self.neighbours else { continue }
            let (other, x) = (Int(draws.uniform() * Double(Self.classes)), sign * (19 + 5 * draws.uniform()))
            let y = 6 * (draws.uniform() - 0.5)
            line += Self.digit(other, x: x, y: y, &draws)
        }
        let cover = GlyphPen.cover(line, side: Self.side)
        let bar = GlyphPen.cover([scene.bar], side: Self.side)
        for pixel in 0..<Self.side * Self.side {
            let noise = scene.noise * (draws.uniform() - 0.5)
            let colours = scene.colours(row: pixel / Self.side, column: pixel % Self.side, digit: cover[pixel], bar: bar[pixel])
            for (channel, colour) in [colours.0, colours.1, colours.2].enumerated() {
                bytes[offset + 3 * pixel + channel] = UInt8(min(max(colour + noise, 0), 255) + 0.5)
            }
        }
    }

    /// The probability of a digit on each side.
    private static let neighbours = 0.75

    /// The line of a digit, 20.7 to 26.3 pixels high; (x, y) is the offset of its middle from the image's.
    private static func digit(_ digit: Int, x: Double, y: Double, _ draws: inout GlyphDraws) -> [GlyphSegment] {
        let scale = 1.15 + 0.1 * draws.uniform()
        let variants = GlyphShapes.all[digit]
        let strokes = variants[Int(draws.uniform() * Double(variants.count))]
        // In `glyphs` the ink sets how dark a digit is; here the contrast does.
        var line = GlyphLine.segments(strokes, draws: &draws).line
        let (from, middle) = (Double(Glyphs.side) / 2, Double(side) / 2)
        for index in line.indices {
            line[index].start.x = middle + x + scale * (line[index].start.x - from)
            line[index].start.y = middle + y + scale * (line[index].start.y - from)
            line[index].end.x = middle + x + scale * (line[index].end.x - from)
            line[index].end.y = middle + y + scale * (line[index].end.y - from)
            line[index].radius = scale * line[index].radius
        }
        return line
    }
}
