import Autoencoder
import Evaluation
import Kernels

/// Codes beside the prior that they are to follow (section 2 of the paper, figure 2): their spread, holes, energy distance, and a
/// classifier of its own that tells codes from samples.
struct CodesProtocol: EvaluationProtocol {
    let name = "codes"
    let keys = [
        "codes.mean", "codes.std", "codes.prior_std", "codes.holes", "codes.holes_zero", "codes.energy_distance",
        "codes.energy_zero", "codes.discriminability",
    ]

    /// Fewest codes that a classifier can be taught and tested with.
    private static let fewest = 4

    func lack(of subject: EvaluationSubject) -> EvaluationLack? { subject.lackOfCodes ?? subject.lackOfImages }

    func work(on subject: EvaluationSubject) -> Double {
        // Steps of the classifier on small matrices, which take longer than their multiplications do.
        1.5e11 + subject.distanceWork(2_000, 6_000, dimensions: subject.configuration.model.code)
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let evaluation = try subject.heldOut { try pace(0.1 * $0) }
        var result = EvaluationResult(name)
        guard let match = evaluation.figures.match, let codes = evaluation.codes else { return result }
        var members: [JSON.Member] = [
            .init("mean", .real(match.code.mean)), .init("std", .real(match.code.std)),
            .init("prior_std", .real(match.prior.std)),
        ]
        // A prior that is one cell has no holes to speak of.
        let hasCells = match.holes.cells > 1
        if hasCells { members += [.init("holes", .real(match.holes.share)), .init("holes_zero", .real(match.holesZero))] }
        members += [.init("energy_distance", .real(match.energyDistance)), .init("energy_zero", .real(match.energyZero))]
        result.rows = [
            EvaluationRow(
                "codes", "mean \(NumberText.rounded(match.code.mean)), std \(NumberText.rounded(match.code.std))",
                beside: "the prior: \(NumberText.rounded(match.prior.mean)), \(NumberText.rounded(match.prior.std))")
        ]
        if hasCells {
            result.rows.append(
                EvaluationRow(
                    "  holes", "\(NumberText.percent(match.holes.share)) of the prior's \(match.holes.cells) cells",
                    beside: "as many samples of the prior: \(NumberText.percent(match.holesZero))"))
        }
        result.rows.append(
            EvaluationRow(
                "  energy distance", NumberText.rounded(match.energyDistance),
                beside: "prior to prior: \(NumberText.rounded(match.energyZero))"))
        if codes.rows >= Self.fewest {
            let found = try Discriminability(codes, prior: subject.configuration.prior, seed: subject.seed) {
                try pace(0.1 + 0.9 * $0)
            }
            members.append(.init("discriminability", .real(found.accuracy)))
            result.rows.append(
                EvaluationRow(
                    "  told from the prior", "\(NumberText.percent(found.accuracy)) by a classifier of its own",
                    beside: "a perfect match: 50.00 %"))
        }
        result.members = [.init("codes", .object(members))]
        return result
    }
}
