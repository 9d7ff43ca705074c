extension Figures {
    private static let mostPanels = 16

    /// Histograms of the dimensions of the codes, at most sixteen, each with the outline of the prior's.
    public static func codeHistograms(_ cloud: CodeCloud, title: FigureTitle) -> Raster {
        let moments = (0..<cloud.dimensions).map { CodeMoments(cloud.column($0, of: cloud.codes)) }
        let words = CodeMoments.texts(moments)
        let panels = (0..<min(mostPanels, cloud.dimensions)).map { HistogramPanel(cloud, dimension: $0, moments: words[$0]) }
        let what =
            cloud.dimensions > panels.count
            ? "Held-out codes, first \(panels.count) of \(cloud.dimensions) dimensions" : "Held-out codes by dimension"
        let notes = histogramNotes(cloud, moments.compactMap { $0 })
        let columns = panels.count == 1 ? 1 : panels.count <= 4 ? 2 : panels.count <= 9 ? 3 : 4
        let rows = (panels.count + columns - 1) / columns
        let size = panels.count == 1 ? (width: 760, height: 420) : (width: 340, height: 210)
        let panelWidth = panels.reduce(size.width) { max($0, $1.headingWidth) }
        let pitch = (x: panelWidth + 44, y: size.height + 92)
        let key = headingHeight + notes.count * Lettering.body.lineHeight
        let first = key + 66
        var canvas = Canvas(
            width: width(2 * margin + columns * pitch.x - 44, what, title, notes: notes), height: first + rows * pitch.y - 26)
        heading(what, title, on: &canvas)
        for (line, note) in notes.enumerated() {
            canvas.text(note, x: margin, y: headingHeight - 10 + line * Lettering.body.lineHeight, .slate)
        }
        histogramKey(y: key, on: &canvas)
        for (place, panel) in panels.enumerated() {
            let box = PixelBox(
                x: margin + place % columns * pitch.x, y: first + place / columns * pitch.y, width: panelWidth, height: size.height)
            panel.draw(in: box, on: &canvas)
        }
        return canvas.raster
    }

    /// What stands above each panel, for tests.
    package static func histogramMoments(_ cloud: CodeCloud) -> [String] {
        CodeMoments.texts((0..<cloud.dimensions).map { CodeMoments(cloud.column($0, of: cloud.codes)) })
    }

    /// What the panels do not show: dimensions without a panel, and codes that no panel can show.
    private static func histogramNotes(_ cloud: CodeCloud, _ moments: [CodeMoments]) -> [String] {
        var notes: [String] = []
        if cloud.dimensions > mostPanels {
            if let least = moments.map(\.std).min(), let most = moments.map(\.std).max(), let low = moments.map(\.mean).min(),
                let high = moments.map(\.mean).max()
            {
                let places = CodeMoments.places(moments)
                func text(_ value: Double) -> String { CodeMoments.text(value, places: places) }
                notes.append(
                    "all \(cloud.dimensions): std \(text(least)) to \(text(most)), mean \(text(low)) to \(text(high))")
            }
        }
        let notFinite = cloud.notFinite
        if notFinite > 0 { notes.append("\(notFinite) of \(cloud.count) codes have numbers that are not finite: not shown") }
        return notes
    }

    private static func histogramKey(y: Int, on canvas: inout Canvas) {
        canvas.fill(PixelBox(x: margin, y: y, width: 18, height: Lettering.body.capHeight), Colour.classes[0], alpha: 0.55)
        canvas.text("codes", x: margin + 26, y: y, .ink)
        let x = margin + 26 + Lettering.body.width(of: "codes") + 30
        canvas.fill(PixelBox(x: x, y: y + Lettering.body.capHeight / 2 - 1, width: 18, height: 2), .priorOutline)
        canvas.text("prior", x: x + 26, y: y, .ink)
    }
}

/// Mean and standard deviation of some numbers.
struct CodeMoments: Sendable {
    let mean: Double
    let std: Double

    /// `nil` where there are none.
    init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        self.mean = mean
        std = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    }

    /// Decimal places for all numbers of one sheet: so many that the greatest spread has three digits. Nil where the numbers would need a
    /// power of ten, since the places would be too many or the numbers are too large.
    static func places(_ moments: [CodeMoments]) -> Int? {
        guard let most = moments.map(\.std).max(), most > 0, most.isFinite else { return moments.isEmpty ? nil : 2 }
        let places = max(0, 2 - Int(max(-9, min(9, Number.log10(most).rounded(.down)))))
        return places <= 6 && moments.allSatisfy { abs($0.mean) < 1e6 && $0.std < 1e6 } ? places : nil
    }

    static func text(_ value: Double, places: Int?) -> String {
        places.map { Number.fixed(value, places: $0) } ?? Number.short(value)
    }

    /// What stands above each dimension's histogram.
    static func texts(_ moments: [CodeMoments?]) -> [String] {
        let places = places(moments.compactMap { $0 })
        return moments.map { moments in
            moments.map { "mean \(text($0.mean, places: places)), std \(text($0.std, places: places))" } ?? "no finite code"
        }
    }
}

/// The histogram of one dimension.
struct HistogramPanel: Sendable {
    private let name: String
    private let moments: String
    private let codes: [Double]
    private let prior: [Double]
    private let axis: Axis

    /// - Parameter moments: what stands above it.
    init(_ cloud: CodeCloud, dimension: Int, moments: String) {
        let range = cloud.range(of: dimension)
        let air = (range.high - range.low) * 0.03
        axis = Axis(low: range.low - air, high: range.high + air)
        codes = cloud.column(dimension, of: cloud.codes)
        prior = cloud.column(dimension, of: cloud.prior)
        name = "z\(dimension + 1)"
        self.moments = moments
    }

    /// Columns that the words above the panel need.
    var headingWidth: Int { Lettering.body.width(of: name) + 24 + Lettering.body.width(of: moments) }

    func draw(in box: PixelBox, on canvas: inout Canvas) {
        drawTicks(in: box, on: &canvas)
        let bins = max(10, min(box.width / 5, Int(3 * Double(max(1, codes.count)).squareRoot().squareRoot() * 1.6)))
        drawBars(shares(of: codes, bins), shares(of: prior, bins), in: box, on: &canvas)
        canvas.frame(box, .rule)
        canvas.text(name, x: box.x, y: box.y - 28, .ink)
        canvas.text(moments, x: box.right, y: box.y - 28, .slate, anchor: .trailing)
    }

    private func drawTicks(in box: PixelBox, on canvas: inout Canvas) {
        for tick in axis.ticks(about: box.width / 80, in: box.width) {
            let x = box.x + Int(axis.fraction(tick.value) * Double(box.width))
            canvas.fill(PixelBox(x: x, y: box.y, width: 1, height: box.height), .faint)
            canvas.fill(PixelBox(x: x, y: box.bottom, width: 1, height: 5), .rule)
            // A label that would reach into the next panel or off the sheet is left out; its grid line remains.
            let half = Lettering.body.width(of: tick.label) / 2
            guard x - half >= box.x - 16, x + half <= box.right + 16 else { continue }
            canvas.text(tick.label, x: x, y: box.bottom + 12, .slate, anchor: .centre)
        }
    }

    private func drawBars(_ codes: [Double], _ prior: [Double], in box: PixelBox, on canvas: inout Canvas) {
        let top = max(codes.max() ?? 0, prior.max() ?? 0) * 1.08
        guard top > 0 else { return }
        for (bin, share) in codes.enumerated() {
            let height = Int((share / top * Double(box.height)).rounded())
            let left = box.x + bin * box.width / codes.count
            let right = box.x + (bin + 1) * box.width / codes.count
            canvas.fill(
                PixelBox(x: left, y: box.bottom - height, width: right - left, height: height), Colour.classes[0], alpha: 0.55)
        }
        guard prior.contains(where: { $0 > 0 }) else { return }
        let outline = prior.enumerated().flatMap { bin, share in
            let y = Double(box.bottom) - share / top * Double(box.height)
            return [bin, bin + 1].map { Point(x: Double(box.x + $0 * box.width / prior.count), y: y) }
        }
        canvas.stroke(outline, width: 1.6, .priorOutline, clip: box)
    }

    /// The share of `values` in each of `bins` equal parts of the axis.
    private func shares(of values: [Double], _ bins: Int) -> [Double] {
        var counts = [Double](repeating: 0, count: bins)
        for value in values {
            let place = axis.fraction(value)
            guard place >= 0, place <= 1 else { continue }
            counts[min(bins - 1, Int(place * Double(bins)))] += 1
        }
        return values.isEmpty ? counts : counts.map { $0 / Double(values.count) }
    }
}
