extension Figures {
    /// Side of the square that holds the codes.
    private static let side = 880
    private static let left = 96
    private static let legendWidth = 170

    /// Figures 2a and 2b: held-out codes coloured by class over the prior's samples in grey, both axes at one scale.
    ///
    /// Codes of more than two dimensions show their first two and say so; codes of one dimension become a histogram.
    public static func codes(_ cloud: CodeCloud, title: FigureTitle) -> Raster {
        guard cloud.dimensions > 1 else { return codeHistograms(cloud, title: title) }
        let box = PixelBox(x: left, y: headingHeight, width: side, height: side)
        var canvas = Canvas(width: left + side + 20 + legendWidth, height: box.bottom + 70)
        heading(
            cloud.dimensions == 2 ? "Held-out codes" : "Held-out codes, first two of \(cloud.dimensions) dimensions", title,
            on: &canvas)
        let (x, y) = squareAxes(cloud)
        let grid = CodeFrame(box: box, x: x, y: y)
        grid.draw(on: &canvas)

        let priorRadius = radius(count: cloud.prior.count / cloud.dimensions) * 0.9
        for point in points(of: cloud.prior, cloud.dimensions).compactMap({ $0 }) {
            canvas.disc(x: grid.across(point.x), y: grid.down(point.y), radius: priorRadius, .prior, alpha: 0.8, clip: box)
        }
        let codeRadius = radius(count: cloud.count)
        let codePoints = points(of: cloud.codes, cloud.dimensions)
        var outside = 0
        for (index, point) in codePoints.enumerated() {
            guard let point, (0...1).contains(x.fraction(point.x)), (0...1).contains(y.fraction(point.y)) else {
                outside += 1
                continue
            }
            let colour = cloud.labels.isEmpty ? Colour.classes[0] : Colour.of(label: cloud.labels[index])
            canvas.disc(x: grid.across(point.x), y: grid.down(point.y), radius: codeRadius, colour, alpha: 0.8, clip: box)
        }
        canvas.frame(box, .rule)
        if !cloud.labels.isEmpty {
            ClassMarks(points: codePoints, labels: cloud.labels, frame: grid).draw(on: &canvas)
        }
        legend(cloud, outside: outside, x: box.right + 26, y: box.y, on: &canvas)
        return canvas.raster
    }

    /// Smaller discs for more points, so that ten thousand still show what lies between them.
    private static func radius(count: Int) -> Double {
        min(4.5, max(1.5, 2.4 * (10_000 / Double(max(1, count))).squareRoot().squareRoot()))
    }

    private static func points(of rows: [Float], _ dimensions: Int) -> [Point?] {
        stride(from: 0, to: rows.count, by: dimensions).map { (at: Int) -> Point? in
            let (x, y) = (rows[at], rows[at + 1])
            guard abs(x) <= CodeCloud.largest, abs(y) <= CodeCloud.largest else { return nil }
            return Point(x: Double(x), y: Double(y))
        }
    }

    /// Two axes of one length that hold nearly everything, with a little air.
    private static func squareAxes(_ cloud: CodeCloud) -> (Axis, Axis) {
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

    private static func legend(_ cloud: CodeCloud, outside: Int, x: Int, y: Int, on canvas: inout Canvas) {
        let line = 26
        var top = y + 4
        func entry(_ label: String, _ colour: Colour) {
            canvas.disc(x: Double(x + 8), y: Double(top + 7), radius: 7, colour)
            canvas.text(label, x: x + 26, y: top, scale: 2, .ink)
            top += line
        }
        let classes = Set(cloud.labels).sorted()
        if !classes.isEmpty {
            canvas.text("class", x: x, y: top, scale: 2, .slate)
            top += line
        }
        for label in classes.prefix(20) { entry("\(label)", Colour.of(label: label)) }
        if classes.count > 20 {
            canvas.text("+ \(classes.count - 20) more", x: x, y: top, scale: 2, .slate)
            top += line
        }
        if classes.isEmpty, cloud.count > 0 { entry("codes", Colour.classes[0]) }
        top += 8
        if !cloud.prior.isEmpty { entry("prior", .prior) }
        top += 8
        canvas.text("\(cloud.count) codes", x: x, y: top, scale: 2, .slate)
        if outside > 0 {
            canvas.text("\(outside) off", x: x, y: top + line, scale: 2, .slate)
            canvas.text("the axes", x: x, y: top + line + 18, scale: 2, .slate)
        }
    }
}

/// The frame of a scatter plot: from code coordinates to pixels.
struct CodeFrame: Sendable {
    let box: PixelBox
    let x: Axis
    let y: Axis

    func across(_ value: Double) -> Double { Double(box.x) + x.fraction(value) * Double(box.width) }
    func down(_ value: Double) -> Double { Double(box.bottom) - y.fraction(value) * Double(box.height) }

    /// Grid lines, ticks and their labels; the frame itself is drawn last, over the points.
    func draw(on canvas: inout Canvas) {
        for tick in x.ticks(about: 8) {
            let at = Int(across(tick.value))
            canvas.fill(PixelBox(x: at, y: box.y, width: 1, height: box.height), .faint)
            canvas.fill(PixelBox(x: at, y: box.bottom, width: 1, height: 6), .rule)
            canvas.text(tick.label, x: at, y: box.bottom + 12, scale: 2, .slate, anchor: .centre)
        }
        for tick in y.ticks(about: 8) {
            let at = Int(down(tick.value))
            canvas.fill(PixelBox(x: box.x, y: at, width: box.width, height: 1), .faint)
            canvas.fill(PixelBox(x: box.x - 6, y: at, width: 6, height: 1), .rule)
            canvas.text(tick.label, x: box.x - 12, y: at - 7, scale: 2, .slate, anchor: .trailing)
        }
        canvas.text("z1", x: box.x + box.width / 2, y: box.bottom + 38, scale: 2, .ink, anchor: .centre)
        canvas.risingText("z2", x: 14, middle: box.y + box.height / 2, scale: 2, .ink)
    }
}
