import Kernels

/// The code space cut into cells of equal probability under a prior, to count where codes are missing.
///
/// Of codes of more dimensions than two the cells of most priors see the first two.
public struct CodeCells: Sendable {
    /// Cells aimed at.
    public static let wanted = 400

    /// Cells there are.
    public let count: Int
    /// Dimensions of a code that decide its cell, the first ones.
    public let dimensions: Int
    private let place: @Sendable (_ code: Slice<Float>) -> Int?

    /// Cells by the first so many dimensions of a code; `place` is asked for finite ones only, and gives nil for what lies outside
    /// the prior.
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
