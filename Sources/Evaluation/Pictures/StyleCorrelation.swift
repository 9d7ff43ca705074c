import Autoencoder
import Kernels
import Layers

// Shapes of this file: G places of a grid, K petals or labels, P pixels.

/// Whether a place within a petal, or a code with any label, means the same style in all petals or labels (figures 4 and 7 of the paper):
/// how strongly the slants of images at the same places correlate.
public struct StyleCorrelation: Sendable, Hashable {
    /// Places along each axis of a petal's own frame, at middles of parts of equal probability; for a label, the square of this number is drawn.
    public static let side = 8

    /// Pearson's correlation of the slants, mean over all pairs of petals or labels; nil where no pair has slants to correlate.
    public let correlation: Double?

    /// From images: one matrix (G, P) for each petal or label, all in the same order of places.
    ///
    /// - Parameters:
    ///   - width: pixels of a line.
    ///   - height: lines; an image's channels, if it has more than one, are planes one after the other.
    public init(_ groups: [Matrix], width: Int, height: Int) {
        self.init(slants: groups.map { Self.slants(of: $0, width: width, height: height) })
    }

    private static func slants(of group: Matrix, width: Int, height: Int) -> [Double?] {
        (0..<group.rows).map { slant(of: group.row($0), width: width, height: height) }
    }

    private init(slants: [[Double?]]) {
        var sum = 0.0
        var pairs = 0
        for first in slants.indices {
            for second in slants.indices.dropFirst(first + 1) {
                guard let correlation = Self.correlation(slants[first], slants[second]) else { continue }
                sum += correlation
                pairs += 1
            }
        }
        correlation = pairs > 0 ? sum / Double(pairs) : nil
    }

    /// For a model whose decoder takes a label, or whose prior is a mixture; nil for others.
    ///
    /// - Parameters:
    ///   - seed: for the codes that are drawn for labels.
    ///   - mapped: turns decoded images into values from 0 to 1, and several channels into planes, in place; does nothing
    ///     where they already are.
    ///   - pace: called before the images of each petal or label.
    public static func of(
        _ inference: Inference, width: Int, height: Int, seed: UInt64, team: ThreadTeam = ThreadTeam(threads: 1),
        mapped: @escaping @Sendable (Matrix) -> Void = { _ in }, pace: @escaping WorkPace = { _ in }
    ) throws -> StyleCorrelation? {
        guard let count = groups(of: inference) else { return nil }
        let codes = Matrix(rows: side * side, columns: inference.settings.model.code)
        let source = RandomSource(seed: seed, purpose: .evaluation, step: 18)
        inference.settings.prior.sample(into: codes, source: source, firstRow: 0)
        let meter = WorkMeter(total: count, pace: pace)
        return StyleCorrelation(
            slants: try team.map(count) { group in
                try meter.begin()
                let images: Matrix
                if let labels = inference.decodedLabels {
                    let hots = Inference.oneHots(Array(repeating: group, count: codes.rows), classes: labels)
                    images = inference.decode(codes, labels: hots)
                } else {
                    images = inference.decode(petal(group, of: inference))
                }
                mapped(images)
                return slants(of: images, width: width, height: height)
            })
    }

    /// The number of labels that the decoder takes, or of the prior's petals; nil where there are neither.
    public static func groups(of inference: Inference) -> Int? {
        if let labels = inference.decodedLabels { return labels }
        guard case .petals(let components, _, _, _)? = inference.settings.prior.density else { return nil }
        return components
    }

    private static func petal(_ petal: Int, of inference: Inference) -> Matrix {
        guard case .petals(let components, let radial, let tangential, let distance)? = inference.settings.prior.density else {
            preconditionFailure("a prior without petals")
        }
        let turn = 2 * Double.pi * Double(petal) / Double(components)
        return frame(turn: turn, radial: radial, tangential: tangential, distance: distance)
    }

    /// The grid of one petal, in its own frame.
    private static func frame(turn: Double, radial: Double, tangential: Double, distance: Double) -> Matrix {
        let middles = NormalDistribution.middles(side)
        let (cosine, sine) = (VectorMath.cos(turn), VectorMath.sin(turn))
        let codes = Matrix(rows: side * side, columns: 2)
        for row in 0..<codes.rows {
            let along = distance + radial * middles[row / side]
            let across = tangential * middles[row % side]
            codes[row, 0] = Float(along * cosine - across * sine)
            codes[row, 1] = Float(along * sine + across * cosine)
        }
        return codes
    }

    /// How far strokes move to the right as they go down, in pixels a row, by second moments about the centre of brightness;
    /// nil for an image without brightness or height.
    public static func slant(of image: Slice<Float>, width: Int, height: Int) -> Double? {
        precondition(image.count % (width * height) == 0, "images of \(image.count) values, expected \(width) x \(height)")
        var (mass, x, y) = (0.0, 0.0, 0.0)
        func eachPixel(_ body: (_ value: Double, _ column: Double, _ line: Double) -> Void) {
            for index in image.indices {
                body(max(0, Double(image[index])), Double(index % width), Double(index / width % height))
            }
        }
        eachPixel { value, column, line in
            mass += value
            x += value * column
            y += value * line
        }
        guard mass > 0 else { return nil }
        var (across, down) = (0.0, 0.0)
        eachPixel { value, column, line in
            across += value * (column - x / mass) * (line - y / mass)
            down += value * (line - y / mass) * (line - y / mass)
        }
        return down > 0 ? across / down : nil
    }

    /// Over the places where both have a slant; nil where the slant of one of them is constant.
    private static func correlation(_ one: [Double?], _ other: [Double?]) -> Double? {
        let both = zip(one, other).compactMap { a, b in a.flatMap { a in b.map { (a, $0) } } }
        guard both.count > 1 else { return nil }
        let means = (Parzen.mean(both.map(\.0)), Parzen.mean(both.map(\.1)))
        var (covariance, first, second) = (0.0, 0.0, 0.0)
        for (a, b) in both {
            covariance += (a - means.0) * (b - means.1)
            first += (a - means.0) * (a - means.0)
            second += (b - means.1) * (b - means.1)
        }
        return first > 0 && second > 0 ? covariance / (first * second).squareRoot() : nil
    }
}
