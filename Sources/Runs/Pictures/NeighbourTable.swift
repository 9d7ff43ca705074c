import Autoencoder
import Datasets
import Evaluation
import Figures
import Kernels

extension ModelImages {
    /// Samples on a side of the picture of neighbours.
    private static let neighbourSide = 10

    /// Samples of the prior, and beside each one of the last column the training image nearest to it in pixels (figure 5 of the paper).
    func neighbourTable() throws -> ImageTable {
        let side = max(1, Int(Double(shape.most(Self.neighbourSide * (Self.neighbourSide + 1))).squareRoot()))
        let labels = inference.decodedLabels
        let rows = min(side, labels ?? side)
        let drawn = drawnSamples(rows * side, columns: side)
        let decoded = inference.decode(drawn.codes, labels: drawn.labels)
        let samples = try batch(decoded)
        let last = Matrix(rows: rows, columns: decoded.columns)
        for row in 0..<rows { last.row(row).copy(from: decoded.row((row + 1) * side - 1)) }
        let training = data.train
        let blocks = ImageBlocks(count: training.count) { training.images($0) }
        let nearest = try NearestImages.find(last, in: blocks, team: ThreadTeam(threads: 1))
        let images = samples.joined(with: shape.batch(count: nearest.count, pixels: training.images(nearest)))
        let cells = (0..<rows).flatMap { row -> [Int?] in
            (0..<side).map { row * side + $0 } + [row < nearest.count ? rows * side + row : nil]
        }
        let part = labels.flatMap { $0 > rows ? "; the first \(rows) of \($0) \(labelKinds)" : nil } ?? ""
        return ImageTable(
            images,
            groups: [ImageTable.Group(columns: side, name: "samples of the prior"), ImageTable.Group(columns: 1, name: "nearest")],
            cells: cells, rowsName: labels == nil ? "" : labelKind,
            rowNames: labels == nil ? [] : (0..<rows).map { "\($0)" },
            caption: "last: of \(training.count) training images the nearest in pixels to the sample on its left\(part)")
    }
}
