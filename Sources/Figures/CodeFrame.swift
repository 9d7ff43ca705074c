/// The frame of a scatter plot: from code coordinates to pixels.
struct CodeFrame: Sendable {
    let box: PixelBox
    let x: Axis
    let y: Axis
    var names = CodeAxes()

    private static let ticks = 8
    /// Rows below the frame for the labels of its horizontal axis and for its name.
    static let below = 78

    func across(_ value: Double) -> Double { Double(box.x) + x.fraction(value) * Double(box.width) }
    func down(_ value: Double) -> Double { Double(box.bottom) - y.fraction(value) * Double(box.height) }

    /// Columns left of a frame for the labels of its vertical axis and for its name.
    static func left(of axis: Axis) -> Int {
        50 + (axis.ticks(about: ticks).map { Lettering.body.width(of: $0.label) }.max() ?? 0)
    }

    /// Grid lines, ticks and their labels; the frame itself is drawn last, over the points.
    func draw(on canvas: inout Canvas) {
        for tick in x.ticks(about: CodeFrame.ticks, in: box.width) {
            let at = Int(across(tick.value))
            canvas.fill(PixelBox(x: at, y: box.y, width: 1, height: box.height), .faint)
            canvas.fill(PixelBox(x: at, y: box.bottom, width: 1, height: 6), .rule)
            canvas.text(tick.label, x: at, y: box.bottom + 12, .slate, anchor: .centre)
        }
        for tick in y.ticks(about: CodeFrame.ticks) {
            let at = Int(down(tick.value))
            canvas.fill(PixelBox(x: box.x, y: at, width: box.width, height: 1), .faint)
            canvas.fill(PixelBox(x: box.x - 6, y: at, width: 6, height: 1), .rule)
            canvas.text(tick.label, x: box.x - 12, y: at - Lettering.body.capHeight / 2, .slate, anchor: .trailing)
        }
        canvas.text(names.horizontal, x: box.x + box.width / 2, y: box.bottom + 44, .ink, anchor: .centre)
        canvas.risingText(names.vertical, x: box.x - CodeFrame.left(of: y) + 8, middle: box.y + box.height / 2, .ink)
    }
}
