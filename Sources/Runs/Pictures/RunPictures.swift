import Autoencoder
import Datasets
import Evaluation
import Figures
import Files
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

    /// Points of the scatter, codes and prior alike.
    static let points = 10_000

    let folder: RunFolder
    private let configuration: Configuration
    private let data: DataSet
    private let heldOut: HeldOut

    public init(folder: RunFolder, configuration: Configuration, data: DataSet) {
        self.folder = folder
        self.configuration = configuration
        self.data = data
        heldOut = HeldOut(configuration: configuration, data: data)
    }

    /// Draws the pictures of these weights into the run's figures folder.
    ///
    /// The newest pictures lie in `figures/`, each epoch's own in `figures/epoch-0012/`, and those of an older checkpoint in
    /// `figures/step-00012345/` alone. A picture that cannot be drawn because values are not finite is left out. An earlier picture of that name
    /// stays; its title says when it was drawn.
    /// - Parameters:
    ///   - evaluation: where the codes are known already.
    ///   - isNewest: these are the run's newest weights.
    ///   - occasion: which pictures are drawn of those that the model has.
    ///   - team: threads that share the work.
    ///   - pace: called before each piece of it, and once more before the first file is written; may throw to give the rest up.
    public func draw(
        _ inference: Inference, evaluation: EpochEvaluation? = nil, step: UInt64, epoch: Int, isNewest: Bool = true,
        occasion: PicturePlan.Occasion = .epoch, team: ThreadTeam = ThreadTeam(threads: 1),
        pace: @Sendable (Stage) throws -> Void = { _ in }
    ) throws -> Drawn {
        let title = FigureTitle(run: folder.name, epoch: epoch, step: step)
        let found = try evaluation ?? heldOut.evaluate(inference, team: team) { try pace(.drawing) }
        let drawings = drawings(inference, found, title, occasion)
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
        _ inference: Inference, _ found: EpochEvaluation, _ title: FigureTitle, _ occasion: PicturePlan.Occasion
    ) -> [@Sendable () throws -> PictureSet] {
        let images = ModelImages(inference, configuration: configuration, data: data)
        return PicturePlan(inference, occasion).names.map { name in
            var title = title
            title.paper = name.paperFigure(inference.settings)
            return { [title] in try picture(name, images, found, title) }
        }
    }

    private func picture(
        _ name: FigureName, _ images: ModelImages, _ found: EpochEvaluation, _ title: FigureTitle
    ) throws -> PictureSet {
        switch name {
        case .losses: return try lossPicture(title)
        case .codes: return try found.codes.map { try codePicture($0, images, title) } ?? PictureSet()
        case .codeHistograms: return try found.codes.map { try histogramPicture($0, images, title) } ?? PictureSet()
        case .representations: return try found.representations.map { try mapPicture($0, images, title) } ?? PictureSet()
        case .reconstructions, .samples, .walk, .petals, .styles, .clusters, .neighbours:
            return try PictureSet(name) { try ImagePicture(images, title).drawn(name) }
        }
    }

    private func codePicture(_ codes: Matrix, _ images: ModelImages, _ title: FigureTitle) throws -> PictureSet {
        try picture(.codes, of: images.cloud(codes, points: Self.points, heldOut)) {
            Figures.codes($0, what: data.validation.hasLabels ? "Held-out codes by class" : "Held-out codes", title: title)
        }
    }

    private func histogramPicture(_ codes: Matrix, _ images: ModelImages, _ title: FigureTitle) throws -> PictureSet {
        try picture(.codeHistograms, of: images.cloud(codes, points: Self.points, heldOut)) {
            Figures.codeHistograms($0, title: title)
        }
    }

    /// The map of section 7 of the paper, with its cluster heads.
    private func mapPicture(_ places: Matrix, _ images: ModelImages, _ title: FigureTitle) throws -> PictureSet {
        try picture(.representations, of: images.map(places, points: Self.points)) {
            Figures.codes($0, what: ModelImages.mapName, axes: ModelImages.mapAxes, title: title)
        }
    }

    /// A picture of a cloud, or none where no code of it is finite.
    private func picture(_ name: FigureName, of cloud: CodeCloud, _ draw: (CodeCloud) -> Raster) throws -> PictureSet {
        var pictures = PictureSet()
        let (count, notFinite) = (cloud.codes.count / cloud.dimensions, cloud.notFinite)
        guard count == 0 || notFinite < count else {
            pictures.leaveOut(name, "none of the \(count) codes is finite")
            return pictures
        }
        if notFinite > 0 { pictures.warn(name, "\(notFinite) of \(count) codes are not finite and are not shown") }
        try pictures.add(name, draw(cloud))
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

    /// Writes into each of the directories; the result names the files of the first.
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
