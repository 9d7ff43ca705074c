extension Figures {
    /// Histograms of the first dimensions of the codes, at most eight, each with the outline of the prior's.
    public static func codeHistograms(_ cloud: CodeCloud, title: FigureTitle) -> Raster {
        let shown = min(8, cloud.dimensions)
        let columns = shown == 1 ? 1 : shown <= 4 ? 2 : 4
        let rows = (shown + columns - 1) / columns
        let panel = shown == 1 ? (width: 760, height: 420) : (width: 340, height: 210)
        let pitch = (x: panel.width + 36, y: panel.height + 84)
        var canvas = Canvas(
            width: 2 * margin + columns * pitch.x - 36, height: headingHeight + 62 + rows * pitch.y - 26)
        let what =
            cloud.dimensions > shown
            ? "Held-out codes, first \(shown) of \(cloud.dimensions) dimensions" : "Held-out codes by dimension"
        heading(what, title, on: &canvas)
        canvas.fill(PixelBox(x: margin, y: headingHeight - 6, width: 16, height: 14), Colour.classes[0], alpha: 0.55)
        canvas.text("codes", x: margin + 24, y: headingHeight - 6, scale: 2, .ink)
        canvas.fill(PixelBox(x: margin + 110, y: headingHeight, width: 16, height: 2), .priorOutline)
        canvas.text("prior", x: margin + 134, y: headingHeight - 6, scale: 2, .ink)
        for dimension in 0..<shown {
            let box = PixelBox(
                x: margin + dimension % columns * pitch.x, y: headingHeight + 56 + dimension / columns * pitch.y,
                width: panel.width, height: panel.height)
            histogram(cloud, dimension, box, on: &canvas)
        }
        return canvas.raster
    }

    private static func histogram(_ cloud: CodeCloud, _ dimension: Int, _ box: PixelBox, on canvas: inout Canvas) {
        let range = cloud.range(of: dimension)
        let air = (range.high - range.low) * 0.03
        let axis = Axis(low: range.low - air, high: range.high + air)
        let bins = max(10, min(box.width / 5, Int(3 * Double(max(1, cloud.count)).squareRoot().squareRoot() * 1.6)))
        let codes = densities(cloud.column(dimension, of: cloud.codes), axis, bins)
        let prior = densities(cloud.column(dimension, of: cloud.prior), axis, bins)
        let top = max(codes.max() ?? 0, prior.max() ?? 0) * 1.08
        for tick in axis.ticks(about: box.width / 90) {
            let x = box.x + Int(axis.fraction(tick.value) * Double(box.width))
            canvas.fill(PixelBox(x: x, y: box.y, width: 1, height: box.height), .faint)
            canvas.fill(PixelBox(x: x, y: box.bottom, width: 1, height: 5), .rule)
            canvas.text(tick.label, x: x, y: box.bottom + 10, scale: 2, .slate, anchor: .centre)
        }
        if top > 0 {
            for (bin, share) in codes.enumerated() {
                let height = Int((share / top * Double(box.height)).rounded())
                let left = box.x + bin * box.width / bins
                let right = box.x + (bin + 1) * box.width / bins
                canvas.fill(
                    PixelBox(x: left, y: box.bottom - height, width: right - left, height: height), Colour.classes[0], alpha: 0.55)
            }
            let outline = prior.enumerated().flatMap { bin, share in
                let y = Double(box.bottom) - share / top * Double(box.height)
                return [bin, bin + 1].map { Point(x: Double(box.x + $0 * box.width / bins), y: y) }
            }
            if prior.contains(where: { $0 > 0 }) { canvas.stroke(outline, width: 1.6, .priorOutline, clip: box) }
        }
        canvas.frame(box, .rule)
        let name = "z\(dimension + 1)"
        canvas.text(name, x: box.x, y: box.y - 24, scale: 2, .ink)
        let moments = "mean \(summary(cloud.column(dimension, of: cloud.codes)))"
        canvas.text(
            Canvas.fitted(moments, width: box.width - 50, scale: 2), x: box.right, y: box.y - 24, scale: 2, .slate,
            anchor: .trailing)
    }

    /// "0.12, std 4.87".
    private static func summary(_ values: [Double]) -> String {
        guard !values.isEmpty else { return "none" }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        let std = variance.squareRoot()
        // Both with the places that give the spread three digits.
        let scale = std > 0 ? std : max(abs(mean), 1e-12)
        let places = min(6, max(0, 2 - Int(Number.log10(scale).rounded(.down))))
        return "\(Number.fixed(mean, places: places)), std \(Number.fixed(std, places: places))"
    }

    /// The share of `values` in each of `bins` equal parts of the axis.
    private static func densities(_ values: [Double], _ axis: Axis, _ bins: Int) -> [Double] {
        var counts = [Double](repeating: 0, count: bins)
        for value in values {
            let place = axis.fraction(value)
            guard place >= 0, place <= 1 else { continue }
            counts[min(bins - 1, Int(place * Double(bins)))] += 1
        }
        return values.isEmpty ? counts : counts.map { $0 / Double(values.count) }
    }
}
