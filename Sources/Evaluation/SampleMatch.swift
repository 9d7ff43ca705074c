import Kernels

// Shapes of this file: N images, S samples, P pixels.

/// How well generated images represent held-out ones, for a model that encodes no images and so has no reconstructions.
///
/// The sample most similar to an image explains a share of it: the square of their correlation about the images' mean. It is 1 where the
/// two differ from the mean in the same direction, 0 where they have nothing in common. The figure is that share of the images' whole
/// variance about their mean. Noise or the mean image explains nothing, however near to the images it is. Distances do not show this:
/// by the energy distance of pixels, noise in which each pixel has its own distribution is as near to MNIST as other images are.
public struct SampleMatch: Sendable, Hashable {
    /// `samples.explained`: the share explained by the samples.
    public let explained: Double
    /// `samples.explained_images`: by as many other held-out images; what samples of the data itself reach.
    public let byImages: Double
    /// `samples.explained_noise`: by as many images whose pixels are taken from different ones of these; what an untrained model reaches.
    public let byNoise: Double

    /// With fewer images nothing can be said.
    static let fewestImages = 10
    /// Prime, and greater than any number of images that are compared: pixels side by side come from different images.
    private static let stride = 7_919

    public init(explained: Double, byImages: Double, byNoise: Double) {
        self.explained = explained
        self.byImages = byImages
        self.byNoise = byNoise
    }

    /// - Parameters:
    ///   - samples: (N, P), values 0 to 1.
    ///   - images: (N, P), held-out ones.
    ///   - others: (N, P), further ones.
    ///   - team: threads that share the work; the figures are the same, whatever their number.
    public init(samples: Matrix, images: Matrix, others: Matrix, team: ThreadTeam) throws {
        precondition(samples.rows == images.rows && samples.rows == others.rows, "as many of each")
        let deviations = Deviations(images)
        self.init(
            explained: try deviations.explained(by: samples, team: team),
            byImages: try deviations.explained(by: others, team: team),
            byNoise: try deviations.explained(by: Self.noise(of: others), team: team))
    }

    /// Where the samples' share lies between that of noise (0) and that of other images (1); nil where the images are too few to
    /// tell the two apart.
    public var progress: Double? {
        byImages > 2 * byNoise ? (explained - byNoise) / (byImages - byNoise) : nil
    }

    /// (N, P): each pixel has the same values as in the images, but in a different order for each pixel.
    private static func noise(of images: Matrix) -> Matrix {
        let noise = Matrix(rows: images.rows, columns: images.columns)
        for row in 0..<images.rows {
            for column in 0..<images.columns {
                noise[row, column] = images[(row + stride * column) % images.rows, column]
            }
        }
        return noise
    }
}

/// The differences of images from their mean, as lengths and directions.
private struct Deviations {
    private let mean: [Double]
    /// (N, P), each of length 1, or 0 where an image is the mean.
    private let directions: Matrix
    /// (N): squared lengths.
    private let squares: [Double]

    init(_ images: Matrix) {
        mean = CodeStatistics(images).meanByDimension
        (directions, squares) = Self.directions(of: images, about: mean)
    }

    /// The share of the squared lengths that the most similar row of `samples` (S, P) explains; 0 where every row is the mean.
    func explained(by samples: Matrix, team: ThreadTeam) throws -> Double {
        let (others, lengths) = Self.directions(of: samples, about: mean)
        // A sample that equals the mean has no direction and is left out.
        let telling = lengths.indices.filter { lengths[$0] != 0 }
        let all = squares.reduce(0, +)
        guard !telling.isEmpty, all != 0 else { return 0 }
        let rows = Matrix(rows: telling.count, columns: others.columns)
        for (place, row) in telling.enumerated() { rows.row(place).copy(from: others.row(row)) }
        let distances = try NearestRows(rows).squaredDistances(to: directions, team: team)
        // The squared distance of two directions is 2 − 2ρ.
        let explained = zip(squares, distances).reduce(0.0) { sum, one in
            let correlation = max(0, 1 - one.1 / 2)
            return sum + one.0 * correlation * correlation
        }
        return explained / all
    }

    private static func directions(of images: Matrix, about mean: [Double]) -> (Matrix, [Double]) {
        let directions = Matrix(rows: images.rows, columns: images.columns)
        let squares = (0..<images.rows).map { row in
            let deviation = mean.indices.map { Double(images[row, $0]) - mean[$0] }
            let square = deviation.reduce(0) { $0 + $1 * $1 }
            if square > 0 {
                let length = square.squareRoot()
                for column in mean.indices { directions[row, column] = Float(deviation[column] / length) }
            }
            return square
        }
        return (directions, squares)
    }
}
