import Glibc
import Kernels

/// A prior cut into about 400 cells of equal probability, to count its holes (paper.md section 5a).
///
/// Gaussian: rings by sectors; uniform: a grid; mixture: each petal along by across; swiss roll: along by across the
/// roll. A code of more than two dimensions is looked at in its first two. For overlapping petals, and at the start of
/// the roll, the cells are nearly equal only.
public struct PriorCells: Sendable {
    /// Number of cells.
    public let count: Int

    private let prior: PriorSettings
    private let dimensions: Int
    /// Cells in the prior's first and second direction; of one petal, for a mixture.
    private let grid: (first: Int, second: Int)
    private let axis: RollAxis?

    /// - Parameter dimensions: of the code.
    public init(_ prior: PriorSettings, dimensions: Int) {
        precondition(dimensions >= 1 && (!prior.requiresTwoDimensions || dimensions == 2))
        self.prior = prior
        self.dimensions = dimensions
        var petals = 1
        var axis: RollAxis?
        switch prior {
        case .gaussian, .uniform:
            grid = dimensions == 1 ? (400, 1) : (20, 20)
        case .mixture(let components, _, _, _):
            petals = components
            let share = max(400 / components, 1)
            let across = max(Int(0.8 * Double(share).squareRoot()), 1)
            grid = (share / across, across)
        case .swissRoll:
            grid = (40, 10)
            axis = RollAxis()
        }
        self.axis = axis
        count = petals * grid.first * grid.second
    }

    /// The cell, 0..<count, that a code lies in. A code that is not finite lies in cell 0.
    public func cell(of code: Slice<Float>) -> Int {
        precondition(code.count == dimensions, "a code of \(code.count) dimensions, expected \(dimensions)")
        let x = Double(code[0])
        let y = dimensions > 1 ? Double(code[1]) : 0
        guard x.isFinite && y.isFinite else { return 0 }
        switch prior {
        case .gaussian(let std):
            return gaussianCell(x / std, y / std)
        case .uniform(let low, let high):
            return index((x - low) / (high - low), dimensions == 1 ? 0 : (y - low) / (high - low))
        case .mixture(let components, let radial, let tangential, let distance):
            return petalCell(x, y, components, radial, tangential, distance)
        case .swissRoll(let thickness):
            let (along, offset) = axis!.nearest(x, y)
            return index(along, normalShare(offset / thickness))
        }
    }

    /// Shares 0…1 in both directions to a cell.
    private func index(_ first: Double, _ second: Double) -> Int {
        func position(_ share: Double, _ cells: Int) -> Int { min(max(Int(min(max(share, 0), 1) * Double(cells)), 0), cells - 1) }
        return position(first, grid.first) * grid.second + position(second, grid.second)
    }

    private func gaussianCell(_ x: Double, _ y: Double) -> Int {
        if dimensions == 1 { return index(normalShare(x), 0) }
        return index(-expm1(-(x * x + y * y) / 2), atan2(y, x) / (2 * .pi) + 0.5)
    }

    /// The petal that explains the point best, then its place within.
    private func petalCell(
        _ x: Double, _ y: Double, _ components: Int, _ radial: Double, _ tangential: Double, _ distance: Double
    ) -> Int {
        var best = (petal: 0, along: 0.0, across: 0.0, distance: Double.infinity)
        for petal in 0..<components {
            let turn = 2 * Double.pi * Double(petal) / Double(components)
            let along = (x * cos(turn) + y * sin(turn) - distance) / radial
            let across = (y * cos(turn) - x * sin(turn)) / tangential
            let square = along * along + across * across
            if square < best.distance { best = (petal, along, across, square) }
        }
        return best.petal * grid.first * grid.second + index(normalShare(best.along), normalShare(best.across))
    }
}

/// The share of N(0, 1) below x.
private func normalShare(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

/// The swiss roll's axis as points, to find the nearest one.
private struct RollAxis: Sendable {
    private let points: [(x: Double, y: Double)]

    init(points count: Int = 2_000) {
        points = (0..<count).map { PriorSettings.rollMean((Double($0) + 0.5) / Double(count)) }
    }

    /// The share of the roll's length parameter u before the nearest point, and the signed distance across the axis.
    func nearest(_ x: Double, _ y: Double) -> (along: Double, offset: Double) {
        var (best, least) = (0, Double.infinity)
        for (index, point) in points.enumerated() {
            let square = (x - point.x) * (x - point.x) + (y - point.y) * (y - point.y)
            if square < least { (best, least) = (index, square) }
        }
        let (before, after) = (points[max(best - 1, 0)], points[min(best + 1, points.count - 1)])
        let (dx, dy) = (after.x - before.x, after.y - before.y)
        let length = (dx * dx + dy * dy).squareRoot()
        let offset = ((y - points[best].y) * dx - (x - points[best].x) * dy) / length
        return ((Double(best) + 0.5) / Double(points.count), offset)
    }
}
