import Autoencoder
import Datasets
import Evaluation

// The bounds on the log-likelihood that a VAE has (section 2.1 of the paper).

/// The evidence lower bound, with the terms of the paper's equation 2.
struct LowerBoundProtocol: EvaluationProtocol {
    let name = "elbo"
    let keys = ["elbo", "elbo_terms.reconstruction", "elbo_terms.entropy", "elbo_terms.cross_entropy", "elbo_terms.cost"]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? { subject.lackOfBound }

    func work(on subject: EvaluationSubject) -> Double { 1e8 }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        var result = EvaluationResult(name)
        guard let bound = try subject.heldOut(pace).figures.lowerBound else { return result }
        result.members = [
            .init("elbo", .real(bound.total)),
            .init(
                "elbo_terms",
                [
                    "reconstruction": .real(bound.reconstruction), "entropy": .real(bound.entropy),
                    "cross_entropy": .real(bound.crossEntropy), "cost": .string(bound.cost.rawValue),
                ]),
        ]
        result.rows = [
            EvaluationRow(
                "elbo", "\(NumberText.rounded(bound.total)) nats",
                beside:
                    "entropy \(NumberText.rounded(bound.entropy)) - cross-entropy \(NumberText.rounded(bound.crossEntropy)) - reconstruction \(NumberText.rounded(bound.reconstruction)) (\(bound.cost.rawValue))"
            )
        ]
        return result
    }
}

/// The bound of importance weighted autoencoders (Burda et al. 2016), nearer to the likelihood than the evidence lower bound.
struct ImportanceWeightedProtocol: EvaluationProtocol {
    let name = "iwae"
    let keys = ["iwae", "iwae_error", "iwae_samples", "iwae_images"]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? { subject.lackOfBound }

    func work(on subject: EvaluationSubject) -> Double {
        Double(min(subject.images.count, ImportanceProtocol.mostImages)) * Double(ImportanceProtocol.samples) * subject.decodeWork
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        var result = EvaluationResult(name)
        guard let sampling = ImportanceSampling(subject.inference, .cost, seed: subject.seed) else { return result }
        let images = subject.blocks(subject.options.split).first(ImportanceProtocol.mostImages)
        let found = try sampling.figure(
            of: images, validation: subject.blocks(.validation), samples: ImportanceProtocol.samples, team: subject.team, pace: pace
        )
        result.members = [
            .init("iwae", .real(found.nats)), .init("iwae_error", .real(found.error)),
            .init("iwae_samples", JSON(found.samples)), .init("iwae_images", JSON(images.count)),
        ]
        result.rows = [
            EvaluationRow(
                "iwae-\(found.samples)", "\(NumberText.rounded(found.nats)) ± \(NumberText.rounded(found.error)) nats",
                beside: "the elbo or more, on the first \(images.count) images")
        ]
        return result
    }
}

extension EvaluationSubject {
    fileprivate var lackOfBound: EvaluationLack? {
        training.variantFigure == .lowerBound ? lackOfImages : .model("has no lower bound on its likelihood, as a vae has")
    }
}
