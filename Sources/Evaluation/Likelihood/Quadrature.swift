import Autoencoder
import Kernels
import Layers

/// The integral over two-dimensional codes by a grid, whose points are the samples of a Parzen window. With one fixed width it gives
/// the likelihood that random samples, however many, only approximate.
public enum Quadrature {
    /// Points along each axis.
    public static let usualPoints = 500
    /// Deviations of the prior that the grid reaches from its centre, or from those of its petals.
    private static let reach = 5.0

    /// The middles of cells of equal size, each weighted by the prior's density. Where a label or cluster is decoded with the code,
    /// each middle is combined with every one. Nil where codes are not two-dimensional or the prior has no density.
    ///
    /// - Parameter mapped: as in `SampleSource.decoded`.
    public static func samples(
        of inference: Inference, points: Int = usualPoints, mapped: @escaping @Sendable (Matrix) -> Void = { _ in }
    ) -> SampleSource? {
        precondition(points > 0, "\(points) points")
        guard inference.settings.model.code == 2, let density = inference.settings.prior.density else { return nil }
        let half = extent(density)
        let step = 2 * half / Double(points)
        let labels = inference.decodedLabels
        let repeats = labels ?? 1
        // The mean of all weights is the integral of the density.
        let scale = 2 * VectorMath.log(step * Double(points))
        return SampleSource(count: points * points * repeats) { range in
            let codes = Matrix(rows: range.count, columns: 2)
            for (row, number) in range.enumerated() {
                let cell = number / repeats
                codes[row, 0] = Float(-half + (Double(cell % points) + 0.5) * step)
                codes[row, 1] = Float(-half + (Double(cell / points) + 0.5) * step)
            }
            let hots = labels.map { labels in Inference.oneHots(range.map { $0 % labels }, classes: labels) }
            let images = inference.decode(codes, labels: hots)
            mapped(images)
            return SampleSource.Block(images: images, logWeights: density.logDensities(codes).map { $0 + scale })
        }
    }

    /// The likelihood of images with one width; nil where there is no such grid.
    ///
    /// - Parameters:
    ///   - window: as for the model's own Parzen figure: the images that are reported follow the first `validation`.
    ///   - pace: called before each product.
    public static func figures(
        _ window: ParzenWindow, validation: Int = Parzen.validationImages, by inference: Inference, sigma: Double,
        points: Int = usualPoints, mapped: @escaping @Sendable (Matrix) -> Void = { _ in }, team: ThreadTeam,
        pace: @escaping WorkPace = { _ in }
    ) throws -> ParzenFigures? {
        guard let source = samples(of: inference, points: points, mapped: mapped), let count = source.count else { return nil }
        var sums = ParzenSums(sigmas: [sigma], images: window.count)
        try window.add(0..<count, of: source, to: &sums, team: team, pace: pace)
        return ParzenFigures(sums, validation: validation, pixels: window.pixels)
    }

    private static func extent(_ density: PriorDensity) -> Double {
        switch density {
        case .gaussian(let std): reach * std
        case .petals(_, let radial, let tangential, let distance): distance + reach * max(radial, tangential)
        }
    }
}
