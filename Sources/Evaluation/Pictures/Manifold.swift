import Autoencoder
import Kernels

// Shapes of this file: N images, M pairs of them, P pixels, Z code, K labels.

/// Whether a code between two codes also decodes to a realistic image (section 2.1 of the paper): how far decoded middles are from the
/// nearest training image.
///
/// For comparison: the distance of reconstructions, which no decoded image is expected to beat, and that of pixel averages, which
/// show nothing real.
public struct Manifold: Sendable, Hashable {
    /// The number of held-out images that are paired; below, that of training images that are searched.
    public static let images = 2_000
    public static let trainingImages = 10_000

    /// Mean distance of decode((z₁ + z₂) / 2) to the nearest training image.
    public let middles: Double
    /// The same of decode(z₁) and decode(z₂).
    public let reconstructions: Double
    /// The same of (x₁ + x₂) / 2.
    public let pixelAverages: Double
    public let pairs: Int

    /// The first image is paired with the second, the third with the fourth, and so on. Where a label or cluster is decoded
    /// with the code, images are first ordered by it, so that most pairs share it.
    ///
    /// - Parameters:
    ///   - images: held-out ones, at least two, with labels where the decoder takes them.
    ///   - training: (R, P), values 0 to 1; `trainingImages` of them, so that figures are comparable.
    ///   - mapped: turns decoded images into values from 0 to 1, in place; does nothing where they already are.
    public init(
        _ inference: Inference, images: ImageBlocks, training: Matrix, team: ThreadTeam,
        mapped: @escaping @Sendable (Matrix) -> Void = { _ in }, pace: @escaping WorkPace = { _ in }
    ) throws {
        let count = min(images.count, Self.images) / 2 * 2
        precondition(count >= 2 && training.rows > 0, "\(count) images make no pairs")
        let read = try EncodedImages(inference, images.first(count), team: team) { try pace(0.1 * $0) }
        let labels = read.decodedLabels(inference)
        let pixels = try images.matrix(0..<count, pixels: inference.settings.pixels)
        let order = Self.order(count, by: labels)
        let pairs = stride(from: 0, to: count, by: 2).map { (order[$0], order[$0 + 1]) }
        let middles = try Self.decode(
            Self.middles(read.codes, pairs), labels.map { Self.middles($0, pairs) }, inference, team, mapped
        ) { try pace(0.1 + 0.1 * $0) }
        let reconstructions = try Self.decode(read.codes, labels, inference, team, mapped) { try pace(0.2 + 0.2 * $0) }
        let rows = NearestRows(training)
        let found = try [middles, reconstructions, Self.middles(pixels, pairs)].enumerated().map { place, matrix in
            let distances = try rows.squaredDistances(to: matrix, team: team) { try pace(0.4 + 0.2 * (Double(place) + $0)) }
            return distances.reduce(0) { $0 + $1.squareRoot() } / Double(distances.count)
        }
        (self.middles, self.reconstructions, pixelAverages, self.pairs) = (found[0], found[1], found[2], pairs.count)
    }

    /// Block by block, on all threads.
    private static func decode(
        _ codes: Matrix, _ labels: Matrix?, _ inference: Inference, _ team: ThreadTeam,
        _ mapped: @Sendable (Matrix) -> Void, pace: @escaping WorkPace
    ) throws -> Matrix {
        let images = Matrix(rows: codes.rows, columns: inference.settings.pixels)
        let size = Inference.blockRows
        let blocks = (codes.rows + size - 1) / size
        let meter = WorkMeter(total: blocks, pace: pace)
        _ = try team.map(blocks) { block in
            try meter.begin()
            let rows = block * size..<min(codes.rows, (block + 1) * size)
            let here = inference.decode(codes.rows(rows), labels: labels?.rows(rows))
            mapped(here)
            images.rows(rows).values.copy(from: here.values)
        }
        return images
    }

    private static func middles(_ matrix: Matrix, _ pairs: [(Int, Int)]) -> Matrix {
        let middles = Matrix(rows: pairs.count, columns: matrix.columns)
        for (row, pair) in pairs.enumerated() {
            let values = middles.row(row)
            Elementwise.add(matrix.row(pair.0), matrix.row(pair.1), into: values)
            Elementwise.scale(values, by: 0.5)
        }
        return middles
    }

    /// The order of the rows: rows of one label together where there are labels (N, K).
    private static func order(_ count: Int, by labels: Matrix?) -> [Int] {
        guard let labels else { return Array(0..<count) }
        let chosen = (0..<count).map { row in
            (0..<labels.columns).reduce(0) { labels[row, $1] > labels[row, $0] ? $1 : $0 }
        }
        return (0..<count).sorted { (chosen[$0], $0) < (chosen[$1], $1) }
    }
}
