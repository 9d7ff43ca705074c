/// Rows and columns of a picture whose rows are one class or cluster each: all of them, up to as many as one can still look at, and the more rows
/// there are, the fewer columns.
package struct LabelGrid: Sendable, Equatable {
    /// Classes or clusters that there are.
    package let labels: Int
    /// Those that have a row, from the first.
    package let rows: Int
    package let columns: Int

    /// Most rows of a picture, columns and images.
    static let mostRows = 100
    static let mostColumns = 20
    package static let mostImages = 400

    /// - Parameter shape: of an image; large ones leave room for fewer, but each row has at least two.
    package init(labels: Int, shape: PictureShape) {
        precondition(labels > 0, "a picture of \(labels) labels")
        self.labels = labels
        let room = shape.most(Self.mostImages)
        rows = max(1, min(labels, Self.mostRows, room / 2))
        columns = max(2, min(Self.mostColumns, room / rows))
    }

    package var count: Int { rows * columns }

    /// What is to be said where some have no row; nil where all have one.
    ///
    /// - Parameter kind: "classes" or "clusters".
    package func part(of kind: String) -> String? { rows < labels ? "the first \(rows) of \(labels) \(kind)" : nil }
}
