extension Figures {
    private static let plotWidth = 1000
    private static let plotHeight = 250
    private static let plotLeft = 104
    /// Room on the right for the names of reference lines.
    private static let plotRight = 84
    private static let panelPitch = 340

    /// The curves of every phase's loss and of the pixel error, one panel for each kind of quantity, over one axis of steps.
    ///
    /// Adversaries share a panel with their values at equilibrium, 2 ln 2 for a discriminator and ln 2 for a generator; a curve that
    /// falls to less than a fifth stands on a logarithmic axis.
    public static func losses(phases: [LossCurve], pixelError: LossCurve?, title: FigureTitle) -> Raster {
        let panels = lossPanels(phases: phases, pixelError: pixelError)
        let first = headingHeight + 34
        var canvas = Canvas(
            width: plotLeft + plotWidth + plotRight,
            height: first + max(1, panels.count) * panelPitch - (panelPitch - plotHeight) + 74)
        heading("Losses", title, on: &canvas)
        let steps = panels.flatMap { $0.curves }.flatMap { [$0.samples.first?.step, $0.samples.last?.step] }.compactMap { $0 }
        guard let low = steps.min(), let high = steps.max() else {
            canvas.text("no values yet", x: plotLeft, y: first, scale: 2, .slate)
            return canvas.raster
        }
        let axis = Axis(low: low < high * 0.05 || low == high ? 0 : low, high: high)
        for (index, panel) in panels.enumerated() {
            let box = PixelBox(x: plotLeft, y: first + index * panelPitch, width: plotWidth, height: plotHeight)
            panel.draw(in: box, steps: axis, on: &canvas)
        }
        let bottom = first + panels.count * panelPitch - (panelPitch - plotHeight)
        canvas.text("step", x: plotLeft + plotWidth / 2, y: bottom + 40, scale: 2, .ink, anchor: .centre)
        return canvas.raster
    }

    private static func lossPanels(phases: [LossCurve], pixelError: LossCurve?) -> [LossPanel] {
        var panels: [LossPanel] = []
        let adversaries = phases.filter { LossPanel.equilibrium(of: $0.name) != nil }
        for (index, phase) in phases.filter({ LossPanel.equilibrium(of: $0.name) == nil }).enumerated() {
            panels.append(LossPanel(title: "\(phase.name) loss", curves: [(phase, Colour.curves[index == 0 ? 3 : 4])]))
        }
        if let pixelError { panels.append(LossPanel(title: "pixel error", curves: [(pixelError, Colour.curves[2])])) }
        if !adversaries.isEmpty {
            let colours = [Colour.curves[1], Colour.curves[0], Colour.curves[2], Colour.curves[3]]
            let curves = adversaries.enumerated().map { ($1, colours[$0 % colours.count]) }
            panels.append(LossPanel(title: "adversarial losses", curves: curves))
        }
        return panels.filter { panel in panel.curves.contains { !$0.samples.isEmpty } }
    }
}
