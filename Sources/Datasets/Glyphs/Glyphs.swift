/// The built-in data set `glyphs`: digits drawn as pen strokes, so that a first run needs no files.
///
/// Each image is a pure function of its index, the same bytes on every machine: Philox words, + − × ÷ √ in `Double`,
/// no libm and no fused multiply-add. Image i has class i mod 10; those from 60,000 on are the test images.
public struct Glyphs: DrawnDigits {
    public static let total = 70_000
    public static let trainingCount = 60_000
    public static let side = 28
    /// SHA-256 of all 70,000 images in order of their indices, confirmed by a second implementation that is kept with
    /// the tests.
    public static let digest = "856c7831673708dc6ce4306e51cbe13b98e867023b3989ede1924b17864c3a43"

    /// The indices of these images in the whole set.
    public let range: Range<Int>

    public init(_ range: Range<Int> = 0..<Glyphs.total) {
        precondition(range.lowerBound >= 0 && range.upperBound <= Self.total, "\(range) of \(Self.total) glyphs")
        self.range = range
    }

    public static var training: Glyphs { Glyphs(0..<trainingCount) }
    public static var test: Glyphs { Glyphs(trainingCount..<total) }

    public static let setName = "glyphs"
    public static let channelCount = 1

    public func draw(_ image: Int, into bytes: inout [UInt8], at offset: Int) {
        var draws = GlyphDraws(image: image)
        let variants = GlyphShapes.all[image % Self.classes]
        let strokes = variants[Int(draws.uniform() * Double(variants.count))]
        let (line, ink) = GlyphLine.segments(strokes, draws: &draws)
        GlyphPen.draw(line, ink: ink, side: Self.side, into: &bytes, at: offset)
    }
}
