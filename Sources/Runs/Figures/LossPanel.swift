import Glibc

/// One frame of the losses figure: curves of one quantity, faint as they are and strong as their running mean.
struct LossPanel: Sendable {
    struct Curve: Sendable {
        let name: String
        let colour: Colour
        let samples: [LossCurve.Sample]
        let smooth: [LossCurve.Sample]
        /// The value at which this adversary can no longer tell codes from the prior.
        let reference: Reference?
    }

    struct Reference: Sendable, Equatable {
        let label: String
        let value: Double
    }

    let title: String
    let curves: [Curve]

    init(title: String, curves: [(LossCurve, Colour)]) {
        self.title = title
        self.curves = curves.map { curve, colour in
            let samples = curve.drawable
            return Curve(
                name: curve.name, colour: colour, samples: samples, smooth: LossCurve.smoothed(samples),
                reference: LossPanel.equilibrium(of: curve.name))
        }
    }

    /// A discriminator's loss is the sum of its two halves, 2 ln 2 where it can only guess; a generator's is then ln 2.
    static func equilibrium(of name: String) -> Reference? {
        if name.contains("discriminator") { return Reference(label: "2 ln 2", value: 2 * log(2)) }
        if name.contains("generator") { return Reference(label: "ln 2", value: log(2)) }
        return nil
    }

    private var references: [Reference] {
        var seen: [Reference] = []
        for reference in curves.compactMap(\.reference) where !seen.contains(reference) { seen.append(reference) }
        return seen
    }

    /// From the least to the greatest worth showing: all of the running means, and the curves but for their wildest two hundredths.
    func axis() -> Axis {
        var low = Double.infinity
        var high = -Double.infinity
        for curve in curves where !curve.samples.isEmpty {
            let sorted = curve.samples.map(\.value).sorted()
            let cut = sorted.count / 100
            let means = curve.smooth.map(\.value)
            low = min(low, sorted[cut], means.min() ?? low)
            high = max(high, sorted[sorted.count - 1 - cut], means.max() ?? high)
        }
        for reference in references {
            low = min(low, reference.value)
            high = max(high, reference.value)
        }
        guard low <= high else { return Axis(low: 0, high: 1) }
        if references.isEmpty, low > 0, high > 5 * low { return Axis(.logarithmic, low: low / 1.15, high: high * 1.15) }
        let air = (high - low) * 0.06
        return Axis(low: low >= 0 && low < high / 2 ? 0 : low - air, high: high + air)
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
        for curve in curves where curve.smooth != curve.samples {
            let thinned = LossCurve.thinned(curve.samples, columns: box.width)
            canvas.stroke(points(thinned), width: 1, curve.colour, alpha: 0.28, clip: box)
        }
        drawReferences(in: box, values: axis, on: &canvas)
        for curve in curves where !curve.smooth.isEmpty {
            let thinned = LossCurve.thinned(curve.smooth, columns: box.width)
            canvas.stroke(points(thinned), width: thinned.count == 1 ? 7 : 2.2, curve.colour, clip: box)
        }
        canvas.frame(box, .rule)
        drawTitle(over: box, logarithmic: axis.kind == .logarithmic, on: &canvas)
    }

    private func drawGrid(in box: PixelBox, steps: Axis, values: Axis, on canvas: inout Canvas) {
        for tick in steps.ticks(about: 8, whole: true) {
            let x = box.x + Int(steps.fraction(tick.value) * Double(box.width - 1))
            canvas.fill(PixelBox(x: x, y: box.y, width: 1, height: box.height), .faint)
            canvas.fill(PixelBox(x: x, y: box.bottom, width: 1, height: 6), .rule)
            canvas.text(tick.label, x: x, y: box.bottom + 12, scale: 2, .slate, anchor: .centre)
        }
        for tick in values.ticks(about: 5) {
            let y = box.bottom - 1 - Int(values.fraction(tick.value) * Double(box.height - 1))
            canvas.fill(PixelBox(x: box.x, y: y, width: box.width, height: 1), .faint)
            canvas.fill(PixelBox(x: box.x - 6, y: y, width: 6, height: 1), .rule)
            canvas.text(tick.label, x: box.x - 12, y: y - 7, scale: 2, .slate, anchor: .trailing)
        }
    }

    /// Dashed lines with their names on the right, moved apart where they would touch.
    private func drawReferences(in box: PixelBox, values: Axis, on canvas: inout Canvas) {
        var free = box.bottom + 14
        for reference in references.sorted(by: { $0.value < $1.value }) {
            let y = box.bottom - 1 - Int(values.fraction(reference.value) * Double(box.height - 1))
            canvas.dashes(y: y, .slate, clip: box)
            let top = min(y - 7, free - 18)
            canvas.text(reference.label, x: box.right + 8, y: top, scale: 2, .slate)
            free = top
        }
    }

    /// What is shown on the left, and on the right each curve's name with its last mean.
    private func drawTitle(over box: PixelBox, logarithmic: Bool, on canvas: inout Canvas) {
        let y = box.y - 26
        canvas.text(title + (logarithmic ? " (log axis)" : ""), x: box.x, y: y, scale: 2, .ink)
        var right = box.right
        for curve in curves.reversed() {
            guard let last = curve.smooth.last else { continue }
            let value = Number.short(last.value)
            let label = curves.count == 1 ? "last \(value)" : "\(curve.name) \(value)"
            canvas.text(label, x: right, y: y, scale: 2, .slate, anchor: .trailing)
            right -= Canvas.textWidth(label, scale: 2) + 8
            canvas.fill(PixelBox(x: right - 22, y: y + 5, width: 22, height: 4), curve.colour)
            right -= 22 + 26
        }
    }
}
