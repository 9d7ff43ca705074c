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

extension EpochFigures {
    /// One object, for scripts.
    public func json(run: String, step: UInt64) -> JSON {
        var members = [JSON.Member("run", .string(run)), .init("step", .unsigned(step))] + metrics(epoch: 0).validation
        if let reconstruction {
            let place = members.firstIndex { $0.key == "code" } ?? members.count
            members.insert(.init("pixel_error", .real(reconstruction.squared)), at: place)
        }
        return .object(members)
    }

    /// A few lines for a person.
    public func text(run: String, step: UInt64) -> String {
        let troubles = Untrained.found(in: self)
        var lines = ["\(run), step \(step), on held-out images"] + ownLines
        func add(_ name: String, _ text: String) { lines.append(Self.line(name, text)) }
        if let reconstruction {
            add(
                "reconstruction",
                "\(Progress.rounded(reconstruction.halfSquared)) half squared error an image (the mean of all images: \(Progress.rounded(reconstruction.halfSquaredOfMean)))"
            )
        }
        if let match {
            add("code", "mean \(Progress.rounded(match.code.mean)), std \(Progress.rounded(match.code.std))")
            if match.holes.cells > 1 {
                add(
                    "holes",
                    "\(Progress.rounded(100 * match.holes.share)) % of the prior's cells (of as many samples of the prior: \(Progress.rounded(100 * match.holesZero)))"
                )
            }
            add(
                "energy distance",
                "\(Progress.rounded(match.energyDistance)) from the prior (prior to prior: \(Progress.rounded(match.energyZero)))")
        }
        if let samples {
            add(
                "samples",
                "pixels of mean \(Progress.rounded(samples.mean)), std \(Progress.rounded(samples.std)); from sample to sample \(Progress.rounded(samples.spread))"
            )
        }
        if !troubles.isEmpty { lines.append("  " + troubles.sentence(self)) }
        return lines.joined(separator: "\n")
    }

    private static func line(_ name: String, _ text: String) -> String {
        "  " + name.padding(toLength: 17, withPad: " ", startingAt: 0) + text
    }

    /// The variant's own.
    private var ownLines: [String] {
        let metrics = metrics(epoch: 0)
        var lines: [String] = []
        if let error = metrics.classificationError {
            lines.append(Self.line("classification", "\(EpochMetrics.percent(error)) of the images are given another class"))
        }
        if let clustering = metrics.clustering, let labels {
            let used =
                "\(clustering.empty) of \(labels.entries) clusters are empty, entropy \(Progress.rounded(clustering.entropy)) nats"
            let error = clustering.majority.map { "\(EpochMetrics.percent($0)) error by majority vote; " } ?? ""
            lines.append(Self.line("clustering", error + used))
        }
        if let nearest = nearestComponent {
            lines.append(
                Self.line(
                    "nearest part",
                    "\(EpochMetrics.percent(nearest.error)) of the codes are in another class's part of the prior (of its own samples: \(EpochMetrics.percent(nearest.floor)))"
                ))
        }
        if let bound = lowerBound {
            lines += [
                Self.line("elbo", "\(Progress.rounded(bound.total)) nats: entropy - cross-entropy - reconstruction"),
                Self.line("  reconstruction", "\(Progress.rounded(bound.reconstruction)) (\(bound.cost.rawValue))"),
                Self.line("  entropy", "\(Progress.rounded(bound.entropy)) of the posterior"),
                Self.line("  cross-entropy", "\(Progress.rounded(bound.crossEntropy)) of the posterior with the prior"),
            ]
        }
        return lines
    }
}
