import Kernels

/// The code space cut into cells of equal probability under a prior, to count where codes are missing.
///
/// For codes of more than two dimensions, the cells of most priors use the first two.
public struct CodeCells: Sendable {
    /// The number of cells aimed at.
    public static let wanted = 400

    /// The number of cells.
    public let count: Int
    /// How many of a code's first dimensions decide its cell.
    public let dimensions: Int
    private let place: @Sendable (_ code: Slice<Float>) -> Int?

    /// Cells by a code's first `dimensions` values. `place` is called with finite values only, and returns nil for what lies outside the prior.
    init(count: Int, dimensions: Int, place: @escaping @Sendable (_ code: Slice<Float>) -> Int?) {
        self.count = count
        self.dimensions = dimensions
        self.place = place
    }

    /// Cells of the plane.
    init(count: Int, place: @escaping @Sendable (_ x: Double, _ y: Double) -> Int?) {
        self.init(count: count, dimensions: 2) { place(Double($0[0]), Double($0[1])) }
    }

    /// Intervals of one dimension, by its cumulative distribution.
    init(intervals count: Int, cumulative: @escaping @Sendable (Double) -> Double) {
        self.init(count: count, dimensions: 1) { code in
            let place = cumulative(Double(code[0]))
            return place >= 0 && place <= 1 ? CodeCells.part(place, of: count) : nil
        }
    }

    /// The cell of a code, 0..<count; nil for what lies outside the prior or is no number.
    public func cell(of code: Slice<Float>) -> Int? {
        let seen = code[0..<dimensions]
        return seen.indices.allSatisfy { seen[$0].isFinite } ? place(seen) : nil
    }

    /// Which of `parts` equal parts of 0…1 holds `place`.
    static func part(_ place: Double, of parts: Int) -> Int {
        min(parts - 1, max(0, Int(place * Double(parts))))
    }
}
