/// What stands beside a scatter plot: the classes that have a dot, the prior, and how many codes there are and are not shown.
struct CodeLegend: Sendable {
    private struct Line: Sendable {
        let text: String
        var dot: Colour?
        /// A cluster head's sign stands before it.
        var isHead = false

        var indent: Int { dot == nil && !isHead ? 0 : CodeLegend.indent }
    }

    /// Columns between the plot and the legend.
    static let gap = 26
    private static let indent = 26
    private static let mostClasses = 20
    /// Numbers in a line of those that the plot does not have.
    private static let numbersInLine = 6
    private let parts: [[Line]]

    /// - Parameter marks: the numbers that stand on the plot; nil where nothing is to be said of those that do not.
    init(_ cloud: CodeCloud, _ scatter: CodeScatter, _ marks: [ClassMark]?) {
        let classes = scatter.classes
        var first: [Line] = []
        if !classes.isEmpty { first.append(Line(text: "class")) }
        first += classes.prefix(CodeLegend.mostClasses).map { Line(text: "\($0)", dot: Colour.of(label: $0)) }
        if classes.count > CodeLegend.mostClasses {
            first.append(Line(text: "and \(classes.count - CodeLegend.mostClasses) more"))
        }
        if classes.isEmpty, !scatter.dots.isEmpty { first.append(Line(text: "codes", dot: Colour.classes[0])) }
        let prior = cloud.prior.isEmpty ? [] : [Line(text: "prior", dot: .prior)]
        var counts = ["\(cloud.count) codes"]
        let outside = cloud.count - scatter.dots.count - scatter.notFinite
        if outside > 0 { counts += ["\(outside) of them", "off the axes"] }
        if scatter.notFinite > 0 { counts += ["\(scatter.notFinite) of them", "not finite"] }
        let heads = scatter.heads.isEmpty ? [] : [Line(text: scatter.heads.areNamed ? "class head" : "cluster head", isHead: true)]
        parts = [
            first, Self.words(ofUnnumbered: marks.map { Self.unnumbered(classes, $0) } ?? []).map { Line(text: $0) }, prior,
            heads, counts.map { Line(text: $0) },
        ].filter { !$0.isEmpty }
    }

    /// The classes of which the plot has dots and no number, since there is no place where one would be told from the others.
    static func unnumbered(_ classes: [UInt8], _ marks: [ClassMark]) -> [UInt8] {
        let numbered = Set(marks.map(\.label))
        return classes.prefix(mostClasses).filter { !numbered.contains($0) }
    }

    private static func words(ofUnnumbered classes: [UInt8]) -> [String] {
        guard !classes.isEmpty else { return [] }
        let lines = stride(from: 0, to: classes.count, by: numbersInLine).map { start in
            classes[start..<min(classes.count, start + numbersInLine)].map { "\($0)" }.joined(separator: ", ")
        }
        return ["among others,", "no number:"] + lines
    }

    /// Columns it takes.
    var width: Int {
        parts.joined().map { Lettering.body.width(of: $0.text) + $0.indent }.max() ?? 0
    }

    func draw(x: Int, y: Int, on canvas: inout Canvas) {
        var top = y + 4
        for part in parts {
            for line in part {
                if let dot = line.dot { canvas.disc(x: Double(x + 8), y: Double(top + 8), radius: 7, dot) }
                if line.isHead { HeadMarks.ring(at: Point(x: Double(x + 8), y: Double(top + 8)), radius: 8, .ink, on: &canvas) }
                canvas.text(line.text, x: x + line.indent, y: top, line.indent == 0 ? .slate : .ink)
                top += Lettering.body.lineHeight
            }
            top += 10
        }
    }
}
