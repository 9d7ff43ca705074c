/// The class numbers written onto a scatter plot, each where its class is densest, so that no reader depends on colour alone.
struct ClassMarks {
    let points: [Point?]
    let labels: [UInt8]
    let frame: CodeFrame

    private static let cells = 22
    private static let scale = 3
    /// A class that nowhere has this share of what lies there gets no number,
    private static let leastShare = 0.35
    /// nor one that has it only where it is thinner than this part of its densest spot.
    private static let leastDensity = 0.4

    func draw(on canvas: inout Canvas) {
        let classes = Set(labels).sorted().prefix(40)
        var counts: [UInt8: [Int]] = [:]
        var totals = [Int](repeating: 0, count: ClassMarks.cells * ClassMarks.cells)
        for (index, point) in points.enumerated() {
            guard let point, let cell = cell(of: point) else { continue }
            counts[labels[index], default: [Int](repeating: 0, count: totals.count)][cell] += 1
            totals[cell] += 1
        }
        let everything = smoothed(totals)
        var taken: [PixelBox] = []
        for label in classes {
            guard let own = counts[label].map({ smoothed($0) }) else { continue }
            let densest = Double(own.max() ?? 0)
            // Dense and pure: the count of the class there times its share of what lies there.
            let worth = zip(own, everything).map { here, all in
                let enough =
                    Double(here) >= ClassMarks.leastDensity * densest && Double(here) >= ClassMarks.leastShare * Double(all)
                return enough && all > 0 ? Double(here * here) / Double(all) : 0
            }
            let order = worth.indices.sorted { worth[$0] == worth[$1] ? $0 < $1 : worth[$0] > worth[$1] }
            for cell in order.prefix(12) where worth[cell] > 0 {
                let box = place(of: "\(label)", around: middle(of: label, near: cell))
                guard frame.box.contains(box), !taken.contains(where: { $0.overlaps(box) }) else { continue }
                taken.append(box)
                let pad = 2 * ClassMarks.scale
                canvas.text("\(label)", x: box.x + pad, y: box.y + pad, scale: ClassMarks.scale, .ink, halo: .white)
                break
            }
        }
    }

    private func cell(of point: Point) -> Int? {
        let column = frame.x.fraction(point.x) * Double(ClassMarks.cells)
        let row = frame.y.fraction(point.y) * Double(ClassMarks.cells)
        guard column >= 0, row >= 0, column < Double(ClassMarks.cells), row < Double(ClassMarks.cells) else { return nil }
        return Int(row) * ClassMarks.cells + Int(column)
    }

    /// Each count with those of its eight neighbours.
    private func smoothed(_ counts: [Int]) -> [Int] {
        let cells = ClassMarks.cells
        return counts.indices.map { at in
            var sum = 2 * counts[at]
            for row in max(0, at / cells - 1)...min(cells - 1, at / cells + 1) {
                for column in max(0, at % cells - 1)...min(cells - 1, at % cells + 1) {
                    sum += counts[row * cells + column]
                }
            }
            return sum
        }
    }

    /// The middle of the class's own points in `cell` and its neighbours, in pixels.
    private func middle(of label: UInt8, near spot: Int) -> Point {
        let cells = ClassMarks.cells
        var sum = Point(x: 0, y: 0)
        var count = 0.0
        for (index, point) in points.enumerated() where labels[index] == label {
            guard let point, let cell = cell(of: point) else { continue }
            guard abs(cell / cells - spot / cells) <= 1, abs(cell % cells - spot % cells) <= 1 else { continue }
            sum.x += frame.across(point.x)
            sum.y += frame.down(point.y)
            count += 1
        }
        return Point(x: sum.x / max(1, count), y: sum.y / max(1, count))
    }

    /// The box of the number with its halo around `middle`.
    private func place(of text: String, around middle: Point) -> PixelBox {
        let pad = 2 * ClassMarks.scale
        let width = Canvas.textWidth(text, scale: ClassMarks.scale) + 2 * pad
        let height = BitmapFont.ascent * ClassMarks.scale + 2 * pad
        return PixelBox(x: Int(middle.x) - width / 2, y: Int(middle.y) - height / 2, width: width, height: height)
    }
}
