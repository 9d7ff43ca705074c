import Autoencoder
import Datasets
import Figures
import Kernels

/// Rows and columns of a picture of styles: each row one style, each column a class or cluster.
struct StyleGrid: Sendable {
    let rows: Int
    /// Classes or clusters that have a column, from the first; one more column holds the images that the styles are from.
    let labels: Int

    private static let (mostRows, mostLabels) = (10, 20)

    /// - Parameter shape: of an image; large ones leave room for fewer.
    init(labels: Int, shape: PictureShape) {
        let room = shape.most(Self.mostRows * (Self.mostLabels + 1))
        self.labels = max(1, min(labels, Self.mostLabels, room / 2))
        rows = max(1, min(Self.mostRows, room / (self.labels + 1)))
    }

    /// Images in the picture.
    var count: Int { rows * (labels + 1) }
}

extension ModelImages {
    /// Style against content (figure 7 of the paper): of each row one held-out image, and beside it what is decoded from its style with each class
    /// or cluster.
    func styleTable(labels: Int) throws -> ImageTable {
        let grid = StyleGrid(labels: labels, shape: shape)
        let chosen = heldOut(grid.rows)
        let originals = data.validation.images(chosen)
        let styles = inference.read(chosen) { data.validation.images([$0]) }.codes
        let codes = Matrix(rows: chosen.count * grid.labels, columns: codeSize)
        for row in 0..<codes.rows { codes.row(row).copy(from: styles.row(row / grid.labels)) }
        let hots = Inference.oneHots((0..<codes.rows).map { $0 % grid.labels }, classes: labels)
        let given = shape.batch(count: chosen.count, pixels: originals)
        let images = given.joined(with: try batch(inference.decode(codes, labels: hots)))
        let cells = chosen.indices.flatMap { row -> [Int?] in
            [row] + (0..<grid.labels).map { chosen.count + row * grid.labels + $0 }
        }
        let part = grid.labels < labels ? "the first \(grid.labels) of \(labels) \(labelKinds)" : "\(labelKinds)"
        return ImageTable(
            images,
            groups: [
                ImageTable.Group(columns: 1, name: "image"),
                ImageTable.Group(columns: grid.labels, name: part, columnNames: (0..<grid.labels).map { "\($0)" }),
            ], cells: cells,
            caption: "first a held-out image; then its style, decoded with each \(labelKind) in turn")
    }

    /// Held-out images of as many classes as there are, the first of each in turn; where they have no classes the first ones.
    private func heldOut(_ count: Int) -> [Int] {
        let most = min(Self.lookedAt, data.validation.count)
        guard data.validation.hasLabels else { return Array(0..<min(count, most)) }
        let byClass = Dictionary(grouping: 0..<most) { data.validation.label($0) }
        let classes = byClass.keys.sorted()
        let longest = byClass.values.map(\.count).max() ?? 0
        let turns = (0..<min(count, longest)).flatMap { turn in
            classes.compactMap { label in byClass[label].flatMap { turn < $0.count ? $0[turn] : nil } }
        }
        return Array(turns.prefix(count))
    }

    /// Held-out images among which those of a picture are chosen.
    static let lookedAt = 2_000
}
