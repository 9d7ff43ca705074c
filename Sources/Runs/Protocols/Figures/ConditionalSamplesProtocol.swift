import Autoencoder
import Datasets
import Evaluation
import Kernels

/// Whether samples of a class belong to it, by a classifier that was taught with all labels (sections 2.3, 4 and 5 of the paper).
struct ConditionalSamplesProtocol: EvaluationProtocol {
    let name = "conditional_samples"
    let keys = ["conditional_samples.accuracy", "conditional_samples.images", "conditional_samples.samples"]

    /// Samples of each class.
    private static let samples = 200
    /// Images of the split at most.
    private static let images = 10_000

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        guard classes(subject) != nil else { return .model("draws no samples of a class") }
        return subject.lackOfTaughtCodes
    }

    private func classes(_ subject: EvaluationSubject) -> Int? {
        guard let labels = subject.inference.decodedLabels else { return subject.training.priorClasses }
        return subject.training.labelsAreClasses ? labels : nil
    }

    func work(on subject: EvaluationSubject) -> Double {
        // Steps of a classifier of two layers of 256, there and back, and Adam, on one thread of the team.
        let parameters = Double((subject.pixels + 256 + subject.data.classes) * 256)
        let steps = Double(max(500, min(5_000, subject.data.train.count / 10)))
        return steps * parameters * 400 * Double(subject.team.threads)
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        var result = EvaluationResult(name)
        guard let count = classes(subject) else { return result }
        let classifier = try ImageClassifier(
            subject.blocks(.train), pixels: subject.pixels, classes: max(subject.data.classes, 1), seed: subject.seed
        ) { try pace(0.9 * $0) }
        let draws = SampleDraws(
            subject.configuration, labels: subject.inference.decodedLabels, classes: subject.training.priorClasses,
            seed: subject.seed)
        let right = try subject.team.map(count) { label in
            try pace(0.9)
            let drawn = draws.samples(0..<Self.samples, columns: Self.samples, label: label)
            let images = subject.inference.decode(drawn.codes, labels: drawn.labels)
            return classifier.classes(of: images).count { $0 == label }
        }
        let accuracy = Double(right.reduce(0, +)) / Double(count * Self.samples)
        let own = try accuracyOnImages(subject, classifier, pace)
        result.members = [
            .init(
                "conditional_samples",
                ["accuracy": .real(accuracy), "images": .real(own), "samples": JSON(count * Self.samples)])
        ]
        result.rows = [
            EvaluationRow(
                "samples of a class", "\(NumberText.percent(accuracy)) are told as it by a classifier of all labels",
                beside: "images: \(NumberText.percent(own)); by chance: \(NumberText.percent(1 / Double(count)))")
        ]
        return result
    }

    private func accuracyOnImages(
        _ subject: EvaluationSubject, _ classifier: ImageClassifier, _ pace: @escaping WorkPace
    ) throws -> Double {
        let blocks = subject.blocks(subject.options.split).first(Self.images)
        let size = 500
        let right = try subject.team.map((blocks.count + size - 1) / size) { block in
            try pace(0.95)
            let rows = block * size..<min(blocks.count, (block + 1) * size)
            let labels = blocks.labels?(rows) ?? []
            let found = classifier.classes(of: try blocks.matrix(rows, pixels: subject.pixels))
            return zip(found, labels).count { $0 == Int($1) }
        }
        return Double(right.reduce(0, +)) / Double(blocks.count)
    }
}
