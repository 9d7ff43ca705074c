/// Images in rows and columns that each have a meaning; the names of rows and columns stand around them.
public struct ImageTable: Sendable {
    /// Neighbouring columns that belong together; a space separates them from the next group.
    public struct Group: Sendable, Equatable {
        public let columns: Int
        /// What stands above them; empty for nothing.
        public let name: String
        /// One a column, or none at all.
        public let columnNames: [String]

        public init(columns: Int, name: String = "", columnNames: [String] = []) {
            precondition(columns > 0, "\(columns) columns that belong together")
            precondition(
                columnNames.isEmpty || columnNames.count == columns, "\(columnNames.count) names of \(columns) columns")
            self.columns = columns
            self.name = name
            self.columnNames = columnNames
        }
    }

    public let images: ImageBatch
    public let groups: [Group]
    /// Which of the images stands in a place, row by row; nil leaves it blank.
    public let cells: [Int?]
    /// What a row stands for, such as "cluster"; empty for nothing in particular.
    public let rowsName: String
    /// One a row, or none at all.
    public let rowNames: [String]
    /// One note to the right of each row, or none at all.
    public let rowNotes: [String]
    /// A line above the whole table; empty for none.
    public let caption: String
    /// The images of a group touch, as parts of one whole.
    public let isSeamless: Bool
    /// The widest all images should become, in pixels.
    public let room: Int

    /// - Parameter cells: the images in their order where it is nil.
    public init(
        _ images: ImageBatch, groups: [Group], cells: [Int?]? = nil, rowsName: String = "", rowNames: [String] = [],
        rowNotes: [String] = [], caption: String = "", isSeamless: Bool = false, room: Int? = nil
    ) {
        let cells = cells ?? (0..<images.count).map { $0 }
        let columns = groups.reduce(0) { $0 + $1.columns }
        precondition(columns > 0 && cells.count % columns == 0, "\(cells.count) places in rows of \(columns)")
        precondition(
            cells.allSatisfy { $0.map { $0 >= 0 && $0 < images.count } ?? true }, "a place with none of \(images.count) images")
        let rows = cells.count / columns
        precondition(
            [rowNames, rowNotes].allSatisfy { $0.isEmpty || $0.count == rows },
            "\(rowNames.count) names and \(rowNotes.count) notes of \(rows) rows")
        self.images = images
        self.groups = groups
        self.cells = cells
        self.rowsName = rowsName
        self.rowNames = rowNames
        self.rowNotes = rowNotes
        self.caption = caption
        self.isSeamless = isSeamless
        self.room = room ?? GridLayout.comfortableWidth
    }

    public var columns: Int { groups.reduce(0) { $0 + $1.columns } }
    public var rows: Int { cells.count / columns }
}

extension Figures {
    /// A table of images with the names of its rows and columns.
    ///
    /// - Parameter what: what the picture is, and what its rows and columns are.
    public static func table(_ table: ImageTable, what: String, title: FigureTitle) -> Raster {
        let layout = TableLayout(table)
        var canvas = Canvas(
            width: width(layout.right + margin, what, title, notes: [table.caption]), height: layout.bottom + margin)
        heading(what, title, on: &canvas)
        layout.draw(table, on: &canvas)
        return canvas.raster
    }

    /// Where `table` puts its places, row by row, for tests.
    package static func places(of table: ImageTable) -> [PixelBox] {
        let layout = TableLayout(table)
        return table.cells.indices.map { layout.place(row: $0 / table.columns, column: $0 % table.columns) }
    }
}

/// Where the parts of a table go on its sheet.
struct TableLayout: Sendable {
    /// Columns between groups, before the images for their axis' name, and between the images and words beside them.
    private static let (betweenGroups, nameRoom, besideGap) = (22, 40, 12)

    private let scale: Int
    private let gap: Int
    private let cell: (width: Int, height: Int)
    /// Left edges of all columns, and left and right edges of each group's images.
    private let columns: [Int]
    private let groups: [(left: Int, right: Int)]
    /// Top of the images.
    private let top: Int
    private let hasGroupNames: Bool
    private let hasColumnNames: Bool
    /// Right edge of everything, notes too, and lower edge of the images.
    let right: Int
    let bottom: Int

    init(_ table: ImageTable) {
        gap = table.isSeamless ? 0 : Figures.gap
        scale = GridLayout.scale(columns: table.columns, of: table.images.width, gap: gap, room: table.room)
        cell = (table.images.width * scale, table.images.height * scale)
        hasGroupNames = table.groups.contains { !$0.name.isEmpty }
        hasColumnNames = table.groups.contains { !$0.columnNames.isEmpty }
        var x = Figures.margin + Self.sideWidth(table)
        var (columns, groups): ([Int], [(left: Int, right: Int)]) = ([], [])
        var end = x
        for group in table.groups {
            let pitch = cell.width + gap
            columns += (0..<group.columns).map { x + $0 * pitch }
            groups.append((x, x + group.columns * pitch - gap))
            // A name that is wider than its columns gets the room it needs.
            end = max(x + group.columns * pitch - gap, x + Lettering.body.width(of: group.name))
            x = end + Self.betweenGroups
        }
        (self.columns, self.groups) = (columns, groups)
        let notes = table.rowNotes.map { Lettering.body.width(of: $0) }.max() ?? 0
        right = end + (notes > 0 ? Self.besideGap + notes : 0)
        let lines = [!table.caption.isEmpty, hasGroupNames, hasColumnNames].count { $0 }
        top = Figures.headingHeight + lines * Lettering.body.lineHeight - (lines > 0 ? 10 : 0)
        bottom = top + max(0, table.rows * (cell.height + gap) - gap)
    }

    /// Columns left of the images for the rows' names.
    private static func sideWidth(_ table: ImageTable) -> Int {
        guard !table.rowNames.isEmpty else { return 0 }
        let widest = table.rowNames.map { Lettering.body.width(of: $0) }.max() ?? 0
        return widest + (table.rowsName.isEmpty ? besideGap : nameRoom)
    }

    func place(row: Int, column: Int) -> PixelBox {
        PixelBox(x: columns[column], y: top + row * (cell.height + gap), width: cell.width, height: cell.height)
    }

    func draw(_ table: ImageTable, on canvas: inout Canvas) {
        if !table.caption.isEmpty {
            let words = Lettering.body.fitted(table.caption, width: canvas.width - 2 * Figures.margin)
            canvas.text(words, x: Figures.margin, y: Figures.headingHeight - 10, .slate)
        }
        for (index, image) in table.cells.enumerated() {
            guard let image else { continue }
            let box = place(row: index / table.columns, column: index % table.columns)
            canvas.paste(table.images, image, x: box.x, y: box.y, scale: scale)
        }
        if table.isSeamless, bottom > top {
            for group in groups {
                canvas.frame(PixelBox(x: group.left, y: top, width: group.right - group.left, height: bottom - top), .rule)
            }
        }
        drawColumnNames(table, on: &canvas)
        drawRowNames(table, on: &canvas)
    }

    private func drawColumnNames(_ table: ImageTable, on canvas: inout Canvas) {
        let line = Lettering.body.lineHeight
        var first = 0
        for (group, edges) in zip(table.groups, groups) {
            let y = top - (hasColumnNames ? 2 : 1) * line
            // Centred above its columns where they are wider than the name.
            let inset = max(0, (edges.right - edges.left - Lettering.body.width(of: group.name)) / 2)
            if !group.name.isEmpty { canvas.text(group.name, x: edges.left + inset, y: y + 4, .ink) }
            let widest = group.columnNames.map { Lettering.body.width(of: $0) }.max() ?? 0
            let every = (widest + 8 + cell.width) / (cell.width + gap)
            for column in stride(from: 0, to: group.columnNames.count, by: max(1, every)) {
                let middle = columns[first + column] + cell.width / 2
                canvas.text(group.columnNames[column], x: middle, y: top - line + 4, .slate, anchor: .centre)
            }
            first += group.columns
        }
    }

    private func drawRowNames(_ table: ImageTable, on canvas: inout Canvas) {
        let height = Lettering.body.capHeight
        let every = max(1, (height + 12 + cell.height) / (cell.height + gap))
        for row in stride(from: 0, to: table.rows, by: every) {
            let y = place(row: row, column: 0).y + (cell.height - height) / 2
            if !table.rowNames.isEmpty {
                canvas.text(table.rowNames[row], x: columns[0] - Self.besideGap, y: y, .slate, anchor: .trailing)
            }
            if !table.rowNotes.isEmpty { canvas.text(table.rowNotes[row], x: notesLeft(table), y: y, .slate) }
        }
        if !table.rowsName.isEmpty, !table.rowNames.isEmpty, bottom > top {
            canvas.risingText(table.rowsName, x: 8, middle: (top + bottom) / 2, .ink)
        }
    }

    private func notesLeft(_ table: ImageTable) -> Int {
        right - (table.rowNotes.map { Lettering.body.width(of: $0) }.max() ?? 0)
    }
}
