import Kernels

extension SampleDraws.Drawn {
    /// The straight line from the first of two rows to the second, its ends among them: codes, and softmaxes or one-hots where there are any.
    ///
    /// - Parameter count: rows of the line, two or more, each as far from the next.
    public func line(count: Int) -> SampleDraws.Drawn {
        precondition(codes.rows == 2 && count > 1, "a line of \(count) rows between \(codes.rows)")
        return SampleDraws.Drawn(codes: Self.line(codes, count), labels: labels.map { Self.line($0, count) })
    }

    private static func line(_ ends: Matrix, _ count: Int) -> Matrix {
        let line = Matrix(rows: count, columns: ends.columns)
        for row in 0..<count {
            let share = Float(row) / Float(count - 1)
            // Both ends come out as they are.
            for column in 0..<ends.columns { line[row, column] = (1 - share) * ends[0, column] + share * ends[1, column] }
        }
        return line
    }
}
