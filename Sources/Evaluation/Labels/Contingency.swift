import Kernels

/// How often each group of one division of images meets each of another: clusters and classes, mostly.
public struct Contingency: Sendable, Hashable {
    /// The count of each pair of groups, row after row: rows are the groups of the first division.
    public let counts: [[Int]]
    public let total: Int

    /// - Parameters:
    ///   - first: the group of each image.
    ///   - second: the same of the other division, of as many images.
    ///   - rows: number of groups of the first division, used or not; nil takes as many as are used.
    ///   - columns: the same for the second.
    public init(_ first: [Int], _ second: [Int], rows: Int? = nil, columns: Int? = nil) {
        precondition(first.count == second.count, "\(first.count) and \(second.count) images")
        precondition((first + second).allSatisfy { $0 >= 0 }, "groups count from 0")
        let height = rows ?? (first.max() ?? -1) + 1
        let width = columns ?? (second.max() ?? -1) + 1
        var counts = Array(repeating: Array(repeating: 0, count: width), count: height)
        for (row, column) in zip(first, second) { counts[row][column] += 1 }
        self.init(counts)
    }

    /// - Parameter counts: rows of one length.
    public init(_ counts: [[Int]]) {
        self.counts = counts
        total = counts.reduce(0) { $0 + $1.reduce(0, +) }
    }

    private var rowSums: [Int] { counts.map { $0.reduce(0, +) } }
    private var columnSums: [Int] {
        guard let first = counts.first else { return [] }
        return first.indices.map { column in counts.reduce(0) { $0 + $1[column] } }
    }

    /// Groups of the first division that no image is in.
    public var empty: Int { rowSums.count { $0 == 0 } }

    /// The share of images that are not of their group's most frequent class; NaN without images.
    public var majorityError: Double {
        let right = counts.reduce(0) { $0 + ($1.max() ?? 0) }
        return Double(total - right) / Double(total)
    }

    /// The share of images left unmatched by the best one-to-one matching of groups and classes; groups beyond the number of classes
    /// get none. NaN without images.
    public var assignmentError: Double {
        let matched = Assignment.largest(counts)
        let right = matched.enumerated().reduce(0) { sum, pair in sum + (pair.element.map { counts[pair.offset][$0] } ?? 0) }
        return Double(total - right) / Double(total)
    }

    /// The mutual information of both divisions, divided by the mean of their entropies: 0 to 1, and 1 where neither divides anything. As
    /// scikit-learn's `normalized_mutual_info_score`.
    public var normalisedMutualInformation: Double {
        let (rows, columns) = (rowSums, columnSums)
        let count = Double(total)
        guard rows.count(where: { $0 > 0 }) > 1 || columns.count(where: { $0 > 0 }) > 1 else { return total > 0 ? 1 : .nan }
        var information = 0.0
        for (row, values) in counts.enumerated() {
            for (column, value) in values.enumerated() where value > 0 {
                let share = Double(value) / count
                information += share * VectorMath.log(Double(value) * count / (Double(rows[row]) * Double(columns[column])))
            }
        }
        func entropy(_ sums: [Int]) -> Double {
            sums.reduce(0) { $1 > 0 ? $0 - Double($1) / count * VectorMath.log(Double($1) / count) : $0 }
        }
        return max(0, information) / ((entropy(rows) + entropy(columns)) / 2)
    }

    /// How much more often than by chance two images are together in both divisions or apart in both: 1 for identical divisions,
    /// about 0 for independent ones (Hubert and Arabie 1985). As scikit-learn's `adjusted_rand_score`.
    public var adjustedRandIndex: Double {
        func pairs(_ count: Int) -> Double { Double(count) * Double(count - 1) / 2 }
        let together = counts.reduce(0.0) { $0 + $1.reduce(0) { $0 + pairs($1) } }
        let rows = rowSums.reduce(0) { $0 + pairs($1) }
        let columns = columnSums.reduce(0) { $0 + pairs($1) }
        guard total > 1 else { return total == 1 ? 1 : .nan }
        let expected = rows * columns / pairs(total)
        let most = (rows + columns) / 2
        return most == expected ? 1 : (together - expected) / (most - expected)
    }
}
