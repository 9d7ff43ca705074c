extension Figures {
    /// Side of the square that holds the codes.
    private static let side = 880

    /// Figures 2a and 2b: held-out codes coloured by class over the prior's samples in grey, both axes at one scale.
    ///
    /// Codes of more than two dimensions show their first two and say so; codes of one dimension become a histogram. Without classes all
    /// codes have one colour.
    ///
    /// - Parameter name: what the dots are.
    public static func codes(_ cloud: CodeCloud, what name: String = "Held-out codes", title: FigureTitle) -> Raster {
        guard cloud.dimensions > 1 else { return codeHistograms(cloud, title: title) }
        let what = cloud.dimensions == 2 ? name : "\(name), first two of \(cloud.dimensions) dimensions"
        let scatter = CodeScatter(cloud, x: CodeFrame.left(of: squareAxes(cloud).y), y: headingHeight, side: side)
        let legend = CodeLegend(cloud, scatter)
        var canvas = Canvas(
            width: width(scatter.box.right + CodeLegend.gap + legend.width + margin, what, title), height: scatter.box.bottom + 78)
        heading(what, title, on: &canvas)
        scatter.draw(cloud, on: &canvas)
        legend.draw(x: scatter.box.right + CodeLegend.gap, y: scatter.box.y, on: &canvas)
        return canvas.raster
    }

    /// The numbers that `codes` writes into its picture, for tests.
    package static func classMarks(_ cloud: CodeCloud) -> [ClassMark] {
        CodeScatter(cloud, x: CodeFrame.left(of: squareAxes(cloud).y), y: headingHeight, side: side).marks.marks()
    }

    /// The dots that `codes` draws, with their classes, for tests.
    package static func classDots(_ cloud: CodeCloud) -> [(point: Point, label: UInt8)] {
        let scatter = CodeScatter(cloud, x: CodeFrame.left(of: squareAxes(cloud).y), y: headingHeight, side: side)
        return scatter.dots.compactMap { dot in dot.label.map { (dot.point, $0) } }
    }

    /// Two axes of one length that hold nearly everything, with a little air.
    static func squareAxes(_ cloud: CodeCloud) -> (x: Axis, y: Axis) {
        let ranges = [cloud.range(of: 0), cloud.range(of: 1)]
        let longest = ranges.map { $0.high - $0.low }.max() ?? 0
        let magnitude = ranges.map { max(abs($0.low), abs($0.high)) }.max() ?? 0
        let half = longest > magnitude * 1e-6 ? longest * 0.535 : max(magnitude * 0.1, magnitude == 0 ? 1 : 0)
        let axes = ranges.map { range in
            let middle = (range.low + range.high) / 2
            // Round the origin off, so that a centred prior stands in the middle.
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

/// The codes of a cloud as dots in a frame.
struct CodeScatter: Sendable {
    struct Dot: Sendable {
        let point: Point
        /// `nil` where the codes have no classes.
        let label: UInt8?
    }

    let frame: CodeFrame
    /// Those within the axes.
    let dots: [Dot]
    let prior: [Point]
    /// Codes whose two numbers are not both finite.
    let notFinite: Int

    var box: PixelBox { frame.box }

    init(_ cloud: CodeCloud, x: Int, y: Int, side: Int) {
        let axes = Figures.squareAxes(cloud)
        let frame = CodeFrame(box: PixelBox(x: x, y: y, width: side, height: side), x: axes.x, y: axes.y)
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
        notFinite = cloud.notFinite(inFirst: 2)
    }

    /// The classes that have a dot, in order.
    var classes: [UInt8] { Set(dots.compactMap(\.label)).sorted() }

    var marks: ClassMarks {
        ClassMarks(dots: dots.compactMap { dot in dot.label.map { (dot.point, $0) } }, frame: box)
    }

    func draw(_ cloud: CodeCloud, on canvas: inout Canvas) {
        frame.draw(on: &canvas)
        let priorRadius = CodeScatter.radius(count: cloud.prior.count / cloud.dimensions) * 0.9
        for point in prior { canvas.disc(x: point.x, y: point.y, radius: priorRadius, .prior, alpha: 0.8, clip: box) }
        let radius = CodeScatter.radius(count: cloud.count)
        for dot in dots {
            let colour = dot.label.map { Colour.of(label: $0) } ?? Colour.classes[0]
            canvas.disc(x: dot.point.x, y: dot.point.y, radius: radius, colour, alpha: 0.8, clip: box)
        }
        canvas.frame(box, .rule)
        marks.draw(on: &canvas)
    }

    /// Smaller discs for more points, so that ten thousand still show what lies between them.
    private static func radius(count: Int) -> Double {
        min(4.5, max(1.5, 2.4 * (10_000 / Double(max(1, count))).squareRoot().squareRoot()))
    }
}

/// What stands beside a scatter plot: the classes that have a dot, the prior, and how many codes there are and are not shown.
struct CodeLegend: Sendable {
    private struct Line: Sendable {
        let text: String
        let dot: Colour?
    }

    /// Columns between the plot and the legend.
    static let gap = 26
    private static let indent = 26
    private static let mostClasses = 20
    private let parts: [[Line]]

    init(_ cloud: CodeCloud, _ scatter: CodeScatter) {
        let classes = scatter.classes
        var first: [Line] = []
        if !classes.isEmpty { first.append(Line(text: "class", dot: nil)) }
        first += classes.prefix(CodeLegend.mostClasses).map { Line(text: "\($0)", dot: Colour.of(label: $0)) }
        if classes.count > CodeLegend.mostClasses {
            first.append(Line(text: "and \(classes.count - CodeLegend.mostClasses) more", dot: nil))
        }
        if classes.isEmpty, !scatter.dots.isEmpty { first.append(Line(text: "codes", dot: Colour.classes[0])) }
        let prior = cloud.prior.isEmpty ? [] : [Line(text: "prior", dot: .prior)]
        var counts = ["\(cloud.count) codes"]
        let outside = cloud.count - scatter.dots.count - scatter.notFinite
        if outside > 0 { counts += ["\(outside) of them", "off the axes"] }
        if scatter.notFinite > 0 { counts += ["\(scatter.notFinite) of them", "not finite"] }
        parts = [first, prior, counts.map { Line(text: $0, dot: nil) }].filter { !$0.isEmpty }
    }

    /// Columns it takes.
    var width: Int {
        parts.joined().map { Lettering.body.width(of: $0.text) + ($0.dot == nil ? 0 : CodeLegend.indent) }.max() ?? 0
    }

    func draw(x: Int, y: Int, on canvas: inout Canvas) {
        var top = y + 4
        for part in parts {
            for line in part {
                if let dot = line.dot { canvas.disc(x: Double(x + 8), y: Double(top + 8), radius: 7, dot) }
                let indent = line.dot == nil ? 0 : CodeLegend.indent
                canvas.text(line.text, x: x + indent, y: top, line.dot == nil ? .slate : .ink)
                top += Lettering.body.lineHeight
            }
            top += 10
        }
    }
}

/// The frame of a scatter plot: from code coordinates to pixels.
struct CodeFrame: Sendable {
    let box: PixelBox
    let x: Axis
    let y: Axis

    private static let ticks = 8

    func across(_ value: Double) -> Double { Double(box.x) + x.fraction(value) * Double(box.width) }
    func down(_ value: Double) -> Double { Double(box.bottom) - y.fraction(value) * Double(box.height) }

    /// Columns left of a frame for the labels of its vertical axis and for its name.
    static func left(of axis: Axis) -> Int {
        50 + (axis.ticks(about: ticks).map { Lettering.body.width(of: $0.label) }.max() ?? 0)
    }

    /// Grid lines, ticks and their labels; the frame itself is drawn last, over the points.
    func draw(on canvas: inout Canvas) {
        for tick in x.ticks(about: CodeFrame.ticks, in: box.width) {
            let at = Int(across(tick.value))
            canvas.fill(PixelBox(x: at, y: box.y, width: 1, height: box.height), .faint)
            canvas.fill(PixelBox(x: at, y: box.bottom, width: 1, height: 6), .rule)
            canvas.text(tick.label, x: at, y: box.bottom + 12, .slate, anchor: .centre)
        }
        for tick in y.ticks(about: CodeFrame.ticks) {
            let at = Int(down(tick.value))
            canvas.fill(PixelBox(x: box.x, y: at, width: box.width, height: 1), .faint)
            canvas.fill(PixelBox(x: box.x - 6, y: at, width: 6, height: 1), .rule)
            canvas.text(tick.label, x: box.x - 12, y: at - Lettering.body.capHeight / 2, .slate, anchor: .trailing)
        }
        canvas.text("z1", x: box.x + box.width / 2, y: box.bottom + 44, .ink, anchor: .centre)
        canvas.risingText("z2", x: 8, middle: box.y + box.height / 2, .ink)
    }
}
