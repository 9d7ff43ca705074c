import Autoencoder
import Kernels
import Layers

// Shapes of this file: k samples, P pixels, Z code, K labels.

/// How likely an image is where its decoded code is known.
public enum PixelLikelihood: Sendable, Hashable {
    /// N(decoded image, σ²) in every pixel: the limit of a Parzen window with infinitely many samples.
    case gaussian(sigma: Double)
    /// e^−cost with the model's own cost: Bernoulli, or a Gaussian of deviation 1 without its constant. As in `LowerBound`.
    case cost
}

/// Log-likelihoods of images by importance sampling: log of the mean of p(x|z) p(z) / q(z) over codes z of q (Burda et al. 2015).
///
/// q is the posterior where the model gives it (a VAE), otherwise N(code of the image, s²). A label or cluster that is decoded
/// with the code is drawn from the model's prediction for the image, but one time in ten uniformly. The mean is unbiased whatever q is.
/// Its logarithm is too low, the more so the worse q is, so a larger figure is a better one. With the cost of a VAE and its posterior
/// it is the bound of importance weighted autoencoders (Burda et al. 2016), IWAE-k.
public struct ImportanceSampling: Sendable {
    /// Deviations s that are tried, in units of the prior's standard deviation.
    static let deviations = [0.003, 0.01, 0.03, 0.1, 0.3]
    /// Images that s is chosen on, and samples of each.
    static let trial = (images: 100, samples: 100)
    /// The share of labels that are drawn uniformly.
    private static let evenly = 0.1

    private let inference: Inference
    private let likelihood: PixelLikelihood
    private let density: PriorDensity
    private let mapped: @Sendable (Matrix) -> Void
    private let source: RandomSource

    /// Nil where nothing is encoded or the prior has no density (`PriorSettings.lackOfDensity`).
    ///
    /// - Parameters:
    ///   - seed: of the samples.
    ///   - mapped: turns decoded images into values from 0 to 1, in place; does nothing where they already are. Not called where the
    ///     likelihood is the model's cost.
    public init?(
        _ inference: Inference, _ likelihood: PixelLikelihood, seed: UInt64, mapped: @escaping @Sendable (Matrix) -> Void = { _ in }
    ) {
        guard inference.canEncode, let density = inference.settings.prior.density else { return nil }
        self.inference = inference
        self.likelihood = likelihood
        self.density = density
        self.mapped = mapped
        source = RandomSource(seed: seed, purpose: .evaluation, step: 12)
    }

    /// Whether the model itself says how wide q is.
    public var hasPosterior: Bool { inference.hasPosterior }

    /// What the images' log-likelihoods are on average.
    public struct Figure: Sendable, Hashable {
        /// Mean over the images.
        public let nats: Double
        /// Standard deviation over the images / √N.
        public let error: Double
        /// Samples of each image.
        public let samples: Int
        /// s of q; nil where the model has a posterior.
        public let deviation: Double?
    }

    /// The figure of images; s, where it is needed, is chosen on the first images of `validation`.
    ///
    /// - Parameter pace: called before each image.
    public func figure(
        of images: ImageBlocks, validation: ImageBlocks, samples: Int = 1_000, team: ThreadTeam, pace: @escaping WorkPace = { _ in }
    ) throws -> Figure {
        precondition(images.count > 0 && samples > 0, "\(samples) samples of \(images.count) images")
        let trial = hasPosterior ? validation.first(0) : validation.first(Self.trial.images)
        let all = Self.deviations.count * trial.count * Self.trial.samples + images.count * samples
        let meter = WorkMeter(total: all, pace: pace)
        var deviation: Double?
        if !hasPosterior {
            let deviations = Self.deviations.map { $0 * priorStd }
            let means = try deviations.map {
                Parzen.mean(try nats(of: trial, deviation: $0, samples: Self.trial.samples, team: team, meter: meter))
            }
            deviation = deviations[Parzen.best(means)]
        }
        let values = try nats(of: images, deviation: deviation, samples: samples, team: team, meter: meter)
        let mean = Parzen.mean(values)
        let variance = Parzen.mean(values.map { ($0 - mean) * ($0 - mean) })
        return Figure(
            nats: mean, error: (variance / Double(values.count)).squareRoot(), samples: samples, deviation: deviation)
    }

    /// The log-likelihood of each image, in nats.
    ///
    /// - Parameter deviation: s of q; needed where the model has no posterior.
    public func nats(
        of images: ImageBlocks, deviation: Double? = nil, samples: Int = 1_000, team: ThreadTeam,
        pace: @escaping WorkPace = { _ in }
    ) throws -> [Double] {
        let meter = WorkMeter(total: images.count * samples, pace: pace)
        return try nats(of: images, deviation: deviation, samples: samples, team: team, meter: meter)
    }

    private var priorStd: Double {
        let codes = Matrix(rows: 1_000, columns: inference.settings.model.code)
        inference.settings.prior.sample(into: codes, source: source, firstRow: 0)
        return CodeStatistics(codes).std
    }

    private func nats(
        of images: ImageBlocks, deviation: Double?, samples: Int, team: ThreadTeam, meter: WorkMeter
    ) throws -> [Double] {
        precondition(images.count <= Int(UInt32.max) / samples, "\(samples) samples of \(images.count) images have no numbers")
        let size = Inference.blockRows
        return try team.map((images.count + size - 1) / size) { block in
            let rows = block * size..<min(images.count, (block + 1) * size)
            let bytes = try images.images(rows)
            let reading = inference.read(bytes, firstRow: rows.lowerBound)
            let shares = labelShares(reading, images.labels?(rows))
            let pixels = inference.settings.pixels
            return try rows.indices.map { image in
                try meter.begin(samples)
                let place = image - rows.lowerBound
                let target = Storage<Float>(count: pixels).all
                Elementwise.bytesToUnit(bytes[place * pixels..<(place + 1) * pixels], into: target)
                let proposal = Proposal(reading, row: place, deviation: deviation, hasPosterior: hasPosterior)
                return self.nats(of: target, proposal, shares?[place], samples: samples, firstRow: image * samples)
            }
        }
        .flatMap { $0 }
    }

    /// The probability with which each label is drawn for each image; nil where none is decoded.
    private func labelShares(_ reading: Inference.Reading, _ labels: [UInt8]?) -> [[Double]]? {
        guard let count = inference.decodedLabels else { return nil }
        let even = 1 / Double(count)
        let told = reading.softLabels ?? labels.map { Inference.oneHots($0.map(Int.init), classes: count) }
        return (0..<reading.codes.rows).map { row in
            let own = told.map { $0.row(row).array.map { Double($0) } } ?? []
            let sum = own.reduce(0, +)
            guard sum > 0.5 else { return Array(repeating: even, count: count) }
            return own.map { Self.evenly * even + (1 - Self.evenly) * $0 / sum }
        }
    }

    private func nats(of target: Slice<Float>, _ q: Proposal, _ shares: [Double]?, samples: Int, firstRow: Int) -> Double {
        let codes = Matrix(rows: samples, columns: q.means.count)
        source.fillNormal(codes, firstRow: firstRow, std: 1)
        var weights = q.move(codes)
        for (row, density) in density.logDensities(codes).enumerated() { weights[row] += density }
        let labels = shares.map { shares in
            // The first element whose block holds none of the row's normal numbers.
            let element = (q.means.count + 3) / 4 * 4
            let drawn = (0..<samples).map { Self.draw(shares, source.uniform(row: UInt32(firstRow + $0), element: element)) }
            for (row, label) in drawn.enumerated() { weights[row] -= VectorMath.log(Double(shares.count) * shares[label]) }
            return Inference.oneHots(drawn, classes: shares.count)
        }
        for (row, logarithm) in logLikelihoods(of: target, codes, labels).enumerated() { weights[row] += logarithm }
        return Self.logMean(weights)
    }

    /// log p(x|z) of one image for each code.
    private func logLikelihoods(of target: Slice<Float>, _ codes: Matrix, _ labels: Matrix?) -> [Double] {
        switch likelihood {
        case .gaussian(let sigma):
            let images = inference.decode(codes, labels: labels)
            mapped(images)
            let constant = ParzenWindow.logNormalisation(sigma: sigma, pixels: target.count)
            return (0..<codes.rows).map {
                -Elementwise.squaredError(images.row($0), target) / (2 * sigma * sigma) - constant
            }
        case .cost:
            return inference.costs(of: target, codes, labels: labels).map { -$0 }
        }
    }

    /// The label whose part of 0…1 contains `uniform`.
    private static func draw(_ shares: [Double], _ uniform: Float) -> Int {
        var left = Double(uniform)
        for (label, share) in shares.enumerated() {
            left -= share
            if left < 0 { return label }
        }
        return shares.count - 1
    }

    private static func logMean(_ logarithms: [Double]) -> Double {
        let most = logarithms.reduce(-Double.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
        guard most.isFinite else { return most }
        let sum = logarithms.reduce(0) { $0 + VectorMath.exp($1 - most) }
        return most + VectorMath.log(sum / Double(logarithms.count))
    }
}

/// q of one image: a normal distribution with a deviation of its own in each dimension.
private struct Proposal {
    let means: [Double]
    let deviations: [Double]

    init(_ reading: Inference.Reading, row: Int, deviation: Double?, hasPosterior: Bool) {
        let size = reading.codes.columns
        if hasPosterior, let head = reading.posterior {
            let values = head.row(row).array.map { Double($0) }
            means = Array(values[..<size])
            deviations = values[size...].map { VectorMath.exp(0.5 * $0) }
        } else {
            guard let deviation else { preconditionFailure("a model without a posterior needs a deviation") }
            means = reading.codes.row(row).array.map { Double($0) }
            deviations = Array(repeating: deviation, count: size)
        }
    }

    /// Turns standard normal numbers (k, Z) into codes, in place, and returns −log q of each.
    func move(_ codes: Matrix) -> [Double] {
        let constant = deviations.reduce(0.5 * VectorMath.log(2 * Double.pi) * Double(means.count)) { $0 + VectorMath.log($1) }
        return (0..<codes.rows).map { row in
            var square = 0.0
            for column in means.indices {
                let normal = Double(codes[row, column])
                square += normal * normal
                codes[row, column] = Float(means[column] + deviations[column] * normal)
            }
            return constant + 0.5 * square
        }
    }
}
