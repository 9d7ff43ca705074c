import Glibc
import Kernels
import Layers

/// Petals in the plane: component k of K has radial N(0, radial²) and tangential N(0, tangential²), is moved out by `distance` and
/// rotated by 2πk/K.
struct MixturePrior: Prior {
    var components = 10
    var radial = 0.5
    var tangential = 0.1
    var distance = 1.4

    var kind: String { "mixture" }
    var dimensions: Int? { 2 }

    mutating func visit(_ keys: some SettingKeys) throws {
        // More petals than the code space has cells cannot be told apart.
        try keys.integer("components", &components, 1...CodeCells.wanted)
        try keys.real("radial", &radial, .deviation)
        try keys.real("tangential", &tangential, .deviation)
        try keys.real("distance", &distance, .amount)
    }

    func problem(classes: Int) -> String? {
        classes == components
            ? nil : "a mixture of \(components) components has no component for each of \(classes) classes, expected as many"
    }

    /// Cosine and sine of a component's direction.
    private func direction(_ component: Int) -> (cosine: Double, sine: Double) {
        let turn = 2 * Double.pi * Double(component) / Double(components)
        return (VectorMath.cos(turn), VectorMath.sin(turn))
    }

    func sample(into samples: Matrix, source: RandomSource, firstRow: Int, labels: RowLabels?) {
        source.fillNormal(samples, firstRow: firstRow, std: 1)
        for row in 0..<samples.rows {
            let uniform = source.uniform(row: UInt32(firstRow + row), element: PriorParts.element)
            let (cosine, sine) = direction(labels?[row] ?? PriorParts.part(uniform, of: components))
            let along = distance + radial * Double(samples[row, 0])
            let across = tangential * Double(samples[row, 1])
            samples[row, 0] = Float(along * cosine - across * sine)
            samples[row, 1] = Float(along * sine + across * cosine)
        }
    }

    var density: KnownDensity {
        .closed(.petals(components: components, radial: radial, tangential: tangential, distance: distance))
    }

    /// 8 × 5 cells in each of ten petals, in the petal's own frame; a code belongs to its most likely petal. With other numbers of petals the total
    /// is as near to 400 as possible.
    ///
    /// Petals overlap near the origin, where a sample of one may be likelier under another. The reference sample is assigned to petals in the same
    /// way as a code, so that the quantiles include the overlap. All petals are alike, so the points of all of them give one cut.
    func cells(codeSize: Int) -> CodeCells {
        let petals = Petals(self)
        let (along, across) = split
        let cells = EqualCells(along: along, across: across, of: self) { petals.place(x: $0, y: $1).place }
        return CodeCells(count: components * cells.count) { x, y in
            let (petal, place) = petals.place(x: x, y: y)
            return petal * cells.count + cells.cell(of: place)
        }
    }

    /// Cells along and across a petal such that all petals together come as near to 400 as they can, no more than twice as many
    /// along as across.
    private var split: (along: Int, across: Int) {
        var best = (along: 1, across: 1)
        for across in 1...20 {
            for along in across...2 * across
            where abs(components * along * across - CodeCells.wanted)
                < abs(components * best.along * best.across - CodeCells.wanted)
            {
                best = (along, across)
            }
        }
        return best
    }

    func parts(classes: Int) -> CodeParts {
        let petals = Petals(self)
        return CodeParts(count: components) { petals.place(x: Double($0[0]), y: Double($0[1])).petal }
    }

    var walkRows: Int? { components }

    func walk(codeSize: Int, rows: Int, columns: Int) -> PriorWalk {
        let petals = Petals(self)
        let along = NormalDistribution.middles(columns)
        return PriorWalk(rows: components, columns: columns, caption: "each row one petal, along its axis from the inside out") {
            let (x, y) = petals.point(petal: $0, radial: along[$1], tangential: 0)
            return [x, y]
        }
    }

    func grid(ofPart part: Int, rows: Int, columns: Int) -> PriorWalk? {
        guard (0..<components).contains(part) else { return nil }
        let petals = Petals(self)
        let (across, along) = (NormalDistribution.middles(rows), NormalDistribution.middles(columns))
        return PriorWalk(rows: rows, columns: columns, caption: "from the inside out to the right, across the petal upwards") {
            let (x, y) = petals.point(petal: part, radial: along[$1], tangential: across[rows - 1 - $0])
            return [x, y]
        }
    }
}

extension PriorSettings {
    /// Petals in the plane, their deviations `radial` and `tangential`, moved out by `distance`.
    public static func mixture(components: Int, radial: Double, tangential: Double, distance: Double) -> PriorSettings {
        PriorSettings(MixturePrior(components: components, radial: radial, tangential: tangential, distance: distance))
    }
}

/// The frames of the mixture prior's components: petal k lies `distance` out from the origin in the direction 2πk/K.
///
/// Used for pictures and figures only, which one process makes; so the sines may be the C library's.
private struct Petals: Sendable {
    let radial: Double
    let tangential: Double
    let distance: Double
    private let directions: [(cosine: Double, sine: Double)]

    init(_ prior: MixturePrior) {
        let components = prior.components
        radial = prior.radial
        tangential = prior.tangential
        distance = prior.distance
        directions = (0..<components).map { k in
            let angle = 2 * Double.pi * Double(k) / Double(components)
            return (cos(angle), sin(angle))
        }
    }

    /// A point given in the frame of a petal, in standard deviations from its middle.
    func point(petal: Int, radial r: Double, tangential t: Double) -> (x: Double, y: Double) {
        let (cosine, sine) = directions[petal]
        let out = distance + r * radial
        let aside = t * tangential
        return (out * cosine - aside * sine, out * sine + aside * cosine)
    }

    /// The petal under which (x, y) is most likely, and its place in that petal's frame, in standard deviations.
    func place(x: Double, y: Double) -> (petal: Int, place: EqualCells.Place) {
        var best = (petal: 0, place: EqualCells.Place(along: 0, across: 0))
        var least = Double.infinity
        for (petal, direction) in directions.enumerated() {
            let along = (x * direction.cosine + y * direction.sine - distance) / radial
            let across = (y * direction.cosine - x * direction.sine) / tangential
            let square = along * along + across * across
            if square < least {
                least = square
                best = (petal, EqualCells.Place(along: along, across: across))
            }
        }
        return best
    }
}
