/// The best matching of rows with columns, one to one (Kuhn 1955; Munkres 1957), by shortest augmenting paths in O(n² m).
public enum Assignment {
    /// The column of each row in the matching with the largest sum of values; nil for rows that are left over where
    /// there are more rows than columns.
    ///
    /// - Parameter values: rows of one length.
    public static func largest(_ values: [[Int]]) -> [Int?] {
        guard let width = values.first?.count, width > 0 else { return values.map { _ in nil } }
        precondition(values.allSatisfy { $0.count == width }, "rows of several lengths")
        guard values.count > width else { return smallest(values.map { $0.map { -$0 } }) }
        let transposed = (0..<width).map { column in values.map { -$0[column] } }
        var matched = [Int?](repeating: nil, count: values.count)
        for (column, row) in smallest(transposed).enumerated() { if let row { matched[row] = column } }
        return matched
    }

    /// The column of each row for the smallest sum of costs; no more rows than columns.
    ///
    /// Rows are matched one after the other. Potentials of rows and columns keep every reduced cost at 0 or more, and those of
    /// matched pairs at 0, so that Dijkstra's algorithm finds the cheapest path to a free column.
    private static func smallest(_ costs: [[Int]]) -> [Int?] {
        let (height, width) = (costs.count, costs[0].count)
        var rowPotential = [Int](repeating: 0, count: height)
        var columnPotential = [Int](repeating: 0, count: width)
        var rowOf = [Int?](repeating: nil, count: width)
        for start in 0..<height {
            var slack = [Int](repeating: .max, count: width)
            var previous = [Int?](repeating: nil, count: width)
            var isSettled = [Bool](repeating: false, count: width)
            var row = start
            var last: Int?
            while true {
                var (nearest, least) = (0, Int.max)
                for column in 0..<width where !isSettled[column] {
                    let reduced = costs[row][column] - rowPotential[row] - columnPotential[column]
                    if reduced < slack[column] { (slack[column], previous[column]) = (reduced, last) }
                    if slack[column] < least { (nearest, least) = (column, slack[column]) }
                }
                rowPotential[start] += least
                for column in 0..<width {
                    if isSettled[column] {
                        columnPotential[column] -= least
                        if let matched = rowOf[column] { rowPotential[matched] += least }
                    } else if slack[column] < .max {
                        slack[column] -= least
                    }
                }
                isSettled[nearest] = true
                last = nearest
                guard let next = rowOf[nearest] else { break }
                row = next
            }
            // Exchanges the path's pairs, from the free column back to the row that it began at.
            while let column = last {
                let before = previous[column]
                rowOf[column] = before.map { rowOf[$0] } ?? start
                last = before
            }
        }
        var columns = [Int?](repeating: nil, count: height)
        for (column, row) in rowOf.enumerated() { if let row { columns[row] = column } }
        return columns
    }
}
