import Kernels

// Shapes of this file: N points, K centres, D dimensions.

/// Lloyd's k-means: centres that are the means of the points nearest to them.
///
/// The centres of training images, taken as the samples of a Parzen window, reach a higher likelihood than the images themselves
/// (Theis et al. 2016): a line beside every Parzen figure says so.
public struct KMeans: Sendable {
    /// (K, D).
    public let centres: Matrix
    /// The centre of each point in the last round.
    public let assignment: [Int]
    /// Rounds that were made.
    public let rounds: Int

    /// - Parameters:
    ///   - points: (N, D), at least as many as centres.
    ///   - count: K.
    ///   - seed: chooses the points that are the first centres.
    ///   - mostRounds: ends after so many rounds even if assignments still change.
    ///   - pace: called before each block of points in each round.
    public init(
        _ points: Matrix, centres count: Int, seed: UInt64, mostRounds: Int = 20, team: ThreadTeam,
        pace: @escaping WorkPace = { _ in }
    ) throws {
        precondition(count > 0 && count <= points.rows, "\(count) centres of \(points.rows) points")
        let centres = Matrix(rows: count, columns: points.columns)
        for (row, point) in Self.choice(of: count, from: points.rows, seed).enumerated() {
            centres.row(row).copy(from: points.row(point))
        }
        var assignment: [Int] = []
        var rounds = 0
        while rounds < mostRounds {
            let before = Double(rounds) / Double(mostRounds)
            let found = try NearestRows(centres).nearest(to: points, team: team) {
                try pace(before + $0 / Double(mostRounds))
            }
            rounds += 1
            let rows = found.map { $0[0].row }
            if rows == assignment { break }
            assignment = rows
            Self.move(centres, to: points, assignment)
        }
        (self.centres, self.assignment, self.rounds) = (centres, assignment, rounds)
    }

    /// Distinct points: the first of a random order.
    private static func choice(of count: Int, from total: Int, _ seed: UInt64) -> [Int] {
        let source = RandomSource(seed: seed, purpose: .evaluation, step: 11)
        var order = Array(0..<total)
        for place in 0..<count {
            let word = source.word(row: UInt32(place), element: 0)
            order.swapAt(place, place + Int(UInt64(word) * UInt64(total - place) >> 32))
        }
        return Array(order[..<count])
    }

    /// Moves the centres to the means, added in double precision in the order of the points; a centre without points stays where it is.
    private static func move(_ centres: Matrix, to points: Matrix, _ assignment: [Int]) {
        let columns = points.columns
        let sums = Storage<Double>(count: centres.values.count).all
        var counts = [Int](repeating: 0, count: centres.rows)
        for (point, centre) in assignment.enumerated() {
            counts[centre] += 1
            let (values, sum) = (points.row(point), sums[centre * columns..<(centre + 1) * columns])
            for column in 0..<columns { sum[column] += Double(values[column]) }
        }
        for centre in 0..<centres.rows where counts[centre] > 0 {
            for column in 0..<columns {
                centres[centre, column] = Float(sums[centre * columns + column] / Double(counts[centre]))
            }
        }
    }
}
