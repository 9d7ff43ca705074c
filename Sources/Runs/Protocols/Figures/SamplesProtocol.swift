import Evaluation

/// Of a model that encodes nothing: whether its images differ at all (the comparator of table 1 of the paper).
struct SamplesProtocol: EvaluationProtocol {
    let name = "samples"
    let keys = ["samples.mean", "samples.std", "samples.spread"]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        subject.inference.canEncode ? .model("encodes images, whose codes tell more") : nil
    }

    func work(on subject: EvaluationSubject) -> Double { Double(Evaluator.sampledImages) * subject.decodeWork }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let figures = try subject.heldOut(pace).figures
        var result = EvaluationResult(name)
        guard let samples = figures.samples else { return result }
        result.members = [
            .init(
                "samples", ["mean": .real(samples.mean), "std": .real(samples.std), "spread": .real(samples.spread)])
        ]
        result.rows = [
            EvaluationRow(
                "samples", "pixels of mean \(rounded(samples.mean)), std \(rounded(samples.std))",
                beside: "from sample to sample \(rounded(samples.spread)); one image of all: 0")
        ]
        result.warnings = [
            "this model encodes no image: there are no figures of codes, and its likelihood is that of its samples"
        ]
        let troubles = Untrained.found(in: figures)
        if !troubles.isEmpty { result.warnings.append(troubles.sentence(figures)) }
        return result
    }
}
