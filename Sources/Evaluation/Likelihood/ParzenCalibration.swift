import Kernels

// Shapes of this file: R training images, P pixels.

/// What a Parzen window says of the data itself, printed beside every figure of a model. A model that scores
/// higher is not better than the data: the measure is weak (Theis et al. 2016).
public struct ParzenCalibration: Sendable, Hashable {
    /// Training images that are taken as samples, and centres of k-means.
    public static let samples = 10_000

    /// Training images as the samples. For MNIST's first 10,000, with σ 0.18: 242.7 ± 1.8 on all test images, and 236.1 ± 4.2 on
    /// the first 2,000 of them, which are harder than the others.
    public let trainingImages: ParzenFigures
    /// k-means centres of the training images as the samples; about 313 for MNIST. Nil where they were not asked for.
    public let centres: ParzenFigures?

    /// - Parameters:
    ///   - window: as for the model.
    ///   - training: (R, P): the first of them are the samples; the centres are found among all.
    ///   - seed: for finding the centres.
    ///   - findsCentres: whether k-means is run too, which takes most of the time.
    public init(
        _ window: ParzenWindow, training: Matrix, seed: UInt64, findsCentres: Bool = true,
        validation: Int = Parzen.validationImages, team: ThreadTeam, pace: @escaping WorkPace = { _ in }
    ) throws {
        let count = min(Self.samples, training.rows)
        func figures(_ samples: Matrix, _ pace: @escaping WorkPace) throws -> ParzenFigures {
            let sums = try Parzen.sums(
                window, count: count, validation: validation, from: .rows(of: samples), team: team, pace: pace)
            return ParzenFigures(sums, validation: validation, pixels: window.pixels)
        }
        guard findsCentres else {
            trainingImages = try figures(training.rows(0..<count), pace)
            centres = nil
            return
        }
        trainingImages = try figures(training.rows(0..<count)) { try pace(0.05 * $0) }
        let means = try KMeans(training, centres: count, seed: seed, team: team) { try pace(0.05 + 0.9 * $0) }
        centres = try figures(means.centres) { try pace(0.95 + 0.05 * $0) }
    }
}
