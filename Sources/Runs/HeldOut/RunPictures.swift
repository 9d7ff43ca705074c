import Autoencoder
import Datasets
import Evaluation
import Foundation
import Kernels

/// The pictures of a run: drawn after an epoch by the coordinator, or at any time by `lockstep figures`.
public struct RunPictures: Sendable {
    /// What was drawn.
    public struct Drawn: Sendable {
        /// The files: of the newest pictures those in `figures/` itself.
        public var paths: [String] = []
        /// Pictures that could not be drawn.
        public var leftOut: [FigureName] = []
        /// Pictures that are not there, or do not show all, because values are not finite: a sentence each.
        public var warnings: [String] = []
    }

    /// Images of a picture of pairs, samples of a picture of samples, side of a walk; pictures whose rows are classes have a `LabelGrid`.
    static let pairs = 100
    static let samples = 200
    static let walkSide = 20
    static let sampleColumns = 20
    /// Points of the scatter, codes and prior alike.
    static let points = 10_000

    let folder: RunFolder
    private let configuration: Configuration
    private let data: DataSet
    private let heldOut: HeldOut
    private let shape: PictureShape

    public init(folder: RunFolder, configuration: Configuration, data: DataSet) {
        self.folder = folder
        self.configuration = configuration
        self.data = data
        heldOut = HeldOut(configuration: configuration, data: data)
        shape = PictureShape(of: data.train)
    }

    /// Draws every picture of these weights into the run's figures folder.
    ///
    /// The newest pictures lie in `figures/`, each epoch's own in `figures/epoch-0012/`, and those of an older checkpoint in
    /// `figures/step-00012345/` alone. A picture that values which are not finite forbid is
    /// left out, and one that is there from before stays; its title says when it was drawn.
    /// - Parameters:
    ///   - evaluation: where the codes are known already.
    ///   - isNewest: these are the run's newest weights.
    ///   - team: threads that share the work.
    ///   - pace: called before each piece of it, and once more before the first file is written; may throw to give the rest up.
    public func draw(
        _ inference: Inference, evaluation: EpochEvaluation? = nil, step: UInt64, epoch: Int, isNewest: Bool = true,
        team: ThreadTeam = ThreadTeam(threads: 1), pace: @Sendable (Stage) throws -> Void = { _ in }
    ) throws -> Drawn {
        let title = FigureTitle(run: folder.name, epoch: epoch, step: step)
        let found = try evaluation ?? heldOut.evaluate(inference, team: team) { try pace(.drawing) }
        let drawings = drawings(inference, found, title)
        let pictures = try team.map(drawings.count) { index in
            try pace(.drawing)
            return try drawings[index]()
        }
        try pace(.writing)
        let (all, own) = (folder.figuresPath, isNewest ? PictureFolders.name(epoch: epoch) : PictureFolders.name(step: step))
        return try write(pictures.reduce(PictureSet()) { $0.joined(with: $1) }, to: (isNewest ? [all] : []) + ["\(all)/\(own)"])
    }

    /// How far a drawing is when its `pace` is asked.
    public enum Stage: Sendable { case drawing, writing }

    /// The pictures of these weights, none of them drawn yet.
    private func drawings(
        _ inference: Inference, _ found: EpochEvaluation, _ title: FigureTitle
    ) -> [@Sendable () throws -> PictureSet] {
        var drawings: [@Sendable () throws -> PictureSet] = [{ try lossPicture(title) }]
        if let codes = found.codes {
            drawings.append { try PictureSet(.reconstructions) { try reconstructions(inference, title) } }
            drawings.append { try codePictures(codes, title) }
        }
        if let places = found.representations { drawings.append { try representationPicture(places, title) } }
        drawings.append { try PictureSet(.samples) { try samples(inference, title) } }
        if inference.decodedLabels != nil {
            drawings.append { try PictureSet(.walk) { try styles(inference, title) } }
        } else if configuration.model.code == 2 {
            drawings.append { try PictureSet(.walk) { try walk(inference, title) } }
        }
        return drawings
    }

    private func batch(_ images: Matrix) throws -> ImageBatch { try shape.batch(count: images.rows, units: images.values.array) }

    private func reconstructions(_ inference: Inference, _ title: FigureTitle) throws -> Raster {
        let count = shape.most(min(Self.pairs, data.validation.count))
        let originals = data.validation.images(0..<count)
        // A label that is none is decoded as no class.
        let labels =
            data.validation.hasLabels ? data.validation.labels(0..<count) : [UInt8](repeating: .max, count: count)
        return Figures.reconstructions(
            originals: shape.batch(count: count, pixels: originals),
            reconstructions: try batch(inference.reconstruct(originals, labels: labels)), title: title)
    }

    private func samples(_ inference: Inference, _ title: FigureTitle) throws -> Raster {
        let draws = SampleDraws(configuration, labels: inference.decodedLabels, seed: configuration.seed)
        let grid = inference.decodedLabels.map { LabelGrid(labels: $0, shape: shape) }
        let columns = grid?.columns ?? Self.sampleColumns
        let codes = draws.samples(0..<(grid?.count ?? shape.most(Self.samples)), columns: columns)
        return Figures.samples(
            try batch(inference.decode(codes.codes, labels: codes.labels)), columns: columns,
            of: grid?.part(of: isTaught ? "classes" : "clusters"), title: title)
    }

    /// Whether what is decoded beside a code is a class; else it is a cluster.
    private var isTaught: Bool {
        configuration.training(pixels: data.train.pixels, trainingImages: data.train.count).labelsAreClasses
    }

    /// Figure 6: each row one class or cluster, each column one style; where nobody taught the classes, first the cluster's head,
    /// whose
    /// style is 0.
    private func styles(_ inference: Inference, _ title: FigureTitle) throws -> Raster {
        let labels = inference.decodedLabels ?? 1
        let isTaught = configuration.training(on: data).labelsAreClasses
        let grid = LabelGrid(labels: labels, shape: shape)
        let draws = SampleDraws(configuration, labels: labels, seed: configuration.seed)
        let codes = draws.styles(0..<grid.count, columns: grid.columns, headsFirst: !isTaught)
        let what = isTaught ? "class" : "cluster"
        let part = grid.part(of: isTaught ? "classes" : "clusters").map { ", \($0)" } ?? ""
        return Figures.walk(
            try batch(inference.decode(codes.codes, labels: codes.labels)), columns: grid.columns,
            vertical: WalkAxis(name: what, values: (0..<grid.rows).map { Double($0) }),
            caption: "each row one \(what)\(part), each column one style"
                + (isTaught ? "" : "; in the first column the cluster heads, of style 0"), title: title)
    }

    /// The map of section 7 of the paper.
    private func representationPicture(_ places: Matrix, _ title: FigureTitle) throws -> PictureSet {
        try cloudPictures(
            of: places, prior: [], names: [.representations], what: "Representations of held-out images", title)
    }

    private func walk(_ inference: Inference, _ title: FigureTitle) throws -> Raster {
        // Large images leave room for fewer codes on a side; two there are in any case. Petals have a row each, as classes have.
        let side = max(2, Int(Double(shape.most(Self.walkSide * Self.walkSide)).squareRoot()))
        let grid = configuration.prior.walkRows.map { LabelGrid(labels: $0, shape: shape) }
        let walk = configuration.prior.walk(
            codeSize: configuration.model.code, rows: side, columns: grid?.columns ?? side)
        let codes = Matrix(Slice(walk.codes), rows: walk.rows * walk.columns, columns: walk.dimensions)
        let shown = codes.rows(0..<(grid?.rows ?? walk.rows) * walk.columns)
        return Figures.walk(
            try batch(inference.decode(shown)), columns: walk.columns, horizontal: WalkAxis(name: "z1", values: walk.horizontal),
            vertical: WalkAxis(name: "z2", values: walk.vertical),
            caption: walk.caption + (grid?.part(of: "rows").map { ", \($0)" } ?? ""), title: title)
    }

    private func codePictures(_ codes: Matrix, _ title: FigureTitle) throws -> PictureSet {
        let count = min(Self.points, codes.rows)
        return try cloudPictures(
            of: codes, prior: heldOut.priorSamples(count).values.array,
            names: configuration.model.code > 2 ? [.codes, .codeHistograms] : [.codes], what: "Held-out codes", title)
    }

    private func cloudPictures(
        of codes: Matrix, prior: [Float], names: [FigureName], what: String, _ title: FigureTitle
    ) throws -> PictureSet {
        var pictures = PictureSet()
        let count = min(Self.points, codes.rows)
        let cloud = CodeCloud(
            codes: codes.rows(0..<count).values.array, dimensions: codes.columns,
            labels: data.validation.hasLabels ? data.validation.labels(0..<count) : [], prior: prior)
        let notFinite = cloud.notFinite
        if count > 0, notFinite == count {
            for name in names { pictures.leaveOut(name, "none of the \(count) codes is finite") }
            return pictures
        }
        if notFinite > 0 { pictures.warn(names[0], "\(notFinite) of \(count) codes are not finite and are not shown") }
        try pictures.add(names[0], Figures.codes(cloud, what: what, title: title))
        if names.contains(.codeHistograms) { try pictures.add(.codeHistograms, Figures.codeHistograms(cloud, title: title)) }
        return pictures
    }

    private func lossPicture(_ title: FigureTitle) throws -> PictureSet {
        var pictures = PictureSet()
        guard FileManager.default.fileExists(atPath: folder.metricsPath) else { return pictures }
        // The run may have gone on since: the picture shows it as far as its title says.
        let metrics = try MetricsReader(path: folder.metricsPath).upTo(title.step ?? .max)
        guard !metrics.steps.isEmpty else {
            pictures.leaveOut(.losses, "the metrics tell of no step up to it")
            return pictures
        }
        let curves = TrainingCurves(metrics, cost: configuration.cost)
        let notFinite = curves.all.reduce(0) { $0 + $1.notFinite }
        if notFinite > 0 { pictures.warn(.losses, "\(notFinite) values of the metrics are not finite and are not shown") }
        try pictures.add(.losses, Figures.losses(curves, title: title))
        return pictures
    }

    /// Into each of the folders in the run's figures folder; what was drawn is told by the first.
    private func write(_ pictures: PictureSet, to directories: [String]) throws -> Drawn {
        let disk = Disk()
        for directory in [folder.figuresPath] + directories { try disk.makeDirectory(directory) }
        var drawn = Drawn(leftOut: pictures.leftOut, warnings: pictures.warnings)
        for (name, bytes) in pictures.files {
            let paths = directories.map { "\($0)/\(name.rawValue)" }
            for path in paths { try disk.replace(path, with: bytes) }
            drawn.paths += paths.prefix(1)
        }
        return drawn
    }
}

/// Pictures on their way to the disk, as the bytes of their files, and what is to be said of them.
private struct PictureSet: Sendable {
    private(set) var files: [(name: FigureName, bytes: [UInt8])] = []
    private(set) var leftOut: [FigureName] = []
    private(set) var warnings: [String] = []

    init() {}

    /// One picture, or none where its images are not finite.
    init(_ name: FigureName, _ draw: () throws -> Raster) throws {
        do {
            try add(name, draw())
        } catch let error as ImagesNotFinite {
            leaveOut(name, error.description.trimmingSuffix("."))
        }
    }

    mutating func add(_ name: FigureName, _ picture: Raster) throws { files.append((name, try PNG.encode(picture))) }

    mutating func leaveOut(_ name: FigureName, _ why: String) {
        leftOut.append(name)
        warnings.append("\(name.rawValue) was not drawn, and one that is there is older: \(why)")
    }

    mutating func warn(_ name: FigureName, _ what: String) { warnings.append("\(name.rawValue): \(what)") }

    func joined(with other: PictureSet) -> PictureSet {
        var joined = self
        joined.files += other.files
        joined.leftOut += other.leftOut
        joined.warnings += other.warnings
        return joined
    }
}
