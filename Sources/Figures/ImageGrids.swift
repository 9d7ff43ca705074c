/// Where the images of a grid go. All are enlarged by the same whole number, so that each pixel stays a crisp square.
struct GridLayout: Sendable {
    let columns: Int
    let rows: Int
    let scale: Int
    /// Between neighbours, in pixels.
    let gap: Int
    let cellWidth: Int
    let cellHeight: Int

    /// The widest a grid should become when there is a choice, in pixels.
    static let comfortableWidth = 1300
    static let largestScale = 4

    /// - Parameter room: the widest it should become.
    init(_ images: ImageBatch, columns: Int, gap: Int, room: Int = comfortableWidth) {
        precondition(columns > 0, "a grid of \(columns) columns")
        self.columns = max(1, min(columns, images.count))
        self.gap = gap
        rows = (images.count + self.columns - 1) / self.columns
        scale = GridLayout.scale(columns: self.columns, of: images.width, gap: gap, room: room)
        cellWidth = images.width * scale
        cellHeight = images.height * scale
    }

    /// The factor by which images are enlarged: the largest that fits.
    static func scale(columns: Int, of width: Int, gap: Int, room: Int) -> Int {
        max(1, min(largestScale, (room - (columns - 1) * gap) / max(1, columns * width)))
    }

    var width: Int { columns * cellWidth + (columns - 1) * gap }
    var height: Int { max(0, rows * cellHeight + (rows - 1) * gap) }

    func x(_ column: Int) -> Int { column * (cellWidth + gap) }
    func y(_ row: Int) -> Int { row * (cellHeight + gap) }
}

extension Figures {
    /// Gap between unrelated images.
    static let gap = 2

    /// A bare grid of images, row by row, with nothing around it.
    public static func grid(_ images: ImageBatch, columns: Int) -> Raster {
        let layout = GridLayout(images, columns: columns, gap: gap)
        var canvas = Canvas(width: layout.width, height: max(1, layout.height))
        draw(images, layout, x: 0, y: 0, on: &canvas)
        return images.channels == 1 ? canvas.greyRaster : canvas.raster
    }

    /// Images decoded from samples of the prior, row by row; rows and columns have no meaning.
    public static func samples(_ images: ImageBatch, columns: Int = 20, title: FigureTitle) -> Raster {
        let layout = GridLayout(images, columns: columns, gap: gap)
        let what = "Decoded samples of the prior"
        var canvas = Canvas(
            width: width(layout.width + 2 * margin, what, title), height: headingHeight + layout.height + margin)
        heading(what, title, on: &canvas)
        draw(images, layout, x: margin, y: headingHeight, on: &canvas)
        return canvas.raster
    }

    /// Held-out images, each above its reconstruction, as many pairs of rows as are needed.
    ///
    /// Where one batch is longer than the other, images without a partner are left out.
    public static func reconstructions(
        originals: ImageBatch, reconstructions: ImageBatch, columns: Int = 20, title: FigureTitle
    ) -> Raster {
        precondition(
            originals.height == reconstructions.height && originals.width == reconstructions.width,
            "originals of \(originals.height) x \(originals.width), reconstructions of \(reconstructions.height) x \(reconstructions.width)"
        )
        let labels = ["original", "reconstructed"]
        let labelWidth = Lettering.body.width(of: labels[1]) + 14
        let betweenPairs = 12
        let count = min(originals.count, reconstructions.count)
        let layout = GridLayout(originals.count == count ? originals : reconstructions, columns: columns, gap: gap)
        let pairHeight = 2 * layout.cellHeight + gap
        let what = "Held-out images and their reconstructions"
        var canvas = Canvas(
            width: width(layout.width + labelWidth + 2 * margin, what, title),
            height: headingHeight + max(0, layout.rows * (pairHeight + betweenPairs) - betweenPairs) + margin)
        heading(what, title, on: &canvas)
        for row in 0..<layout.rows {
            let top = headingHeight + row * (pairHeight + betweenPairs)
            for (line, images) in [originals, reconstructions].enumerated() {
                let y = top + line * (layout.cellHeight + gap)
                let middle = y + (layout.cellHeight - Lettering.body.capHeight) / 2
                canvas.text(labels[line], x: margin + labelWidth - 14, y: middle, .slate, anchor: .trailing)
                for index in row * layout.columns..<min(count, (row + 1) * layout.columns) {
                    let x = margin + labelWidth + layout.x(index % layout.columns)
                    canvas.paste(images, index, x: x, y: y, scale: layout.scale)
                }
            }
        }
        return canvas.raster
    }

    static func draw(_ images: ImageBatch, _ layout: GridLayout, x: Int, y: Int, on canvas: inout Canvas) {
        for index in 0..<images.count {
            canvas.paste(
                images, index, x: x + layout.x(index % layout.columns), y: y + layout.y(index / layout.columns), scale: layout.scale
            )
        }
    }
}
