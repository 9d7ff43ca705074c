import Autoencoder
import Glibc
import Kernels

/// The code space cut into 400 cells of equal probability under the prior (paper.md section 5a), to count where codes are missing.
///
/// Gaussian: 20 rings × 20 sectors. Uniform: 20 × 20 squares. Mixture: 8 × 5 cells in each of ten petals, in the petal's own frame, a
/// code belonging to its most likely petal; with other numbers of petals as near to 400 in all as goes. Swiss roll: 80 along × 5
/// across. Codes of more than two dimensions are seen by their first two, codes of one dimension by 400 intervals.
public struct CodeCells: Sendable {
    /// Cells aimed at.
    public static let wanted = 400

    /// Cells there are.
    public let count: Int
    /// Dimensions of a code that decide its cell.
    public let dimensions: Int

    private enum Shape: Sendable {
        case interval(cumulative: @Sendable (Double) -> Double)
        case rings(std: Double, rings: Int, sectors: Int)
        case squares(low: Double, high: Double, side: Int)
        case petals(Petals, EqualCells)
        case roll(SwissRoll, EqualCells)
    }

    private let shape: Shape

    /// Cells of `prior` for codes of `codeSize` dimensions.
    public init(_ prior: PriorSettings, codeSize: Int) {
        precondition(codeSize > 0, "codes of \(codeSize) dimensions")
        precondition(codeSize > 1 || !prior.requiresTwoDimensions, "a \(prior.kind) prior in one dimension")
        dimensions = min(2, codeSize)
        switch prior {
        case .gaussian(let std) where codeSize == 1:
            shape = .interval { NormalDistribution.cumulative($0 / std) }
            count = CodeCells.wanted
        case .uniform(let low, let high) where codeSize == 1:
            shape = .interval { ($0 - low) / (high - low) }
            count = CodeCells.wanted
        case .gaussian(let std):
            shape = .rings(std: std, rings: 20, sectors: 20)
            count = CodeCells.wanted
        case .uniform(let low, let high):
            shape = .squares(low: low, high: high, side: 20)
            count = CodeCells.wanted
        case .mixture(let components, let radial, let tangential, let distance):
            let petals = Petals(components: components, radial: radial, tangential: tangential, distance: distance)
            let (along, across) = CodeCells.split(petals: components)
            shape = .petals(petals, petals.cells(along: along, across: across, sample: CodeCells.reference(prior)))
            count = components * along * across
        case .swissRoll(let thickness):
            let roll = SwissRoll(thickness: thickness)
            let cells = roll.cells(along: 80, across: 5, sample: CodeCells.reference(prior))
            shape = .roll(roll, cells)
            count = cells.count
        }
    }

    /// A sample that stands for a prior of the plane; its seed is fixed, so that cells are the same in every run.
    private static func reference(_ prior: PriorSettings) -> Matrix {
        let sample = Matrix(rows: 200_000, columns: 2)
        prior.sample(into: sample, source: RandomSource(seed: 0, purpose: .evaluation, step: 1), firstRow: 0)
        return sample
    }

    /// Cells along and across a petal such that all petals together come as near to 400 as they can, no more than twice as many along
    /// as across.
    private static func split(petals: Int) -> (along: Int, across: Int) {
        var best = (along: 1, across: 1)
        for across in 1...20 {
            for along in across...2 * across
            where abs(petals * along * across - wanted) < abs(petals * best.along * best.across - wanted) {
                best = (along, across)
            }
        }
        return best
    }

    /// The cell of a code, 0..<count; nil for what lies outside the prior or is no number.
    ///
    /// `y` is not looked at where codes have one dimension.
    public func cell(x: Double, y: Double) -> Int? {
        guard x.isFinite, y.isFinite else { return nil }
        switch shape {
        case .interval(let cumulative):
            let place = cumulative(x)
            return place >= 0 && place <= 1 ? CodeCells.part(place, of: count) : nil
        case .rings(let std, let rings, let sectors):
            let inside = 1 - exp(-0.5 * (x / std * x / std + y / std * y / std))
            let turn = atan2(y, x) / (2 * Double.pi)
            return CodeCells.part(inside, of: rings) * sectors + CodeCells.part(turn < 0 ? turn + 1 : turn, of: sectors)
        case .squares(let low, let high, let side):
            let across = (x - low) / (high - low)
            let up = (y - low) / (high - low)
            guard across >= 0, across <= 1, up >= 0, up <= 1 else { return nil }
            return CodeCells.part(up, of: side) * side + CodeCells.part(across, of: side)
        case .petals(let petals, let cells):
            let (petal, place) = petals.place(x: x, y: y)
            return petal * cells.count + cells.cell(of: place)
        case .roll(let roll, let cells):
            return cells.cell(of: roll.place(x: x, y: y))
        }
    }

    /// Which of `parts` equal parts of 0…1 holds `place`.
    private static func part(_ place: Double, of parts: Int) -> Int {
        min(parts - 1, max(0, Int(place * Double(parts))))
    }
}
