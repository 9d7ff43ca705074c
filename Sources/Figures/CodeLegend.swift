/// The text beside a scatter plot: the classes that have a dot, the prior, and how many codes there are and how many are not shown.
struct CodeLegend: Sendable {
    private struct Line: Sendable {
        let text: String
        var dot: Colour?
        /// Whether the sign before it is a cluster head's.
        var isHead = false

        var indent: Int { dot == nil && !isHead ? 0 : CodeLegend.indent }
    }

    /// Columns between the plot and the legend.
    static let gap = 26
    private static let indent = 26
    private static let mostClasses = 20
    /// Class numbers in one line of the list of those missing on the plot.
    private static let numbersInLine = 6
    private let parts: [[Line]]

    /// - Parameter marks: the numbers on the plot; nil where missing ones are not to be listed.
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

    /// The classes with dots but no number on the plot, since there is no place where the number would be unambiguous.
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
