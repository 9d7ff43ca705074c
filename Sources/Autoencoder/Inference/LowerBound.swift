import Kernels
import Layers

/// The three terms of the paper's equation 2, summed over images, in nats: a VAE minimises reconstruction − entropy + crossEntropy.
public struct LowerBoundSums: Sendable, Equatable {
    public private(set) var images = 0
    /// The reconstruction's cost with one sample of the posterior for each image.
    public private(set) var reconstruction = 0.0
    /// H(q(z|x)).
    public private(set) var entropy = 0.0
    /// −E log p(z): in closed form where the prior is Gaussian, by the same sample where it is not.
    public private(set) var crossEntropy = 0.0

    public init() {}

    init(images: Int, reconstruction: Double, entropy: Double, crossEntropy: Double) {
        self.images = images
        self.reconstruction = reconstruction
        self.entropy = entropy
        self.crossEntropy = crossEntropy
    }

    public mutating func add(_ other: LowerBoundSums) {
        images += other.images
        reconstruction += other.reconstruction
        entropy += other.entropy
        crossEntropy += other.crossEntropy
    }
}

extension Inference {
    /// The sums for images and their reading; the model must have a Gaussian posterior, and its prior a density.
    ///
    /// - Parameter logits: (N, P), what the reading's codes are decoded to (`reconstructedLogits`).
    public func lowerBound(_ images: [UInt8], _ reading: Reading, logits: Matrix) -> LowerBoundSums {
        guard let head = reading.posterior, let density = settings.prior.density else {
            preconditionFailure("a lower bound without a posterior or a density")
        }
        let gradient = Matrix(rows: logits.rows, columns: logits.columns)
        gradient.values.copy(from: logits.values)
        let target = Matrix(rows: logits.rows, columns: logits.columns)
        settings.values(of: images[...], into: target.values)
        let cost = settings.reconstructionLoss.gradient(logits: gradient, target: target).loss
        let scratch = Matrix(rows: head.rows, columns: head.columns)
        if case .gaussian(let std) = density {
            let sums = Divergence.gaussian(head, std: std, gradient: scratch)
            return LowerBoundSums(
                images: head.rows, reconstruction: cost, entropy: sums.entropy, crossEntropy: sums.crossEntropy)
        }
        return LowerBoundSums(
            images: head.rows, reconstruction: cost, entropy: Divergence.entropy(head, gradient: scratch),
            crossEntropy: density.logDensities(reading.codes).reduce(0) { $0 - $1 })
    }

    /// The reconstruction's cost of one image (P) by each of several codes (N, Z), in nats: −log p(x|z).
    ///
    /// - Parameter labels: as in `decode`.
    public func costs(of image: Slice<Float>, _ codes: Matrix, labels: Matrix? = nil) -> [Double] {
        let logits = decodedLogits(codes, labels: labels)
        let target = Matrix(image, rows: 1, columns: image.count)
        return (0..<logits.rows).map { row in
            settings.reconstructionLoss.gradient(logits: logits.rows(row..<row + 1), target: target).loss
        }
    }
}
