import Autoencoder
import Datasets
import Evaluation
import Kernels

// What the label head says of images: classes that labels taught it (section 5 of the paper), clusters that nobody did (section
// 6), and either of a dimensionality reduction (section 7).

/// The error of argmax q(y|x).
struct ClassificationProtocol: EvaluationProtocol {
    let name = "classification"
    let keys = ["classification.error"]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        guard case .classification = subject.training.variantFigure else { return .model("is taught no classes") }
        return subject.lackOfLabels
    }

    func work(on subject: EvaluationSubject) -> Double { Double(subject.images.count) * subject.encodeWork }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        var result = EvaluationResult(name)
        guard let logits = try subject.encoded(subject.options.split, pace).labelledLogits else { return result }
        let error = logits.classificationError
        result.members = [.init("classification", ["error": .real(error)])]
        result.rows = [
            EvaluationRow("classification error", NumberText.percent(error), beside: subject.besideOneClass)
        ]
        return result
    }
}

/// The error of clusters by three ways to give them classes, and what they have in common with classes at all.
struct ClusteringProtocol: EvaluationProtocol {
    let name = "clustering"
    let keys = ["paper", "majority", "assignment", "nmi", "ari", "empty", "entropy"].map { "clustering.\($0)" }

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        guard case .clustering = subject.training.variantFigure else { return .model("makes no clusters") }
        return subject.lackOfImages
    }

    func work(on subject: EvaluationSubject) -> Double { subject.workWithValidation }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        var result = EvaluationResult(name)
        let (images, validation) = try subject.encodedWithValidation(pace)
        guard let logits = images.labelledLogits, let chosen = validation.labelledLogits, chosen.labels.count > 0 else {
            guard let logits = images.logits else { return result }
            var counts = LabelCounts(entries: logits.columns)
            counts.add(logits: logits, labels: [])
            result.members = [
                .init("clustering", ["empty": JSON(counts.empty), "entropy": .real(counts.entropy)])
            ]
            result.rows = [Self.use(empty: counts.empty, entropy: counts.entropy, of: logits.columns)]
            result.warnings = ["there is no error of the clusters: the images have no labels"]
            return result
        }
        let found = Clustering(logits, validation: chosen)
        result.members = [
            .init(
                "clustering",
                [
                    "paper": .real(found.paper), "majority": .real(found.majority), "assignment": .real(found.assignment),
                    "nmi": .real(found.nmi), "ari": .real(found.ari), "empty": JSON(found.empty),
                    "entropy": .real(found.entropy),
                ])
        ]
        result.rows = [
            EvaluationRow(
                "clustering error", "\(NumberText.percent(found.paper)) by the paper's way", beside: subject.besideOneClass),
            EvaluationRow("  by majority", NumberText.percent(found.majority), beside: "flatters where clusters are many"),
            EvaluationRow(
                "  one to one", NumberText.percent(found.assignment), beside: "clusters beyond the classes are all errors"),
            EvaluationRow(
                "  nmi, ari", "\(NumberText.rounded(found.nmi)), \(NumberText.rounded(found.ari))",
                beside: "by chance: 0; the classes: 1"),
            Self.use(empty: found.empty, entropy: found.entropy, of: logits.logits.columns),
        ]
        return result
    }

    private static func use(empty: Int, entropy: Double, of clusters: Int) -> EvaluationRow {
        EvaluationRow(
            "  use", "\(empty) of \(clusters) clusters empty, entropy \(NumberText.rounded(entropy)) nats",
            beside: "all used alike: \(NumberText.rounded(VectorMath.log(Double(clusters))))")
    }
}

/// The error of a dimensionality reduction.
struct ReductionProtocol: EvaluationProtocol {
    let name = "reduction"
    let keys = ["reduction.error"]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        guard subject.inference.canRepresent else { return .model("is no dimensionality reduction") }
        guard subject.data.validation.hasLabels, subject.data.validation.count > 0 else {
            return .images("the validation images have no labels")
        }
        return subject.lackOfLabels
    }

    func work(on subject: EvaluationSubject) -> Double { subject.workWithValidation }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        var result = EvaluationResult(name)
        let (images, validation) = try subject.encodedWithValidation(pace)
        guard let logits = images.labelledLogits, let chosen = validation.labelledLogits, chosen.labels.count > 0 else {
            return result
        }
        let isTaught = subject.training.labelsAreClasses
        let error = logits.reductionError(isTaught: isTaught, validation: chosen)
        result.members = [.init("reduction", ["error": .real(error)])]
        result.rows = [
            EvaluationRow(
                "reduction error",
                "\(NumberText.percent(error)) \(isTaught ? "of the label head" : "of clusters, by the paper's way")",
                beside: subject.besideOneClass)
        ]
        return result
    }
}

extension EvaluationSubject {
    var besideOneClass: String { errorOfOneClass.map { "one class for all: \(NumberText.percent($0))" } ?? "" }
}
