import Kernels

/// Mean and standard deviation of codes, over everything and by dimension.
public struct CodeStatistics: Sendable, Equatable {
    /// Over all numbers of all codes.
    public let mean: Double
    /// Over all numbers of all codes, about the one mean.
    public let std: Double
    public let meanByDimension: [Double]
    public let stdByDimension: [Double]

    /// Statistics of `codes`, one a row; NaN where there are none. Two passes in double precision, in the order of the rows.
    public init(_ codes: Matrix) {
        precondition(codes.columns > 0, "codes of no dimensions")
        let values = codes.values.array.map { Double($0) }
        let columns = codes.columns
        var sums = [Double](repeating: 0, count: columns)
        for at in values.indices { sums[at % columns] += values[at] }
        let means = sums.map { $0 / Double(codes.rows) }
        let overall = sums.reduce(0, +) / Double(values.count)
        var squares = [Double](repeating: 0, count: columns)
        var overallSquare = 0.0
        for at in values.indices {
            let own = values[at] - means[at % columns]
            let all = values[at] - overall
            squares[at % columns] += own * own
            overallSquare += all * all
        }
        mean = overall
        std = (overallSquare / Double(values.count)).squareRoot()
        meanByDimension = means
        stdByDimension = squares.map { ($0 / Double(codes.rows)).squareRoot() }
    }
}
