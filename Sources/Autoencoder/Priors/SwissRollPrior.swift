import Glibc
import Kernels

/// Mean 3√u·(cos 4π√u, sin 4π√u) for u uniform in 0…1, plus N(0, thickness²) on each axis.
struct SwissRollPrior: Prior {
    var thickness = 0.1

    var kind: String { "swiss-roll" }
    var dimensions: Int? { 2 }

    mutating func visit(_ keys: some SettingKeys) throws { try keys.real("thickness", &thickness, .deviation) }

    func problem(classes: Int) -> String? { nil }

    func sample(into samples: Matrix, source: RandomSource, firstRow: Int, labels: RowLabels?) {
        source.fillNormal(samples, firstRow: firstRow, std: Float(thickness))
        for row in 0..<samples.rows {
            var u = Double(source.uniform(row: UInt32(firstRow + row), element: PriorParts.element))
            if let labels, let label = labels[row] { u = (Double(label) + u) / Double(labels.classes) }
            let root = u.squareRoot()
            let turn = 4 * Double.pi * root
            samples[row, 0] += Float(3 * root * VectorMath.cos(turn))
            samples[row, 1] += Float(3 * root * VectorMath.sin(turn))
        }
    }

    var density: KnownDensity { .none(because: "is spread along a curve and has no density in closed form") }

    /// 80 along × 5 across.
    func cells(codeSize: Int) -> CodeCells {
        let roll = SwissRoll(thickness: thickness)
        let cells = EqualCells(along: 80, across: 5, of: self) { roll.place(x: $0, y: $1) }
        return CodeCells(count: cells.count) { x, y in cells.cell(of: roll.place(x: x, y: y)) }
    }

    /// Pieces of equal length in u: class k has the piece from k/K to (k + 1)/K. A code belongs to the piece of the nearest place on the axis.
    func parts(classes: Int) -> CodeParts {
        let roll = SwissRoll(thickness: thickness)
        return CodeParts(count: classes) {
            CodeCells.part(min(1, max(0, roll.place(x: Double($0[0]), y: Double($0[1])).along)), of: classes)
        }
    }

    func walk(codeSize: Int, rows: Int, columns: Int) -> PriorWalk {
        let roll = SwissRoll(thickness: thickness)
        return PriorWalk(rows: rows, columns: columns, caption: "along the roll from its inner end, in reading order") {
            let (x, y) = roll.middle((Double($0 * columns + $1) + 0.5) / Double(rows * columns))
            return [x, y]
        }
    }
}

extension PriorSettings {
    /// A roll in the plane, noise of deviation `thickness` about its axis.
    public static func swissRoll(thickness: Double) -> PriorSettings { PriorSettings(SwissRollPrior(thickness: thickness)) }
}

/// The axis of the swiss roll prior: 3t·(cos 4πt, sin 4πt) for t = √u, u in 0…1 (figure 4 of the paper).
///
/// Used for pictures and figures only, which one process makes; so the sines may be the C library's.
private struct SwissRoll: Sendable {
    let thickness: Double

    private static let radius = 3.0
    private static let turns = 2.0
    private static let winding = 2 * Double.pi * turns

    /// The middle of the roll at u, 0 at its inner end and 1 at its outer one.
    func middle(_ u: Double) -> (x: Double, y: Double) {
        let t = u.squareRoot()
        return (SwissRoll.radius * t * cos(SwissRoll.winding * t), SwissRoll.radius * t * sin(SwissRoll.winding * t))
    }

    /// The nearest place on the axis: u along it, and how far (x, y) lies to its outer side, in thicknesses.
    ///
    /// The axis goes on straight beyond its ends, so that u falls below 0 and rises above 1 there: no two codes share a place.
    func place(x: Double, y: Double) -> EqualCells.Place {
        let angle = atan2(y, x) / (2 * Double.pi)
        let phase = angle < 0 ? angle + 1 : angle
        var best = EqualCells.Place(along: 0, across: 0)
        var least = Double.infinity
        // One start on each turn in this direction, and both ends.
        for start in [phase / SwissRoll.turns, (phase + 1) / SwissRoll.turns, 0, 1] {
            let t = foot(x: x, y: y, start: start)
            let (forward, outward) = offset(x: x, y: y, t: t)
            let square = forward * forward + outward * outward
            if square < least {
                least = square
                let beyond = t == 0 ? min(0, forward) : t == 1 ? max(0, forward) : 0
                best = EqualCells.Place(along: t * t + beyond, across: outward / thickness)
            }
        }
        return best
    }

    /// Gauss–Newton towards the foot of the perpendicular from (x, y), kept on the roll.
    private func foot(x: Double, y: Double, start: Double) -> Double {
        var t = min(1, max(0, start))
        for _ in 0..<6 {
            let (point, slope) = axis(t)
            let along = (x - point.x) * slope.x + (y - point.y) * slope.y
            t = min(1, max(0, t + along / (slope.x * slope.x + slope.y * slope.y)))
        }
        return t
    }

    /// From the axis at t to (x, y): forward along it and to its outer side.
    private func offset(x: Double, y: Double, t: Double) -> (forward: Double, outward: Double) {
        let (point, slope) = axis(t)
        let dx = x - point.x
        let dy = y - point.y
        let length = (slope.x * slope.x + slope.y * slope.y).squareRoot()
        return ((dx * slope.x + dy * slope.y) / length, (dx * slope.y - dy * slope.x) / length)
    }

    private func axis(_ t: Double) -> (point: (x: Double, y: Double), slope: (x: Double, y: Double)) {
        let cosine = SwissRoll.radius * cos(SwissRoll.winding * t)
        let sine = SwissRoll.radius * sin(SwissRoll.winding * t)
        let turn = SwissRoll.winding * t
        return ((t * cosine, t * sine), (cosine - turn * sine, sine + turn * cosine))
    }
}
