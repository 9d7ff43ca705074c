import Autoencoder
import Datasets
import Figures
import Kernels

/// The images that a trained model makes for pictures, and tables of them.
///
/// Decoded images have values of 0 to 1, also where the networks see standardised ones.
struct ModelImages: Sendable {
    /// Images of a picture of pairs, samples of a picture of samples, side of a walk; pictures whose rows are classes have a `LabelGrid`.
    static let pairs = 100
    static let samples = 200
    static let walkSide = 20
    static let sampleColumns = 20

    /// Codes on a side of a walk: fewer for large images, but at least two.
    static func walkSide(of shape: PictureShape) -> Int {
        max(2, Int(Double(shape.most(walkSide * walkSide)).squareRoot()))
    }

    let configuration: Configuration
    let data: DataSet
    let inference: Inference
    let shape: PictureShape

    init(_ inference: Inference, configuration: Configuration, data: DataSet) {
        self.configuration = configuration
        self.data = data
        self.inference = inference
        shape = PictureShape(of: data.train)
    }

    /// Held-out codes with their classes, and as many samples of the prior.
    func cloud(_ codes: Matrix, points: Int, _ heldOut: HeldOut) -> CodeCloud {
        let count = min(points, codes.rows)
        return CodeCloud(
            codes: codes.rows(0..<count).values.array, dimensions: codes.columns, labels: labels(count),
            prior: heldOut.priorSamples(count).values.array)
    }

    /// Labels of the first held-out images; empty where these have no labels.
    private func labels(_ count: Int) -> [UInt8] {
        data.validation.hasLabels ? data.validation.labels(0..<count) : []
    }

    /// The picture of representations, and what its axes are.
    static let mapName = "Representations of held-out images, and the heads"
    static let mapAxes = CodeAxes(horizontal: "W_C y + z, first coordinate", vertical: "W_C y + z, second coordinate")

    /// Representations with their classes and the cluster heads.
    func map(_ places: Matrix, points: Int) -> CodeCloud {
        let count = min(points, places.rows)
        return CodeCloud(
            codes: places.rows(0..<count).values.array, dimensions: places.columns,
            labels: labels(count), prior: [],
            heads: inference.clusterHeads.map {
                CodeHeads(places: $0.values.array, areClasses: inference.settings.labelsAreClasses)
            })
    }

    var codeSize: Int { configuration.model.code }
    /// What is decoded beside a code.
    var labelKind: String { inference.settings.labelsAreClasses ? "class" : "cluster" }
    var labelKinds: String { inference.settings.labelsAreClasses ? "classes" : "clusters" }

    func batch(_ images: Matrix) throws -> ImageBatch { try shape.batch(count: images.rows, units: images.values.array) }

    func decoded(_ drawn: SampleDraws.Drawn) throws -> ImageBatch {
        try batch(inference.decode(drawn.codes, labels: drawn.labels))
    }

    /// The first images of a subset beside what is made of their codes.
    func reconstructions(of images: ImageSubset, count: Int) throws -> (originals: ImageBatch, reconstructions: ImageBatch) {
        let originals = images.images(0..<count)
        // Without labels the images are decoded as of no class.
        let labels = images.hasLabels ? images.labels(0..<count) : [UInt8](repeating: .max, count: count)
        return (
            shape.batch(count: count, pixels: originals), try batch(inference.reconstruct(originals, labels: labels, firstRow: 0))
        )
    }

    /// Samples of the prior, always the same; a row of so many columns has one class or cluster where one is decoded beside the code.
    func drawnSamples(_ count: Int, columns: Int) -> SampleDraws.Drawn {
        SampleDraws(configuration, labels: inference.decodedLabels, seed: configuration.seed).samples(0..<count, columns: columns)
    }

    /// A walk over the prior of codes in the plane.
    struct Walk {
        let images: ImageBatch
        let walk: PriorWalk
        /// Rows that are shown; a prior of many parts has more.
        let rows: Int
    }

    /// - Parameters:
    ///   - rows: of the walk, where the prior leaves that open.
    ///   - shown: rows at most.
    func walk(rows: Int, columns: Int, shown: Int = .max) throws -> Walk {
        let walk = configuration.prior.walk(codeSize: codeSize, rows: rows, columns: columns)
        let rows = min(shown, walk.rows)
        let codes = Matrix(Slice(walk.codes), rows: walk.rows * walk.columns, columns: walk.dimensions)
        return Walk(images: try batch(inference.decode(codes.rows(0..<rows * walk.columns))), walk: walk, rows: rows)
    }
}
