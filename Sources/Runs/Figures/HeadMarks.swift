/// Cluster heads on a scatter plot: a ring each, and in it the number of its class where heads are classes.
struct HeadMarks: Sendable {
    private let heads: [(point: Point, number: Int)]
    private let areClasses: Bool

    /// Of rings, the paper between them and their rim, and of those with a number in them.
    private static let (small, rim, large) = (9.0, 3.0, 20.0)

    /// - Parameter points: one a head, in pixels; nil where it lies off the axes.
    init(points: [Point?], areClasses: Bool) {
        heads = points.enumerated().compactMap { number, point in point.map { ($0, number) } }
        self.areClasses = areClasses
    }

    var isEmpty: Bool { heads.isEmpty }
    /// Whether each class has its number at its head.
    var areNamed: Bool { areClasses && !heads.isEmpty }

    func draw(in frame: PixelBox, on canvas: inout Canvas) {
        for (point, number) in heads {
            guard areClasses else {
                Self.ring(at: point, radius: Self.small, .ink, on: &canvas, clip: frame)
                continue
            }
            let text = "\(number)"
            let width = Lettering.title.width(of: text)
            let colour = Colour.of(label: UInt8(truncatingIfNeeded: number))
            Self.ring(at: point, radius: max(Self.large, Double(width) / 2 + 8), colour, on: &canvas, clip: frame)
            canvas.text(
                text, x: Int(point.x) - width / 2, y: Int(point.y) - Lettering.title.capHeight / 2, .ink, in: .title, halo: .white)
        }
    }

    /// White within, its rim in `colour` and about it a thin line of paper.
    static func ring(at point: Point, radius: Double, _ colour: Colour, on canvas: inout Canvas, clip: PixelBox? = nil) {
        canvas.disc(x: point.x, y: point.y, radius: radius + 2, .white, clip: clip)
        canvas.disc(x: point.x, y: point.y, radius: radius, colour, clip: clip)
        canvas.disc(x: point.x, y: point.y, radius: radius - rim, .white, clip: clip)
    }
}
