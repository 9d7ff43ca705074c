import Autoencoder
import Datasets
import Evaluation
import Foundation
import Kernels

/// The pictures of a run: drawn after an epoch by the coordinator, or at any time by `lockstep figures`.
public struct RunPictures: Sendable {
    /// Images of a picture of pairs, samples of a picture of samples, side of a walk.
    static let pairs = 100
    static let samples = 200
    static let walkSide = 20
    /// Points of the scatter, codes and prior alike.
    static let points = 10_000

    private let folder: RunFolder
    private let configuration: Configuration
    private let data: DataSet
    private let heldOut: HeldOut

    public init(folder: RunFolder, configuration: Configuration, data: DataSet) {
        self.folder = folder
        self.configuration = configuration
        self.data = data
        heldOut = HeldOut(configuration: configuration, data: data)
    }

    /// Draws every picture of these weights into the run's figures folder and returns their paths.
    ///
    /// The newest pictures lie in `figures/`, each epoch's own in `figures/epoch-0012/`.
    /// - Parameter evaluation: where the codes are known already.
    public func draw(
        _ inference: Inference, evaluation: EpochEvaluation? = nil, step: UInt64, epoch: Int
    ) throws -> [String] {
        let title = FigureTitle(run: folder.name, epoch: epoch, step: step)
        let codes = (evaluation ?? heldOut.evaluate(inference)).codes
        var pictures: [(FigureName, Raster)] = [
            (.reconstructions, reconstructions(inference, title)), (.samples, samples(inference, title)),
        ]
        let cloud = cloud(codes)
        pictures.append((.codes, Figures.codes(cloud, title: title)))
        if configuration.model.code == 2 { pictures.append((.walk, walk(inference, title))) }
        if configuration.model.code > 2 { pictures.append((.codeHistograms, Figures.codeHistograms(cloud, title: title))) }
        if let losses = try losses(title) { pictures.append((.losses, losses)) }
        let own = folder.figuresPath + "/epoch-" + String(format: "%04d", epoch)
        let disk = Disk()
        for directory in [folder.figuresPath, own] { try disk.makeDirectory(directory) }
        var paths: [String] = []
        for (name, picture) in pictures {
            let newest = "\(folder.figuresPath)/\(name.rawValue)"
            let bytes = try PNG.encode(picture)
            try disk.replace(newest, with: bytes)
            try disk.replace("\(own)/\(name.rawValue)", with: bytes)
            paths.append(newest)
        }
        return paths
    }

    /// A walk over the prior with about `side` squared codes.
    public static func walk(_ configuration: Configuration, side: Int) -> (codes: Matrix, walk: PriorWalk) {
        let walk = PriorWalk(configuration.prior, codeSize: configuration.model.code, rows: side, columns: side)
        return (Matrix(Slice(walk.codes), rows: walk.rows * walk.columns, columns: walk.dimensions), walk)
    }

    private func batch(_ images: Matrix) -> ImageBatch {
        ImageBatch(
            count: images.rows, height: data.train.height, width: data.train.width, channels: data.train.channels,
            units: images.values.array)
    }

    private func reconstructions(_ inference: Inference, _ title: FigureTitle) -> Raster {
        let count = min(Self.pairs, data.validation.count)
        let originals = data.validation.images(0..<count)
        return Figures.reconstructions(
            originals: ImageBatch(
                count: count, height: data.train.height, width: data.train.width, channels: data.train.channels,
                pixels: originals),
            reconstructions: batch(inference.reconstruct(originals)), title: title)
    }

    private func samples(_ inference: Inference, _ title: FigureTitle) -> Raster {
        let codes = Matrix(rows: Self.samples, columns: configuration.model.code)
        configuration.prior.sample(
            into: codes, source: RandomSource(seed: configuration.seed, purpose: .sample, step: 0), firstRow: 0)
        return Figures.samples(batch(inference.decode(codes)), title: title)
    }

    private func walk(_ inference: Inference, _ title: FigureTitle) -> Raster {
        let (codes, walk) = Self.walk(configuration, side: Self.walkSide)
        return Figures.walk(
            batch(inference.decode(codes)), columns: walk.columns, horizontal: WalkAxis(name: "z1", values: walk.horizontal),
            vertical: WalkAxis(name: "z2", values: walk.vertical), caption: walk.caption, title: title)
    }

    private func cloud(_ codes: Matrix) -> CodeCloud {
        let count = min(Self.points, codes.rows)
        return CodeCloud(
            codes: codes.rows(0..<count).values.array, dimensions: codes.columns, labels: data.validation.labels(0..<count),
            prior: heldOut.priorSamples(count).values.array)
    }

    private func losses(_ title: FigureTitle) throws -> Raster? {
        guard FileManager.default.fileExists(atPath: folder.metricsPath) else { return nil }
        let metrics = try MetricsReader(path: folder.metricsPath)
        guard !metrics.steps.isEmpty else { return nil }
        let steps = metrics.steps.map(\.step)
        let phases = Configuration.phaseNames.map { phase in
            let losses = metrics.losses(phase)
            return LossCurve(name: phase, steps: losses.map(\.step), values: losses.map(\.loss))
        }
        return Figures.losses(
            phases: phases, pixelError: LossCurve(name: "pixel error", steps: steps, values: metrics.steps.map(\.pixelError)),
            title: title)
    }
}
