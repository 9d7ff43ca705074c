/// Rows of cells as lines for a terminal: columns as wide as their widest cell, two blanks between them, no blanks at a line's end.
public struct TextTable: Sendable {
    /// All have as many cells.
    public private(set) var rows: [[String]]
    /// Columns whose cells are aligned to the left; the others hold numbers and are aligned to the right.
    private let leading: Set<Int>

    /// Fewer letters than this tell nothing of a name.
    private static let leastLetters = 8
    private static let gap = 2

    public init(_ rows: [[String]], leading: Set<Int>) {
        precondition(Set(rows.map(\.count)).count <= 1, "rows of unlike lengths")
        self.rows = rows
        self.leading = leading
    }

    /// A header to add rows to; the columns of `right` are numbers.
    public init(_ header: [String], right: Set<Int> = []) {
        self.init([header], leading: Set(header.indices).subtracting(right))
    }

    /// Adds a row; missing cells are empty.
    public mutating func add(_ row: [String]) {
        let columns = rows[0].count
        precondition(row.count <= columns, "a row of \(row.count) cells under \(columns) columns")
        rows.append(row + Array(repeating: "", count: columns - row.count))
    }

    /// All lines as one text.
    public var text: String { lines.joined(separator: "\n") }

    /// One line a row.
    public var lines: [String] { Self.lines(rows, leading: leading) }

    /// The same in at most `width` letters a line, where that is possible. Letters are taken from the middles of the cells of these columns, of
    /// the widest column first. The first row is never cut: it has the names of what stands below, which a person types again.
    public func lines(width: Int, shortening columns: [Int]) -> [String] {
        var widths = Self.widths(rows)
        var excess = widths.reduce(0, +) + Self.gap * max(0, widths.count - 1) - width
        func room(_ column: Int) -> Int { widths[column] - max(Self.leastLetters, rows.first?[column].count ?? 0) }
        while excess > 0, let widest = columns.filter({ room($0) > 0 }).max(by: { widths[$0] < widths[$1] }) {
            widths[widest] -= 1
            excess -= 1
        }
        let fitted = rows.map { cells in zip(cells, widths).map { Self.shortened($0, to: $1) } }
        return Self.lines(fitted, leading: leading)
    }

    /// A text with three dots in its middle where it has more letters than `room`: names of one kind differ at their ends.
    static func shortened(_ text: String, to room: Int) -> String {
        guard text.count > room, room > 0 else { return text }
        let end = (room - 1) / 2
        return text.prefix(room - 1 - end) + "…" + text.suffix(end)
    }

    private static func widths(_ rows: [[String]]) -> [Int] {
        (rows.first?.indices ?? 0..<0).map { column in rows.map { $0[column].count }.max() ?? 0 }
    }

    private static func lines(_ rows: [[String]], leading: Set<Int>) -> [String] {
        let widths = widths(rows)
        return rows.map { cells in
            let padded = cells.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return leading.contains(column) ? cell + space : space + cell
            }
            let line = padded.joined(separator: String(repeating: " ", count: gap))
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
