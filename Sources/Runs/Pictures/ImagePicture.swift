import Autoencoder
import Datasets
import Figures

/// The pictures of a model that are made of images, each with what its rows and columns are.
struct ImagePicture {
    private let images: ModelImages
    private let title: FigureTitle

    init(_ images: ModelImages, _ title: FigureTitle) {
        self.images = images
        self.title = title
    }

    /// Throws `ImagesNotFinite` where there is nothing to show.
    func drawn(_ name: FigureName) throws -> Raster {
        let labels = images.inference.decodedLabels
        switch name {
        case .reconstructions: return try reconstructions()
        case .samples: return try samples(labels)
        case .walk: return try walk()
        case .styles:
            return Figures.table(
                try images.styleTable(labels: labels ?? 1), what: "Each row one style, each column one \(images.labelKind)",
                title: title)
        case .clusters:
            return Figures.table(
                try images.clusterTable(clusters: labels ?? 1), what: "Each row one cluster, its head first", title: title)
        case .neighbours:
            return Figures.table(
                try images.neighbourTable(), what: "Samples, and the training images nearest to the last ones", title: title)
        case .petals:
            guard let petals = try images.petalTable() else { preconditionFailure("a prior without petals") }
            return Figures.table(petals, what: "The manifold of \(petals.groups.count) petals of the prior", title: title)
        case .codes, .codeHistograms, .representations, .losses: preconditionFailure("\(name) is not made of images")
        }
    }

    private func reconstructions() throws -> Raster {
        let pairs = try images.reconstructions(
            of: images.data.validation, count: images.shape.most(min(ModelImages.pairs, images.data.validation.count)))
        return Figures.reconstructions(originals: pairs.originals, reconstructions: pairs.reconstructions, title: title)
    }

    private func samples(_ labels: Int?) throws -> Raster {
        if let labels {
            return Figures.table(
                try images.sampleTable(labels: labels), what: "Decoded samples of the prior, each row one \(images.labelKind)",
                title: title)
        }
        let columns = ModelImages.sampleColumns
        let drawn = images.drawnSamples(images.shape.most(ModelImages.samples), columns: columns)
        return Figures.samples(try images.decoded(drawn), columns: columns, title: title)
    }

    /// The walk of figure 2e. Over petals each row is one petal; over a roll the rows follow it in reading order, with the class of each row.
    private func walk() throws -> Raster {
        let side = ModelImages.walkSide(of: images.shape)
        let settings = images.inference.settings
        let petals = settings.prior.walkRows.map { LabelGrid(labels: $0, shape: images.shape) }
        let found = try images.walk(rows: side, columns: petals?.columns ?? side, shown: petals?.rows ?? .max)
        let (walk, rows) = (found.walk, found.rows)
        let classes = settings.priorClasses
        var vertical = WalkAxis(name: "z2", values: walk.vertical)
        var what = "A walk over the prior: z1 to the right, z2 upwards"
        if petals != nil {
            let kind = classes == nil ? "petal" : "class"
            vertical = WalkAxis(name: kind, values: (0..<rows).map { Double($0) })
            what = "A walk along the prior's petals: each row one \(kind)"
        } else if walk.vertical.isEmpty {
            what = "A walk along the \(settings.prior.kind) prior, row by row"
            if let classes, rows.isMultiple(of: classes) {
                vertical = WalkAxis(name: "class", values: (0..<rows).map { Double($0 / (rows / classes)) })
            } else {
                vertical = WalkAxis(name: "share of the prior before the row", values: (0..<rows).map { Double($0) / Double(rows) })
            }
        }
        let part = petals.flatMap { $0.part(of: "petals") }.map { ", \($0)" } ?? ""
        return Figures.walk(
            found.images, columns: walk.columns, what: what, horizontal: WalkAxis(name: "z1", values: walk.horizontal),
            vertical: vertical, caption: walk.caption + part, title: title)
    }
}
