import Datasets
import Evaluation

/// The error of reconstructions, the paper's cost (section 2), beside that of one image for all: their mean.
struct ReconstructionProtocol: EvaluationProtocol {
    let name = "reconstruction"
    let keys = ["reconstruction", "reconstruction_of_mean", "pixel_error"]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? { subject.lackOfCodes ?? subject.lackOfImages }

    func work(on subject: EvaluationSubject) -> Double {
        Double(subject.images.count) * (subject.encodeWork + subject.decodeWork)
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let figures = try subject.heldOut(pace).figures
        var result = EvaluationResult(name)
        guard let error = figures.reconstruction else { return result }
        result.members = [
            .init("reconstruction", .real(error.halfSquared)), .init("reconstruction_of_mean", .real(error.halfSquaredOfMean)),
            .init("pixel_error", .real(error.squared)),
        ]
        result.rows = [
            EvaluationRow(
                "reconstruction", "\(NumberText.rounded(error.halfSquared)) half squared error an image",
                beside: "the mean of all images: \(NumberText.rounded(error.halfSquaredOfMean))")
        ]
        let troubles = Untrained.found(in: figures)
        if !troubles.isEmpty { result.warnings.append(troubles.sentence(figures)) }
        return result
    }
}
