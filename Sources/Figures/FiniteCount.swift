/// Counts rows of numbers in which one is NaN or infinite.
public struct FiniteCount: Sendable {
    private let width: Int
    /// How many numbers of a row are checked.
    private let columns: Int
    /// Rows so far.
    public private(set) var seen = 0
    /// Rows with such a number.
    public private(set) var rows = 0
    /// The index of the first of these rows, from 0.
    public private(set) var first: Int?

    /// - Parameter columns: how many numbers of a row are checked, from its first; nil is all of them.
    public init(width: Int, columns: Int? = nil) {
        precondition(width > 0, "rows of \(width) numbers")
        self.width = width
        self.columns = min(width, columns ?? width)
    }

    /// The next whole rows.
    public mutating func add(_ values: [Float]) {
        for row in 0..<values.count / width {
            guard values[row * width..<row * width + columns].contains(where: { !$0.isFinite }) else { continue }
            rows += 1
            if first == nil { first = seen + row }
        }
        seen += values.count / width
    }

    /// `nil` where every number is finite.
    public func warning(of what: String, in path: String) -> String? {
        first.map {
            "\(rows) of the \(seen) \(what) in \(path) have values that are not finite, first row \($0) (from 0); "
                + "`lockstep evaluate` tells whether the run came to that"
        }
    }
}
