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
    ///
    /// - Parameters:
    ///   - team: threads that share the work.
    ///   - pace: called before each piece of it; may throw to give the rest up.
    public func evaluate(
        _ inference: Inference, team: ThreadTeam = ThreadTeam(threads: 1), pace: @Sendable () throws -> Void = {}
    ) throws -> EpochEvaluation {
        let images = data.validation
        return try evaluator.evaluate(inference, count: images.count, team: team) {
            try pace()
            return images.images($0)
        }
    }

    /// The figures alone.
    public func figures(_ inference: Inference) throws -> EpochFigures { try evaluate(inference).figures }

    /// Samples of the prior, as many as one likes to draw behind the codes.
    public func priorSamples(_ count: Int) -> Matrix { evaluator.priorSamples(count) }
}

extension EpochFigures {
    /// As a line of metrics.jsonl.
    public func metrics(epoch: Int) -> EpochMetrics {
        EpochMetrics(
            epoch: epoch, reconstruction: reconstruction.halfSquared, codeMean: code.mean, codeStd: code.std,
            holes: holes.share, holesZero: holesZero, energyDistance: energyDistance, energyZero: energyZero)
    }

    /// One object, for scripts.
    public func json(run: String, step: UInt64) -> JSON {
        .object([
            .init("run", .string(run)), .init("step", .unsigned(step)), .init("reconstruction", .real(reconstruction.halfSquared)),
            .init("pixel_error", .real(reconstruction.squared)),
            .init("code", .object([.init("mean", .real(code.mean)), .init("std", .real(code.std))])),
            .init("holes", .real(holes.share)), .init("holes_zero", .real(holesZero)),
            .init("energy_distance", .real(energyDistance)),
            .init("energy_zero", .real(energyZero)),
        ])
    }

    /// A few lines for a person.
    public func text(run: String, step: UInt64) -> String {
        let troubles = Untrained.found(in: self)
        let warning = troubles.isEmpty ? "" : "\n  " + troubles.sentence(self)
        return """
            \(run), step \(step), on held-out images
              reconstruction   \(Progress.rounded(reconstruction.halfSquared)) half squared error an image (the mean of all images: \(Progress.rounded(reconstruction.halfSquaredOfMean)))
              code             mean \(Progress.rounded(code.mean)), std \(Progress.rounded(code.std))
              holes            \(Progress.rounded(100 * holes.share)) % of the prior's cells (of as many samples of the prior: \(Progress.rounded(100 * holesZero)))
              energy distance  \(Progress.rounded(energyDistance)) from the prior (prior to prior: \(Progress.rounded(energyZero)))\(warning)
            """
    }
}
