import Autoencoder
import Datasets
import Evaluation
import Figures
import Kernels

/// Trained runs side by side, compared by what all of them have.
///
/// Where all have codes in the plane, these are shown with their figures, and below them a walk over the prior (figure 2 of the paper).
/// Dimensionality reductions show their maps (figure 11). Other runs show samples, and reconstructions of the same held-out images.
public struct RunsBeside: Sendable {
    /// One of them.
    public struct Run: Sendable {
        /// As a person typed it.
        public let name: String
        public let configuration: Configuration
        public let data: DataSet
        public let inference: Inference
        public let step: UInt64
        public let epoch: Int

        public init(
            name: String, configuration: Configuration, data: DataSet, inference: Inference, step: UInt64, epoch: Int
        ) {
            self.name = name
            self.configuration = configuration
            self.data = data
            self.inference = inference
            self.step = step
            self.epoch = epoch
        }
    }

    /// What is seen of each run.
    enum View: Sendable {
        case codes, maps, images
    }

    /// Runs of one picture.
    public static let most = 4

    public let runs: [Run]
    let view: View

    /// Throws `RunFolderError` where the images of two runs differ in shape.
    public init(_ runs: [Run]) throws {
        precondition((2...Self.most).contains(runs.count), "\(runs.count) runs side by side")
        let first = runs[0].data.train
        for run in runs.dropFirst() {
            let images = run.data.train
            guard (images.height, images.width, images.channels) == (first.height, first.width, first.channels) else {
                throw RunFolderError(
                    "the images of \(runs[0].name) are \(Self.shape(first)) and those of \(run.name) \(Self.shape(images)), and runs side by side show images of one shape; name runs of one data set"
                )
            }
        }
        self.runs = runs
        let arePlane = runs.allSatisfy { $0.configuration.model.code == 2 && $0.inference.canEncode }
        view = !arePlane ? .images : runs.allSatisfy(\.inference.canRepresent) ? .maps : .codes
    }

    private static func shape(_ images: ImageSubset) -> String { "\(images.height) x \(images.width) x \(images.channels)" }

    /// What a person should know of the picture: a sentence each.
    public var notes: [String] {
        guard view == .images, runs.allSatisfy(\.inference.canEncode) else { return [] }
        return runs.dropFirst().filter { $0.data.identity != runs[0].data.identity }.map { run in
            "\(run.name) has other data than \(runs[0].name), whose held-out images all of them reconstruct here"
        }
    }

    /// All of them on one sheet.
    ///
    /// Throws `RunFolderError` where the images of a run are not finite.
    public func picture(team: ThreadTeam) throws -> Raster {
        let columns = try runs.indices.map { try column($0, team) }
        let what =
            switch view {
            case .codes: "Held-out codes and the prior, run beside run"
            case .maps: "Representations and \(headKind) heads, run beside run"
            case .images: "Samples and reconstructions, run beside run"
            }
        return Figures.beside(
            columns, what: what, axes: view == .maps ? ModelImages.mapAxes : CodeAxes(),
            title: FigureTitle(run: runs.map(\.name).joined(separator: ", ")))
    }

    /// What the heads of the maps are.
    package var headKind: String {
        let areClasses = runs.map(\.inference.settings.labelsAreClasses)
        return !areClasses.contains(false) ? "class" : !areClasses.contains(true) ? "cluster" : "class or cluster"
    }

    /// Whether all runs have the images of the first, and its split of them.
    private var haveOneData: Bool { runs.allSatisfy { $0.data.identity == runs[0].data.identity } }

    private func column(_ index: Int, _ team: ThreadTeam) throws -> RunColumn {
        let run = runs[index]
        let heldOut = HeldOut(configuration: run.configuration, data: run.data)
        let found = try heldOut.evaluate(run.inference, team: team)
        let images = ModelImages(run.inference, configuration: run.configuration, data: run.data)
        do {
            return RunColumn(
                title: FigureTitle(run: run.name, epoch: run.epoch, step: run.step),
                model: subtitle(run),
                cloud: cloud(found, images, heldOut), space: space(index),
                notes: found.figures.besideNotes, blocks: try blocks(run, images))
        } catch let error as ImagesNotFinite {
            throw RunFolderError("\(run.name): \(error)")
        }
    }

    /// The figure, also drawn of single runs, that a column has at its top.
    private var figure: FigureName {
        switch view {
        case .codes: .codes
        case .maps: .representations
        case .images: .samples
        }
    }

    private func cloud(_ found: EpochEvaluation, _ images: ModelImages, _ heldOut: HeldOut) -> CodeCloud? {
        switch view {
        case .images: nil
        case .maps: found.representations.map { images.map($0, points: RunPictures.points) }
        case .codes: found.codes.map { images.cloud($0, points: RunPictures.points, heldOut) }
        }
    }

    /// "vae, gaussian prior, code of 2; as figure 2c of the paper"; where the runs' data differ, with the set and its split.
    package func subtitle(_ run: Run) -> String {
        let like = figure.paperFigure(run.inference.settings).map { "; as figure \($0) of the paper" } ?? ""
        let own = haveOneData ? "" : "; \(Self.words(of: run.data))"
        let configuration = run.configuration
        return
            "\(configuration.variant.rawValue), \(configuration.prior.kind) prior, code of \(configuration.model.code)\(own)\(like)"
    }

    /// "mnist, 50000 images and 10000 held out".
    private static func words(of data: DataSet) -> String {
        "\(data.settings.set), \(data.train.count) images and \(data.validation.count) held out"
    }

    /// The heading above the reconstructions: whose images they are of.
    package var reconstructionsName: String {
        let whose = haveOneData ? "" : " of \(runs[0].name) (\(runs[0].data.settings.set))"
        return "held-out images\(whose), each row above its reconstructions"
    }

    /// Clouds of the same space share their axes: those with the same prior. A map has no prior, and so axes of its own.
    private func space(_ index: Int) -> String {
        guard view == .codes else { return "\(index)" }
        let prior = runs[index].configuration.settings.leaves.filter { $0.key.hasPrefix("prior.") }
        return prior.map { "\($0.key)=\($0.value.flow)" }.joined(separator: "\n")
    }

    // MARK: Images

    /// Rows of a picture of samples, and pairs of rows of one of reconstructions.
    private static let (sampleRows, pairRows) = (6, 3)

    /// Columns of all blocks, and the most rows of one: of large images fewer.
    private struct Room {
        let columns: Int
        let rows: Int

        init(_ shape: PictureShape) {
            let most = shape.most(LabelGrid.mostImages)
            columns = max(1, min(Figures.besideColumns(ofWidth: shape.width), Int(Double(most).squareRoot())))
            rows = max(1, min(LabelGrid.mostRows, most / columns))
        }
    }

    private func blocks(_ run: Run, _ images: ModelImages) throws -> [RunColumn.Block] {
        let room = Room(images.shape)
        switch view {
        case .maps: return [try samples(images, room)]
        case .codes:
            guard run.inference.decodedLabels == nil else { return [try samples(images, room)] }
            let walk = try images.walk(rows: room.columns, columns: room.columns, shown: room.rows)
            return [
                RunColumn.Block(
                    name: "a walk: \(walk.walk.caption)", images: walk.images, columns: room.columns, isSeamless: true)
            ]
        case .images:
            let samples = try samples(images, room)
            guard runs.allSatisfy(\.inference.canEncode) else { return [samples] }
            return [samples, try reconstructions(images, room)]
        }
    }

    private func samples(_ images: ModelImages, _ room: Room) throws -> RunColumn.Block {
        let labels = images.inference.decodedLabels
        let rows = min(labels ?? Self.sampleRows, room.rows)
        return RunColumn.Block(
            name: labels == nil ? "samples" : "samples, each row one \(images.labelKind)",
            images: try images.decoded(images.drawnSamples(rows * room.columns, columns: room.columns)), columns: room.columns)
    }

    /// Rows of held-out images of the first run, and below each row what this one makes of it.
    private func reconstructions(_ images: ModelImages, _ room: Room) throws -> RunColumn.Block {
        let held = runs[0].data.validation
        let columns = max(1, min(room.columns, held.count))
        let rows = min(Self.pairRows, max(1, room.rows / 2), held.count / columns)
        let pairs = try images.reconstructions(of: held, count: rows * columns)
        return RunColumn.Block(
            name: reconstructionsName,
            images: pairs.originals.interleaved(with: pairs.reconstructions, rowsOf: columns), columns: columns)
    }
}
