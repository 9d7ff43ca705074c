/// The code coordinates along one side of a walk.
public struct WalkAxis: Sendable, Equatable {
    /// What is walked, such as "z1".
    public let name: String
    /// One coordinate a column or row, in the order of the images; none leaves the side bare.
    public let values: [Double]

    public init(name: String, values: [Double]) {
        self.name = name
        self.values = values
    }
}

extension Figures {
    /// The manifold of figure 2e: images decoded from codes on a grid over the prior, side by side with no gap.
    ///
    /// `images` come row by row, `columns` to a row; the caption says how the codes were spaced.
    ///
    /// - Parameter what: what is walked, and what its rows and columns are.
    public static func walk(
        _ images: ImageBatch, columns: Int, what: String = "A walk over the prior", horizontal: WalkAxis? = nil,
        vertical: WalkAxis? = nil, caption: String, title: FigureTitle
    ) -> Raster {
        let layout = GridLayout(images, columns: columns, gap: 0)
        let rising = vertical.map { $0.values.isEmpty ? nil : $0 } ?? nil
        let running = horizontal.map { $0.values.isEmpty ? nil : $0 } ?? nil
        let left = rising.map { margin + sideWidth($0) } ?? margin
        let top = headingHeight + Lettering.body.lineHeight
        var canvas = Canvas(
            width: width(left + layout.width + margin, what, title, notes: [caption]),
            height: top + layout.height + (running == nil ? margin : 78))
        heading(what, title, on: &canvas)
        canvas.text(
            Lettering.body.fitted(caption, width: canvas.width - 2 * margin), x: margin, y: headingHeight - 10, .slate)
        for index in 0..<images.count {
            canvas.paste(
                images, index, x: left + layout.x(index % layout.columns), y: top + layout.y(index / layout.columns),
                scale: layout.scale)
        }
        let box = PixelBox(x: left, y: top, width: layout.width, height: layout.height)
        canvas.frame(box, .rule)
        if let running { columnLabels(running, layout, box, on: &canvas) }
        if let rising { rowLabels(rising, layout, box, on: &canvas) }
        return canvas.raster
    }

    /// Columns left of the images for the rows' labels and the axis' name.
    private static func sideWidth(_ axis: WalkAxis) -> Int {
        40 + (labels(axis.values).map { Lettering.body.width(of: $0) }.max() ?? 0)
    }

    private static func columnLabels(_ axis: WalkAxis, _ layout: GridLayout, _ box: PixelBox, on canvas: inout Canvas) {
        let labels = labels(axis.values)
        let widest = labels.map { Lettering.body.width(of: $0) }.max() ?? 0
        let every = (widest + 8 + layout.cellWidth) / layout.cellWidth
        for column in stride(from: 0, to: min(layout.columns, labels.count), by: every) {
            let middle = box.x + layout.x(column) + layout.cellWidth / 2
            canvas.fill(PixelBox(x: middle, y: box.bottom, width: 1, height: 6), .rule)
            canvas.text(labels[column], x: middle, y: box.bottom + 12, .slate, anchor: .centre)
        }
        canvas.text(axis.name, x: box.x + box.width / 2, y: box.bottom + 44, .ink, anchor: .centre)
    }

    private static func rowLabels(_ axis: WalkAxis, _ layout: GridLayout, _ box: PixelBox, on canvas: inout Canvas) {
        let labels = labels(axis.values)
        let every = (Lettering.body.capHeight + 12 + layout.cellHeight) / layout.cellHeight
        for row in stride(from: 0, to: min(layout.rows, labels.count), by: every) {
            let middle = box.y + layout.y(row) + layout.cellHeight / 2
            canvas.fill(PixelBox(x: box.x - 6, y: middle, width: 6, height: 1), .rule)
            canvas.text(
                labels[row], x: box.x - 12, y: middle - Lettering.body.capHeight / 2, .slate, anchor: .trailing)
        }
        canvas.risingText(axis.name, x: 8, middle: box.y + box.height / 2, .ink)
    }

    /// All with the same number of decimal places: the fewest that tell neighbours apart.
    private static func labels(_ values: [Double]) -> [String] {
        let steps = zip(values, values.dropFirst()).map { abs($1 - $0) }
        let closest = steps.min() ?? 1
        let places = (0..<4).first { places in
            let unit = Number.power10(places)
            return values.allSatisfy { abs($0 - ($0 * unit).rounded() / unit) <= closest * 0.1 }
        }
        return values.map { Number.fixed($0, places: places ?? 4) }
    }
}
