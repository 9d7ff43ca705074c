import Glibc

/// A class's number on a scatter plot, and where it stands.
package struct ClassMark: Sendable, Equatable {
    package let label: UInt8
    /// The dot of this class that the number is written at, in pixels.
    package let dot: Point
    /// What the number covers, its light rim included.
    package let box: PixelBox
    /// The number stands outside a clump that it would have covered, and a line leads from it to the dot.
    package var isLed = false
}

/// The class numbers written onto a scatter plot, each at dots of its class, so that no reader depends on colour alone.
///
/// A clump of dots that is smaller than the numbers would be hidden by them, so its numbers stand around it, each with a line to its dot. A
/// class gets no number where it has no dot, where it can nowhere be told from the others, or where there is no room.
struct ClassMarks {
    private struct Dot {
        let point: Point
        let label: UInt8
        let cell: Int
    }

    private let dots: [Dot]
    private let frame: PixelBox

    private static let cells = 22
    /// As many numbers as a reader can tell apart.
    private static let mostMarks = 40
    /// The least share of the dots under and around a number that must be of its class.
    private static let leastShare = 1.0 / 3
    /// A number stands on its dots where so many others surround it; otherwise it would hide them all, and stands beside them.
    private static let crowd = 12
    /// Pixels around a number that are kept free.
    private static let rim = Canvas.halo + 2
    /// Places around a clump: the number of rings, the pixels between them, and the places on each.
    private static let rings = 8
    private static let ringGap = 17.0
    private static let ringPlaces = 20
    /// Places that are tried for a class before it goes without a number.
    private static let mostTries = 16

    /// - Parameter dots: the dots that are drawn, in pixels, with their classes.
    init(dots: [(point: Point, label: UInt8)], frame: PixelBox) {
        self.frame = frame
        self.dots = dots.map { dot in
            func cell(_ offset: Double, of length: Int) -> Int {
                max(0, min(ClassMarks.cells - 1, Int(offset / Double(max(1, length)) * Double(ClassMarks.cells))))
            }
            let column = cell(dot.point.x - Double(frame.x), of: frame.width)
            let row = cell(dot.point.y - Double(frame.y), of: frame.height)
            return Dot(point: dot.point, label: dot.label, cell: row * ClassMarks.cells + column)
        }
    }

    /// Draws numbers that were placed in `frame`.
    static func draw(_ marks: [ClassMark], in frame: PixelBox, on canvas: inout Canvas) {
        for mark in marks where mark.isLed {
            let middle = Point(x: Double(mark.box.x + mark.box.width / 2), y: Double(mark.box.y + mark.box.height / 2))
            canvas.stroke([middle, mark.dot], width: 1, .slate, clip: frame)
        }
        for mark in marks {
            canvas.text(
                "\(mark.label)", x: mark.box.x + ClassMarks.rim, y: mark.box.y + ClassMarks.rim, .ink, in: .title, halo: .white)
        }
    }

    /// Where each number goes; no two overlap.
    func marks() -> [ClassMark] {
        let counts = Dictionary(grouping: dots, by: \.label)
        let everything = smoothed(dots)
        let labels = counts.keys.sorted().prefix(ClassMarks.mostMarks)
        let clumps = labels.filter { isClump(counts[$0] ?? [], $0) }
        // Numbers of clumps are placed first, so that no other number covers a clump.
        var marks: [ClassMark] = []
        for label in clumps {
            if let mark = led(label, counts[label] ?? [], among: marks) { marks.append(mark) }
        }
        for label in labels where !clumps.contains(label) {
            let own = counts[label] ?? []
            let here = smoothed(own)
            // Dense and pure: the count of the class there times its share of what lies there.
            let worth = zip(here, everything).map { $1 > 0 ? Double($0 * $0) / Double($1) : 0 }
            let order = worth.indices.sorted { worth[$0] == worth[$1] ? $0 < $1 : worth[$0] > worth[$1] }
            for cell in order.prefix(ClassMarks.mostTries) where worth[cell] > 0 {
                guard let dot = middle(of: own, near: cell) else { continue }
                let isCrowded = here[cell] >= ClassMarks.crowd
                let box = places(of: "\(label)", at: dot, isCrowded: isCrowded).first { fits($0, label, among: marks) }
                guard let box else { continue }
                marks.append(ClassMark(label: label, dot: dot, box: box))
                break
            }
        }
        return marks
    }

    /// Whether a number would hide most of its class. "Most", so that a few dots far away do not hide a clump from this test.
    private func isClump(_ own: [Dot], _ label: UInt8) -> Bool {
        guard own.count > 2 else { return false }
        let letter = letter("\(label)", at: ClassMarks.median(of: own))
        return 2 * own.count { letter.contains($0.point) } > own.count
    }

    /// The number of a clump, where there is room around it without dots; classes in the same place have their numbers there too.
    private func led(_ label: UInt8, _ own: [Dot], among marks: [ClassMark]) -> ClassMark? {
        let dot = ClassMarks.median(of: own)
        for ring in 1...ClassMarks.rings {
            for place in 0..<ClassMarks.ringPlaces {
                let angle = 2 * Double.pi * Double(place) / Double(ClassMarks.ringPlaces)
                let distance = Double(ring) * ClassMarks.ringGap + Double(Lettering.title.capHeight) / 2
                let box = letter(
                    "\(label)", at: Point(x: dot.x + distance * cos(angle), y: dot.y - distance * sin(angle)))
                let isFree = frame.contains(box) && !marks.contains { $0.box.overlaps(box) || box.contains($0.dot) }
                guard isFree, !dots.contains(where: { box.contains($0.point) }) else { continue }
                return ClassMark(label: label, dot: dot, box: box, isLed: true)
            }
        }
        return nil
    }

    /// The box that a number with this middle covers.
    private func letter(_ text: String, at middle: Point) -> PixelBox {
        let width = Lettering.title.width(of: text) + 2 * ClassMarks.rim
        let height = Lettering.title.capHeight + 2 * ClassMarks.rim
        return PixelBox(x: Int(middle.x) - width / 2, y: Int(middle.y) - height / 2, width: width, height: height)
    }

    /// The most central dot: the one nearest to the medians of both coordinates.
    private static func median(of dots: [Dot]) -> Point {
        let (x, y) = (dots.map(\.point.x).sorted()[dots.count / 2], dots.map(\.point.y).sorted()[dots.count / 2])
        func distance(_ point: Point) -> Double { (point.x - x) * (point.x - x) + (point.y - y) * (point.y - y) }
        return dots.map(\.point).min { distance($0) < distance($1) } ?? Point(x: x, y: y)
    }

    /// Whether a number may stand there: inside the frame, over no other number, and where enough dots are of its own class.
    private func fits(_ box: PixelBox, _ label: UInt8, among marks: [ClassMark]) -> Bool {
        guard frame.contains(box), !marks.contains(where: { $0.box.overlaps(box) || box.contains($0.dot) }) else { return false }
        let covered = dots.filter { box.contains($0.point) }
        let own = covered.count { $0.label == label }
        return Double(own) >= ClassMarks.leastShare * Double(covered.count)
    }

    /// How many dots lie in each cell and its eight neighbours; the cell's own dots count twice.
    private func smoothed(_ dots: [Dot]) -> [Int] {
        let cells = ClassMarks.cells
        var counts = [Int](repeating: 0, count: cells * cells)
        for dot in dots { counts[dot.cell] += 1 }
        return counts.indices.map { at in
            var sum = counts[at]
            for row in max(0, at / cells - 1)...min(cells - 1, at / cells + 1) {
                for column in max(0, at % cells - 1)...min(cells - 1, at % cells + 1) {
                    sum += counts[row * cells + column]
                }
            }
            return sum
        }
    }

    /// The dot in a cell and its neighbours that is nearest to their mean. The mean itself may lie in a gap.
    private func middle(of dots: [Dot], near spot: Int) -> Point? {
        let cells = ClassMarks.cells
        let near = dots.filter { abs($0.cell / cells - spot / cells) <= 1 && abs($0.cell % cells - spot % cells) <= 1 }
        let count = Double(max(1, near.count))
        let x = near.reduce(0) { $0 + $1.point.x } / count
        let y = near.reduce(0) { $0 + $1.point.y } / count
        func distance(_ dot: Dot) -> Double { (dot.point.x - x) * (dot.point.x - x) + (dot.point.y - y) * (dot.point.y - y) }
        return near.min { distance($0) < distance($1) }?.point
    }

    /// Where the number of a dot may stand, the best place first: on the dot if others of its class show around the number, else beside it.
    private func places(of text: String, at dot: Point, isCrowded: Bool) -> [PixelBox] {
        let width = Lettering.title.width(of: text) + 2 * ClassMarks.rim
        let height = Lettering.title.capHeight + 2 * ClassMarks.rim
        let (x, y) = (Int(dot.x), Int(dot.y))
        func box(_ left: Int, _ top: Int) -> PixelBox { PixelBox(x: left, y: top, width: width, height: height) }
        let on = box(x - width / 2, y - height / 2)
        let gap = 5
        let beside = [
            box(x + gap, y - height / 2), box(x - gap - width, y - height / 2), box(x - width / 2, y - gap - height),
            box(x - width / 2, y + gap),
        ]
        return isCrowded ? [on] + beside : beside + [on]
    }
}
