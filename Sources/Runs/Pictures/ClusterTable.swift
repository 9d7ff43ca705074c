import Autoencoder
import Datasets
import Evaluation
import Figures
import Kernels

extension ModelImages {
    /// Clusters (figure 9 of the paper): in each row a cluster's head, decoded from its one-hot and the style 0, and beside it the first held-out
    /// images that it is given.
    func clusterTable(clusters: Int) throws -> ImageTable {
        let grid = LabelGrid(labels: clusters, shape: shape)
        let heads = Inference.oneHots(Array(0..<grid.rows), classes: clusters)
        let decoded = try batch(inference.decode(Matrix(rows: grid.rows, columns: codeSize), labels: heads))
        let members = try members(of: clusters)
        let shown = members.prefix(grid.rows).map { Array($0.prefix(grid.columns - 1)) }
        let together = shown.flatMap { $0 }
        let images = decoded.joined(
            with: shape.batch(count: together.count, pixels: data.validation.images(together)))
        var next = grid.rows
        let cells = shown.enumerated().flatMap { row, own -> [Int?] in
            let places = (0..<grid.columns - 1).map { $0 < own.count ? next + $0 : nil }
            next += own.count
            return [row] + places
        }
        let count = members.reduce(0) { $0 + $1.count }
        return ImageTable(
            images,
            groups: [
                ImageTable.Group(columns: 1, name: "head"),
                ImageTable.Group(columns: grid.columns - 1, name: "held-out images of the cluster"),
            ], cells: cells, rowsName: "cluster", rowNames: (0..<grid.rows).map { "\($0)" },
            rowNotes: members.prefix(grid.rows).map(note),
            caption: "heads are decoded with style 0; counts are of \(count) held-out images"
                + (grid.part(of: "clusters").map { "; \($0)" } ?? ""))
    }

    /// Held-out images by the cluster that they are given, in their order; the first of equally likely clusters.
    private func members(of clusters: Int) throws -> [[Int]] {
        let images = data.validation
        let blocks = ImageBlocks(count: min(Self.lookedAt, images.count)) { images.images($0) }
        let read = try EncodedImages(inference, blocks, team: ThreadTeam(threads: 1))
        var members = Array(repeating: [Int](), count: clusters)
        guard let logits = read.logits else { return members }
        for row in 0..<logits.rows {
            let best = (0..<clusters).reduce(0) { logits[row, $1] > logits[row, $0] ? $1 : $0 }
            members[best].append(row)
        }
        return members
    }

    /// How many images a cluster is given, and which class most of them have.
    private func note(_ members: [Int]) -> String {
        guard !members.isEmpty else { return "no image" }
        guard data.validation.hasLabels else { return images(members.count) }
        let counts = Dictionary(grouping: members) { data.validation.label($0) }.mapValues(\.count)
        guard let most = counts.min(by: { ($1.value, $0.key) < ($0.value, $1.key) }) else { return images(members.count) }
        let share = (100 * Double(most.value) / Double(members.count)).rounded()
        return "\(images(members.count)), \(Int(share)) % of class \(most.key)"
    }

    private func images(_ count: Int) -> String { count == 1 ? "1 image" : "\(count) images" }
}
