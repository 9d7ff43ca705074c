import Autoencoder
import Datasets
import Evaluation
import Kernels

// The claims of the paper's figures as numbers.

/// Whether a place within a petal, or a code beside a class, means the same style in all petals or classes (figures 4 and 7 of the paper).
struct StyleProtocol: EvaluationProtocol {
    let name = "style"
    let keys = ["style.correlation"]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        StyleCorrelation.groups(of: subject.inference) == nil
            ? .model("has neither classes nor clusters beside the code, nor petals in its prior") : nil
    }

    func work(on subject: EvaluationSubject) -> Double {
        let places = StyleCorrelation.side * StyleCorrelation.side
        return Double(places * (StyleCorrelation.groups(of: subject.inference) ?? 0)) * subject.decodeWork
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        var result = EvaluationResult(name)
        let images = subject.data.train
        let channels = images.channels
        let style = try StyleCorrelation.of(
            subject.inference, width: images.width, height: images.height, seed: subject.seed, team: subject.team,
            mapped: { Self.separate($0, channels: channels) }, pace: pace)
        guard let correlation = style?.correlation else {
            result.warnings = ["there is no style to compare: no two classes, clusters or petals have images that slant"]
            return result
        }
        result.members = [.init("style", ["correlation": .real(correlation)])]
        // A decoder that does not look at the label draws one image for all classes, whose slants are equal.
        let told = ConditionalSamplesProtocol().lack(of: subject) == nil ? "; read it beside conditional_samples" : ""
        result.rows = [
            EvaluationRow(
                "style", "slants correlate by \(NumberText.rounded(correlation))",
                beside: "unrelated: 0; one style in all, or a label that changes nothing: 1\(told)")
        ]
        return result
    }

    /// Puts the channels one after another, where an image has them pixel by pixel.
    private static func separate(_ images: Matrix, channels: Int) {
        guard channels > 1 else { return }
        let pixels = images.columns / channels
        for row in 0..<images.rows {
            let values = images.row(row).array
            let image = images.row(row)
            for index in values.indices { image[index % channels * pixels + index / channels] = values[index] }
        }
    }
}

/// Whether what lies between two codes is an image too (section 2 of the paper).
struct ManifoldProtocol: EvaluationProtocol {
    let name = "manifold"
    let keys = [
        "manifold", "manifold_beside.reconstructions", "manifold_beside.pixel_averages", "manifold_beside.pairs",
    ]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        if let lack = subject.lackOfCodes ?? subject.lackOfToldLabels { return lack }
        return subject.images.count >= 2 && subject.data.train.count > 0 ? nil : .images("fewer than two images make no pair")
    }

    func work(on subject: EvaluationSubject) -> Double {
        let count = min(subject.images.count, Manifold.images)
        return Double(count) * (subject.encodeWork + 1.5 * subject.decodeWork)
            + subject.distanceWork(2 * count, min(subject.trainingRows, Manifold.trainingImages))
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let training = try subject.trainingPixels()
        let found = try Manifold(
            subject.inference, images: subject.blocks(subject.options.split),
            training: training.rows(0..<min(training.rows, Manifold.trainingImages)), team: subject.team, pace: pace)
        var result = EvaluationResult(name)
        result.members = [
            .init("manifold", .real(found.middles)),
            .init(
                "manifold_beside",
                [
                    "reconstructions": .real(found.reconstructions), "pixel_averages": .real(found.pixelAverages),
                    "pairs": JSON(found.pairs),
                ]),
        ]
        result.rows = [
            EvaluationRow(
                "manifold", "middles of codes are \(NumberText.rounded(found.middles)) from the nearest training image",
                beside:
                    "reconstructions: \(NumberText.rounded(found.reconstructions)); averages of pixels: \(NumberText.rounded(found.pixelAverages))"
            )
        ]
        return result
    }
}

/// Whether samples are copies of training images.
struct MemorisationProtocol: EvaluationProtocol {
    let name = "memorised"
    let keys = ["memorised", "memorised_distances.samples", "memorised_distances.images", "memorised_distances.training"]

    /// Samples, and images of the split at most.
    private static let images = 2_000

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        subject.data.train.count > 0 ? subject.lackOfImages : .images("there are no training images")
    }

    func work(on subject: EvaluationSubject) -> Double {
        Double(Self.images) * subject.decodeWork + subject.distanceWork(2 * Self.images, subject.trainingRows)
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let training = try subject.trainingPixels()
        let size = ParzenWindow.blockSamples
        let blocks = try subject.team.map(Self.images / size) { block in
            try pace(0)
            return try subject.samples.block(block * size..<(block + 1) * size).images
        }
        let samples = Matrix(rows: Self.images, columns: subject.pixels)
        for (block, images) in blocks.enumerated() {
            samples.rows(block * size..<(block + 1) * size).values.copy(from: images.values)
        }
        let count = min(subject.images.count, Self.images)
        let test = try subject.blocks(subject.options.split).matrix(0..<count, pixels: subject.pixels)
        let found = try Memorisation(samples: samples, test: test, training: training, team: subject.team, pace: pace)
        var result = EvaluationResult(name)
        result.members = [
            .init("memorised", .real(found.share)),
            .init(
                "memorised_distances",
                [
                    "samples": .real(found.samples), "images": .real(found.testImages), "training": JSON(training.rows),
                ]),
        ]
        result.rows = [
            EvaluationRow(
                "memorised", "\(NumberText.percent(found.share)) of samples nearer to training images than other images are",
                beside: "as near as images of the data: 50.00 %; blurred ones are nearer too")
        ]
        return result
    }
}
