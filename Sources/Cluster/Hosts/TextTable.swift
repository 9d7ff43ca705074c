/// Rows of words in columns, for a terminal.
public struct TextTable: Sendable {
    public var header: [String]
    public private(set) var rows: [[String]] = []
    /// Columns of numbers, which end at the same place.
    private let right: Set<Int>

    public init(_ header: [String], right: Set<Int> = []) {
        self.header = header
        self.right = right
    }

    /// Adds a row; missing cells are empty.
    public mutating func add(_ row: [String]) {
        precondition(row.count <= header.count, "a row of \(row.count) cells under \(header.count) columns")
        rows.append(row + Array(repeating: "", count: header.count - row.count))
    }

    /// Lines with two spaces between columns and none at the end.
    public var text: String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        return ([header] + rows).map { row in
            let cells = row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return right.contains(column) ? padding + row[column] : row[column] + padding
            }
            let line = cells.joined(separator: "  ")
            return String(line.prefix(line.count - line.reversed().prefix { $0 == " " }.count))
        }.joined(separator: "\n")
    }
}
