extension Figures {
    private static let plotWidth = 900
    private static let plotHeight = 240
    private static let panelPitch = 346

    /// The curves of a run over one axis of steps, a panel for each kind of quantity: the reconstruction in training and on held-out images,
    /// the adversaries with the values at which neither learns any more, the learning rates.
    ///
    /// Beside each panel stand its curves' names with their newest values, which are not smoothed.
    public static func losses(_ curves: TrainingCurves, title: FigureTitle) -> Raster {
        let epoch = curves.stepsPerEpoch.map { " (\($0) an epoch)" } ?? ""
        return stacked(
            curves.panels, "Losses", title, steps: "step" + epoch,
            notes: curves.smoothing.map {
                ["strong lines: mean over \($0) steps; faint: every step; numbers: the newest value, not smoothed"]
            } ?? [])
    }

    /// Panels one below the other over one axis of steps.
    ///
    /// - Parameters:
    ///   - steps: the text below the axis.
    ///   - notes: lines at the bottom.
    static func stacked(
        _ panels: [LossPanel], _ what: String, _ title: FigureTitle, steps label: String, notes: [String]
    ) -> Raster {
        let first = headingHeight + 38
        let plotLeft = margin + 14 + (panels.map(\.labelWidth).max() ?? 0)
        let legend = panels.map(\.legendWidth).max() ?? 0
        var canvas = Canvas(
            width: width(plotLeft + plotWidth + LossPanel.gap + legend + margin, what, title, notes: notes),
            height: first + max(1, panels.count) * panelPitch - (panelPitch - plotHeight) + 78
                + notes.count * Lettering.body.lineHeight)
        heading(what, title, on: &canvas)
        guard let steps = stepAxis(of: panels) else {
            canvas.text("no values yet", x: margin, y: first, .slate)
            return canvas.raster
        }
        for (index, panel) in panels.enumerated() {
            let box = PixelBox(x: plotLeft, y: first + index * panelPitch, width: plotWidth, height: plotHeight)
            panel.draw(in: box, steps: steps, on: &canvas)
        }
        let bottom = first + panels.count * panelPitch - (panelPitch - plotHeight)
        canvas.text(label, x: plotLeft + plotWidth / 2, y: bottom + 44, .ink, anchor: .centre)
        for note in notes { canvas.text(note, x: margin, y: bottom + 44 + Lettering.body.lineHeight + 4, .slate) }
        return canvas.raster
    }

    /// From the first step to the last, or from 0 where the first step is near 0.
    private static func stepAxis(of panels: [LossPanel]) -> Axis? {
        let samples = panels.flatMap(\.curves).flatMap { [$0.samples.first?.step, $0.samples.last?.step] }.compactMap { $0 }
        guard let low = samples.min(), let high = samples.max() else { return nil }
        return Axis(low: low < high * 0.05 || low == high ? 0 : low, high: high)
    }
}

extension Figures {
    /// The value of the reference line of a phase with `adversaries` adversaries, for tests.
    package static func guessing(ofPhase phase: String, adversaries: Int) -> Double? {
        LossPanel.equilibrium(of: phase, adversaries: adversaries)?.value
    }
}

extension TrainingCurves {
    /// The panels that have something to show.
    fileprivate var panels: [LossPanel] {
        var panels = [LossPanel(title: "reconstruction: \(costUnit)", curves: lines([reconstruction]))]
        if let squaredError {
            panels.append(
                LossPanel(title: "reconstruction: \(TrainingCurves.squaredUnit)", curves: lines([squaredError, heldOut])))
        } else {
            panels[0] = LossPanel(title: "reconstruction: \(costUnit)", curves: lines([reconstruction, heldOut]))
        }
        panels.append(LossPanel(title: "adversarial losses, nats a code (dashed: mere guessing)", curves: lines(adversaries)))
        panels.append(
            LossPanel(title: "each adversary's losses, nats a code (dashed: mere guessing)", curves: numbered(eachAdversary)))
        panels.append(LossPanel(title: "other losses", curves: numbered(others)))
        panels.append(LossPanel(title: "learning rates", curves: rateLines))
        return panels.filter { $0.isDrawable }
    }

    private func lines(_ curves: [LossCurve?]) -> [LossPanel.Curve] {
        curves.compactMap { $0 }.map { curve in
            LossPanel.Curve(
                curve, name: curve.name, style: curve.name == heldOut?.name ? .marked : .smoothed,
                colour: TrainingCurves.colour(of: curve.name))
        }
    }

    /// Curves whose names occur in no other panel: colours go by their order.
    private func numbered(_ curves: [LossCurve]) -> [LossPanel.Curve] {
        curves.enumerated().map { index, curve in
            LossPanel.Curve(
                curve, name: curve.name, style: .smoothed, colour: Colour.curves[index % Colour.curves.count])
        }
    }

    /// Phases with the same rate share a line, since one line would hide the others.
    private var rateLines: [LossPanel.Curve] {
        var shared: [(names: [String], curve: LossCurve)] = []
        for rate in rates {
            if let at = shared.firstIndex(where: { $0.curve.steps == rate.steps && $0.curve.values == rate.values }) {
                shared[at].names.append(rate.name)
            } else {
                shared.append(([rate.name], rate))
            }
        }
        return shared.map { names, curve in
            LossPanel.Curve(
                curve, name: names.joined(separator: ", "), style: .plain, colour: TrainingCurves.colour(of: curve.name))
        }
    }

    /// One colour a name, in every panel.
    private static func colour(of name: String) -> Colour {
        let names = ["generator", "discriminator", "held-out", "reconstruction", "training"]
        let at = names.firstIndex { name.contains($0) } ?? 3
        return Colour.curves[min(at, 3)]
    }

    /// The window, in steps, of the running mean in strong lines; `nil` where no curve is long enough.
    fileprivate var smoothing: Int? {
        let longest = ([reconstruction, squaredError] + adversaries).compactMap { $0?.drawable.count }.max() ?? 0
        return LossCurve.window(longest)
    }
}
