import Autoencoder
import Datasets
import Evaluation
import Foundation
import Kernels

/// The held-out figures of a run: everything is computed on its validation images, nothing is chosen on test images.
public struct HeldOut: Sendable {
    public let configuration: Configuration
    public let data: DataSet
    private let evaluator: Evaluator

    public init(configuration: Configuration, data: DataSet) {
        self.configuration = configuration
        self.data = data
        let training = configuration.training(on: data)
        evaluator = Evaluator(
            prior: configuration.prior, codeSize: configuration.model.code, seed: configuration.seed,
            figure: training.variantFigure)
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
        let labels: @Sendable (Range<Int>) -> [UInt8] = { images.labels($0) }
        return try evaluator.evaluate(
            inference, count: images.count, team: team, labels: images.hasLabels ? labels : nil
        ) {
            try pace()
            return images.images($0)
        }
    }

    /// The figures alone.
    public func figures(_ inference: Inference) throws -> EpochFigures { try evaluate(inference).figures }

    /// Samples of the prior, as many as one likes to draw behind the codes.
    public func priorSamples(_ count: Int) -> Matrix { evaluator.priorSamples(count) }
}
