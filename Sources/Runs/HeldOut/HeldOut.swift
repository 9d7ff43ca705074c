import Autoencoder
import Datasets
import Evaluation
import Kernels

/// The held-out figures of a run: everything is computed on its validation images, nothing is chosen on test images.
public struct HeldOut: Sendable {
    public let configuration: Configuration
    public let data: DataSet
    private let evaluator: Evaluator

    public init(configuration: Configuration, data: DataSet) {
        self.configuration = configuration
        self.data = data
        evaluator = Evaluator(prior: configuration.prior, codeSize: configuration.model.code, seed: configuration.seed)
    }

    /// Encodes and decodes every validation image.
    public func evaluate(_ inference: Inference) -> EpochEvaluation {
        let images = data.validation
        return evaluator.evaluate(inference, count: images.count) { images.images($0) }
    }

    /// The figures alone.
    public func figures(_ inference: Inference) -> EpochFigures { evaluate(inference).figures }

    /// Samples of the prior, as many as one likes to draw behind the codes.
    public func priorSamples(_ count: Int) -> Matrix { evaluator.priorSamples(count) }
}

extension EpochFigures {
    /// As a line of metrics.jsonl.
    public func metrics(epoch: Int) -> EpochMetrics {
        EpochMetrics(
            epoch: epoch, reconstruction: reconstruction.halfSquared, codeMean: code.mean, codeStd: code.std,
            holes: holes.share, energyDistance: energyDistance, energyZero: energyZero)
    }

    /// One object, for scripts.
    public func json(run: String, step: UInt64) -> JSON {
        .object([
            .init("run", .string(run)), .init("step", .unsigned(step)), .init("reconstruction", .real(reconstruction.halfSquared)),
            .init("pixel_error", .real(reconstruction.squaredPerPixel)),
            .init("code", .object([.init("mean", .real(code.mean)), .init("std", .real(code.std))])),
            .init("holes", .real(holes.share)), .init("energy_distance", .real(energyDistance)),
            .init("energy_zero", .real(energyZero)),
        ])
    }

    /// A few lines for a person.
    public func text(run: String, step: UInt64) -> String {
        """
        \(run), step \(step), on held-out images
          reconstruction   \(Self.number(reconstruction.halfSquared)) half squared error an image, \(Self.number(reconstruction.squaredPerPixel)) squared error a pixel
          code             mean \(Self.number(code.mean)), std \(Self.number(code.std))
          holes            \(Self.number(100 * holes.share)) % of the prior's cells (the prior itself: 0)
          energy distance  \(Self.number(energyDistance)) from the prior (prior to prior: \(Self.number(energyZero)))
        """
    }

    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        let magnitude = abs(value) < 1e-12 ? 0 : max(0, 3 - Int(log10Floor(abs(value))))
        return fixed(value, decimals: min(magnitude, 8))
    }

    private static func log10Floor(_ value: Double) -> Double {
        var exponent = 0.0
        var rest = value
        while rest >= 10 {
            rest /= 10
            exponent += 1
        }
        while rest < 1 {
            rest *= 10
            exponent -= 1
        }
        return exponent
    }

    private static func fixed(_ value: Double, decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return decimals == 0 ? "\(Int(rounded))" : "\(rounded)"
    }
}
