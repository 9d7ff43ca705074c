import Autoencoder
import Evaluation

/// Of a model that encodes nothing: whether its images differ at all (the comparator of table 1 of the paper).
struct SamplesProtocol: EvaluationProtocol {
    let name = "samples"
    let keys = [
        "samples.mean", "samples.std", "samples.spread", "samples.explained", "samples.explained_images", "samples.explained_noise",
    ]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        subject.inference.canEncode ? .model("encodes images, whose codes tell more") : nil
    }

    func work(on subject: EvaluationSubject) -> Double { Double(Evaluator.sampledImages) * subject.decodeWork }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let figures = try subject.heldOut(pace).figures
        var result = EvaluationResult(name)
        guard let samples = figures.samples else { return result }
        var values: [JSON.Member] = [
            .init("mean", .real(samples.mean)), .init("std", .real(samples.std)), .init("spread", .real(samples.spread)),
        ]
        result.rows = [
            EvaluationRow(
                "samples", "pixels of mean \(NumberText.rounded(samples.mean)), std \(NumberText.rounded(samples.std))",
                beside: "from sample to sample \(NumberText.rounded(samples.spread)); one image of all: 0")
        ]
        if let match = figures.sampleMatch {
            values += [
                .init("explained", .real(match.explained)), .init("explained_images", .real(match.byImages)),
                .init("explained_noise", .real(match.byNoise)),
            ]
            let (images, noise) = (NumberText.percent(match.byImages), NumberText.percent(match.byNoise))
            result.rows.append(
                EvaluationRow(
                    "explained", "\(NumberText.percent(match.explained)) of held-out images by samples",
                    beside: "by other images \(images), by noise \(noise)"))
        }
        result.members = [.init("samples", .object(values))]
        result.warnings = [
            "this model encodes no image: there are no figures of codes, and its likelihood is that of its samples"
        ]
        let troubles = Untrained.found(in: figures)
        if !troubles.isEmpty { result.warnings.append(troubles.sentence(figures)) }
        return result
    }
}
