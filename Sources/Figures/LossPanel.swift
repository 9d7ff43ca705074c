import Glibc

/// One frame of the losses figure: curves of one quantity.
package struct LossPanel: Sendable {
    enum Style { case smoothed, mean, marked, plain }

    struct Curve: Sendable {
        let name: String
        let colour: Colour
        /// How a curve is drawn: faint values with a strong running mean; the running mean alone; a line with a dot at each value; a line.
        let style: Style
        let samples: [LossCurve.Sample]
        /// What the strong line shows.
        let strong: [LossCurve.Sample]
        /// Values that cannot be shown, in words.
        let left: [String]
        /// The newest value as it was written, whether it can be drawn or not.
        let newest: Double?
        /// The value at which this adversary can no longer tell codes from the prior.
        let reference: Reference?

        init(_ curve: LossCurve, name: String, style: Style, colour: Colour) {
            self.name = name
            self.style = style
            self.colour = colour
            let drawable = curve.drawable
            let hasMean = style == .smoothed || style == .mean
            strong = hasMean ? LossCurve.smoothed(drawable) : drawable
            samples = style == .mean ? strong : drawable
            newest = curve.values.last
            let tooLarge = curve.values.count - drawable.count - curve.notFinite
            left = [(curve.notFinite, "not finite"), (tooLarge, "too large")].filter { $0.0 > 0 }.map { "\($0) \($1)" }
            reference = hasMean ? LossPanel.equilibrium(of: curve.name, adversaries: curve.terms) : nil
        }

        /// The name, the newest value, and what is not shown.
        var legend: [String] { [name, newest.map { Number.short($0) } ?? "no value"] + left }
    }

    package struct Reference: Sendable, Equatable {
        let label: String
        package let value: Double
    }

    /// Columns between the frame and the curves' names; the names of reference lines stand there.
    static let gap = 96
    private static let swatch = 30
    private static let valueTicks = 5

    let title: String
    let curves: [Curve]

    var isDrawable: Bool { curves.contains { !$0.samples.isEmpty || !$0.left.isEmpty } }

    /// Columns that the names beside the panel take.
    var legendWidth: Int {
        LossPanel.swatch + (curves.flatMap(\.legend).map { Lettering.body.width(of: $0) }.max() ?? 0)
    }

    /// Columns that the labels left of the panel take.
    var labelWidth: Int { axis().ticks(about: LossPanel.valueTicks).map { Lettering.body.width(of: $0.label) }.max() ?? 0 }

    /// A discriminator's loss is the sum of its two halves, 2 ln 2 where it can only guess; a generator's is then ln 2. A phase
    /// of several adversaries adds their losses up.
    package static func equilibrium(of name: String, adversaries: Int) -> Reference? {
        guard name.contains("discriminator") || name.contains("generator") else { return nil }
        let times = (name.contains("discriminator") ? 2 : 1) * adversaries
        return Reference(label: times == 1 ? "ln 2" : "\(times) ln 2", value: Double(times) * log(2))
    }

    private var references: [Reference] {
        var seen: [Reference] = []
        for reference in curves.compactMap(\.reference) where !seen.contains(reference) { seen.append(reference) }
        return seen
    }

    /// From the least to the greatest value worth showing: the strong lines whole, and the curves without their most extreme 2 %.
    func axis() -> Axis {
        var low = Double.infinity
        var high = -Double.infinity
        for curve in curves where !curve.samples.isEmpty {
            let sorted = curve.samples.map(\.value).sorted()
            let cut = curve.style == .smoothed ? sorted.count / 100 : 0
            let strong = curve.strong.map(\.value)
            low = min(low, sorted[cut], strong.min() ?? low)
            high = max(high, sorted[sorted.count - 1 - cut], strong.max() ?? high)
        }
        for reference in references {
            low = min(low, reference.value)
            high = max(high, reference.value)
        }
        guard low <= high else { return Axis(low: 0, high: 1) }
        if isLogarithmic(low: low, high: high) { return Axis(.logarithmic, low: low / 1.15, high: high * 1.15) }
        let air = (high - low) * 0.06
        return Axis(low: low >= 0 && low < high / 2 ? 0 : low - air, high: high + air)
    }

    /// True for a loss that falls to less than a fifth, and for rates that fall by steps or of which one would lie at the bottom. Rates that
    /// fall to 0 smoothly have no lowest value to end an axis at.
    private func isLogarithmic(low: Double, high: Double) -> Bool {
        guard references.isEmpty, low > 0 else { return false }
        guard curves.allSatisfy({ $0.style == .plain }) else { return high > 5 * low }
        return high > 20 * low && Set(curves.flatMap(\.samples).map(\.value)).count <= 12
    }

    func draw(in box: PixelBox, steps: Axis, on canvas: inout Canvas) {
        let axis = axis()
        drawGrid(in: box, steps: steps, values: axis, on: &canvas)
        func points(_ samples: [LossCurve.Sample]) -> [Point] {
            samples.map { sample in
                let value = axis.kind == .logarithmic ? max(sample.value, axis.low * 1e-3) : sample.value
                let height = min(4, max(-4, axis.fraction(value)))
                return Point(
                    x: Double(box.x) + steps.fraction(sample.step) * Double(box.width),
                    y: Double(box.bottom) - height * Double(box.height))
            }
        }
        for curve in curves where curve.strong != curve.samples {
            let thinned = LossCurve.thinned(curve.samples, columns: box.width)
            canvas.stroke(points(thinned), width: 1, curve.colour, alpha: 0.28, clip: box)
        }
        drawReferences(in: box, values: axis, on: &canvas)
        for curve in curves where !curve.strong.isEmpty {
            let line = points(LossCurve.thinned(curve.strong, columns: box.width))
            canvas.stroke(line, width: line.count == 1 ? 8 : 2.4, curve.colour, clip: box)
        }
        canvas.frame(box, .rule)
        for curve in curves where curve.style == .marked && curve.strong.count <= box.width / 14 {
            for point in points(curve.strong) { canvas.disc(x: point.x, y: point.y, radius: 5, curve.colour) }
        }
        canvas.text(title + (axis.kind == .logarithmic ? " (log axis)" : ""), x: box.x, y: box.y - 30, .ink)
        drawLegend(x: box.right + LossPanel.gap, y: box.y, on: &canvas)
    }

    private func drawGrid(in box: PixelBox, steps: Axis, values: Axis, on canvas: inout Canvas) {
        for tick in steps.ticks(about: 8, whole: true, in: box.width) {
            let x = box.x + Int(steps.fraction(tick.value) * Double(box.width - 1))
            canvas.fill(PixelBox(x: x, y: box.y, width: 1, height: box.height), .faint)
            canvas.fill(PixelBox(x: x, y: box.bottom, width: 1, height: 6), .rule)
            canvas.text(tick.label, x: x, y: box.bottom + 12, .slate, anchor: .centre)
        }
        for tick in values.ticks(about: LossPanel.valueTicks) {
            let y = box.bottom - 1 - Int(values.fraction(tick.value) * Double(box.height - 1))
            canvas.fill(PixelBox(x: box.x, y: y, width: box.width, height: 1), .faint)
            canvas.fill(PixelBox(x: box.x - 6, y: y, width: 6, height: 1), .rule)
            canvas.text(tick.label, x: box.x - 12, y: y - Lettering.body.capHeight / 2, .slate, anchor: .trailing)
        }
    }

    /// Dashed lines with their names on the right, moved apart where they would touch.
    private func drawReferences(in box: PixelBox, values: Axis, on canvas: inout Canvas) {
        var free = box.bottom + Lettering.body.lineHeight
        for reference in references.sorted(by: { $0.value < $1.value }) {
            let y = box.bottom - 1 - Int(values.fraction(reference.value) * Double(box.height - 1))
            canvas.dashes(y: y, .slate, clip: box)
            let top = min(y - Lettering.body.capHeight / 2, free - Lettering.body.lineHeight)
            canvas.text(reference.label, x: box.right + 10, y: top, .slate)
            free = top
        }
    }

    /// Each curve's name, and below it its newest value.
    private func drawLegend(x: Int, y: Int, on canvas: inout Canvas) {
        var top = y
        for curve in curves {
            for (line, text) in curve.legend.enumerated() {
                if line == 0 {
                    canvas.fill(PixelBox(x: x, y: top + Lettering.body.capHeight / 2 - 2, width: 22, height: 4), curve.colour)
                }
                canvas.text(text, x: x + LossPanel.swatch, y: top, line == 0 ? .ink : .slate)
                top += Lettering.body.lineHeight - 4
            }
            top += 10
        }
    }
}
