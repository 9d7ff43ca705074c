import Autoencoder
import Figures
import Kernels

/// Pictures in which rows of images are classes, clusters or parts of the prior.
extension ModelImages {
    /// Petals that figure 4b shows, codes on a side of each, and the widest that their images become together.
    static let (petals, petalSide, petalRoom) = (3, 10, 1700)

    /// Codes on a side of each petal: fewer for large images.
    static func petalSide(of shape: PictureShape) -> Int {
        max(2, min(petalSide, Int(Double(shape.most(petals * petalSide * petalSide) / petals).squareRoot())))
    }

    /// Samples of the prior where a class or cluster is decoded beside the code: a row each.
    func sampleTable(labels: Int) throws -> ImageTable {
        let grid = LabelGrid(labels: labels, shape: shape)
        return ImageTable(
            try decoded(drawnSamples(grid.count, columns: grid.columns)), groups: [ImageTable.Group(columns: grid.columns)],
            rowsName: labelKind, rowNames: (0..<grid.rows).map { "\($0)" }, caption: grid.part(of: labelKinds) ?? "")
    }

    /// The manifold of figure 4b: of each of the first petals the images on a grid along its own axes. Nil where the prior has none.
    func petalTable() throws -> ImageTable? {
        let side = Self.petalSide(of: shape)
        let grids = (0..<Self.petals).compactMap { configuration.prior.grid(ofPart: $0, rows: side, columns: side) }
        guard let first = grids.first else { return nil }
        // Row by row through all of them, as they stand beside each other.
        let codes = Matrix(rows: grids.count * side * side, columns: first.dimensions)
        for (place, grid) in grids.enumerated() {
            let own = Matrix(Slice(grid.codes), rows: side * side, columns: grid.dimensions)
            for row in 0..<side {
                let start = (row * grids.count + place) * side
                codes.rows(start..<start + side).values.copy(from: own.rows(row * side..<(row + 1) * side).values)
            }
        }
        let kind = inference.settings.priorClasses == nil ? "petal" : "class"
        return ImageTable(
            try batch(inference.decode(codes)),
            groups: grids.indices.map { ImageTable.Group(columns: side, name: "\(kind) \($0)") },
            caption: "each square one petal of the prior: \(first.caption)", isSeamless: true, room: Self.petalRoom)
    }
}
