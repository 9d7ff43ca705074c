import Autoencoder
import Evaluation

/// Whether a class's codes lie in its own part of the prior (section 2.3 of the paper, figures 3 and 4).
struct NearestComponentProtocol: EvaluationProtocol {
    let name = "nearest_component"
    let keys = ["nearest_component.error", "nearest_component.floor"]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        guard case .nearestComponent = subject.training.variantFigure else {
            return .model("gives no class a part of the prior")
        }
        return subject.lackOfLabels
    }

    func work(on subject: EvaluationSubject) -> Double { 1e8 }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        var result = EvaluationResult(name)
        guard let nearest = try subject.heldOut(pace).figures.nearestComponent else { return result }
        result.members = [
            .init("nearest_component", ["error": .real(nearest.error), "floor": .real(nearest.floor)])
        ]
        result.rows = [
            EvaluationRow(
                "nearest component", "\(NumberText.percent(nearest.error)) of the codes in another class's part",
                beside: "the prior's own samples: \(NumberText.percent(nearest.floor))")
        ]
        return result
    }
}
