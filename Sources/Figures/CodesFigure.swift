extension Figures {
    /// Side of the square that holds the codes.
    private static let side = 880

    /// Figures 2a and 2b: held-out codes coloured by class over the prior's samples in grey, both axes at one scale. With cluster heads, each
    /// drawn as a ring, it is figure 11.
    ///
    /// Codes of more than two dimensions show their first two and say so; codes of one dimension become a histogram. Without classes all
    /// codes have one colour.
    ///
    /// - Parameters:
    ///   - name: what the dots are.
    ///   - axes: what the horizontal and the vertical axis are.
    public static func codes(
        _ cloud: CodeCloud, what name: String = "Held-out codes", axes: CodeAxes = CodeAxes(), title: FigureTitle
    ) -> Raster {
        guard cloud.dimensions > 1 else { return codeHistograms(cloud, title: title) }
        let what = cloud.dimensions == 2 ? name : "\(name), first two of \(cloud.dimensions) dimensions"
        let scatter = CodeScatter(cloud, x: CodeFrame.left(of: squareAxes(cloud).y), y: headingHeight, side: side, names: axes)
        let marks = scatter.classMarks
        let legend = CodeLegend(cloud, scatter, scatter.heads.areNamed ? nil : marks)
        var canvas = Canvas(
            width: width(scatter.box.right + CodeLegend.gap + legend.width + margin, what, title),
            height: scatter.box.bottom + CodeFrame.below)
        heading(what, title, on: &canvas)
        scatter.draw(cloud, marks, on: &canvas)
        legend.draw(x: scatter.box.right + CodeLegend.gap, y: scatter.box.y, on: &canvas)
        return canvas.raster
    }

    /// The numbers that `codes` writes into its picture, for tests.
    package static func classMarks(_ cloud: CodeCloud) -> [ClassMark] {
        CodeScatter(cloud, x: CodeFrame.left(of: squareAxes(cloud).y), y: headingHeight, side: side).classMarks
    }

    /// The classes that `codes` lists beside its picture because they have no number on it, for tests.
    package static func unnumberedClasses(_ cloud: CodeCloud) -> [UInt8] {
        let scatter = CodeScatter(cloud, x: CodeFrame.left(of: squareAxes(cloud).y), y: headingHeight, side: side)
        return CodeLegend.unnumbered(scatter.classes, scatter.classMarks)
    }

    /// The boxes of the numbers of cluster heads where heads are classes, for tests.
    package static func headBoxes(_ cloud: CodeCloud) -> [(number: Int, box: PixelBox)] {
        let scatter = CodeScatter(cloud, x: CodeFrame.left(of: squareAxes(cloud).y), y: headingHeight, side: side)
        return scatter.heads.places(in: scatter.box).map { ($0.number, $0.box) }
    }

    /// The dots that `codes` draws, with their classes, for tests.
    package static func classDots(_ cloud: CodeCloud) -> [(point: Point, label: UInt8)] {
        let scatter = CodeScatter(cloud, x: CodeFrame.left(of: squareAxes(cloud).y), y: headingHeight, side: side)
        return scatter.dots.compactMap { dot in dot.label.map { (dot.point, $0) } }
    }

    /// Two axes of equal length that hold nearly everything, with a small margin.
    static func squareAxes(_ cloud: CodeCloud) -> (x: Axis, y: Axis) {
        let ranges = [cloud.range(of: 0), cloud.range(of: 1)]
        let longest = ranges.map { $0.high - $0.low }.max() ?? 0
        let magnitude = ranges.map { max(abs($0.low), abs($0.high)) }.max() ?? 0
        let half = longest > magnitude * 1e-6 ? longest * 0.535 : max(magnitude * 0.1, magnitude == 0 ? 1 : 0)
        let axes = ranges.map { range in
            let middle = (range.low + range.high) / 2
            // Rounds a middle near the origin to 0, so that a centred prior stands in the middle.
            let centre = abs(middle) < half * 0.08 ? 0 : middle
            return Axis(low: centre - half * (centre == 0 ? 1.03 : 1), high: centre + half * (centre == 0 ? 1.03 : 1))
        }
        let length = axes.map { $0.high - $0.low }.max() ?? 1
        let equal = axes.map { axis in
            let middle = (axis.low + axis.high) / 2
            return Axis(low: middle - length / 2, high: middle + length / 2)
        }
        return (equal[0], equal[1])
    }
}

/// What the axes of a scatter plot are.
public struct CodeAxes: Sendable, Equatable {
    public let horizontal: String
    public let vertical: String

    public init(horizontal: String = "z1", vertical: String = "z2") {
        self.horizontal = horizontal
        self.vertical = vertical
    }
}

/// The codes of a cloud as dots in a frame.
struct CodeScatter: Sendable {
    struct Dot: Sendable {
        let point: Point
        /// `nil` where the codes have no classes.
        let label: UInt8?
    }

    let frame: CodeFrame
    /// The dots within the axes.
    let dots: [Dot]
    let prior: [Point]
    let heads: HeadMarks
    /// Codes whose two numbers are not both finite.
    let notFinite: Int

    var box: PixelBox { frame.box }

    /// - Parameter axes: two axes of equal length; where nil, those that hold the cloud.
    init(
        _ cloud: CodeCloud, x: Int, y: Int, side: Int, axes: (x: Axis, y: Axis)? = nil, names: CodeAxes = CodeAxes()
    ) {
        let axes = axes ?? Figures.squareAxes(cloud)
        let frame = CodeFrame(box: PixelBox(x: x, y: y, width: side, height: side), x: axes.x, y: axes.y, names: names)
        func points(_ rows: [Float]) -> [Point?] {
            stride(from: 0, to: rows.count, by: cloud.dimensions).map { at in
                let (x, y) = (Double(rows[at]), Double(rows[at + 1]))
                guard (0...1).contains(axes.x.fraction(x)), (0...1).contains(axes.y.fraction(y)) else { return nil }
                return Point(x: frame.across(x), y: frame.down(y))
            }
        }
        self.frame = frame
        dots = points(cloud.codes).enumerated().compactMap { index, point in
            point.map { Dot(point: $0, label: cloud.labels.isEmpty ? nil : cloud.labels[index]) }
        }
        prior = points(cloud.prior).compactMap { $0 }
        heads = HeadMarks(points: points(cloud.heads?.places ?? []), areClasses: cloud.heads?.areClasses ?? false)
        notFinite = cloud.notFinite(inFirst: 2)
    }

    /// The classes that have a dot, in order.
    var classes: [UInt8] { Set(dots.compactMap(\.label)).sorted() }

    /// The numbers of the classes; none where the cluster heads show them.
    var classMarks: [ClassMark] {
        heads.areNamed ? [] : ClassMarks(dots: dots.compactMap { dot in dot.label.map { (dot.point, $0) } }, frame: box).marks()
    }

    func draw(_ cloud: CodeCloud, _ marks: [ClassMark], on canvas: inout Canvas) {
        frame.draw(on: &canvas)
        let priorRadius = CodeScatter.radius(count: cloud.prior.count / cloud.dimensions) * 0.9
        for point in prior { canvas.disc(x: point.x, y: point.y, radius: priorRadius, .prior, alpha: 0.8, clip: box) }
        let radius = CodeScatter.radius(count: cloud.count)
        for dot in dots {
            let colour = dot.label.map { Colour.of(label: $0) } ?? Colour.classes[0]
            canvas.disc(x: dot.point.x, y: dot.point.y, radius: radius, colour, alpha: 0.8, clip: box)
        }
        canvas.frame(box, .rule)
        ClassMarks.draw(marks, in: box, on: &canvas)
        heads.draw(in: box, on: &canvas)
    }

    /// Smaller discs for more points, so that ten thousand still show what lies between them.
    private static func radius(count: Int) -> Double {
        min(4.5, max(1.5, 2.4 * (10_000 / Double(max(1, count))).squareRoot().squareRoot()))
    }
}
