import Autoencoder
import Datasets
import Evaluation
import Kernels

// What a Parzen window tends to with infinitely many samples, to compare with its figure of the same images and width.

/// By importance sampling: in expectation a lower bound, and far below where codes do not fit the prior.
struct ImportanceProtocol: EvaluationProtocol {
    let name = "importance"
    let keys = ["nats", "error", "samples", "images", "sigma", "deviation"].map { "importance.\($0)" }

    /// Samples of each image, and images at most.
    static let samples = 1_000
    static let mostImages = 1_000

    /// Samples to choose the proposal's deviation: 100 for each of 100 images and of 5 deviations.
    private static let trial = 5 * 100 * 100

    static func images(_ subject: EvaluationSubject) -> Int { min(ParzenImages.counts(subject).reported, mostImages) }

    func lack(of subject: EvaluationSubject) -> EvaluationLack? { subject.lackOfDensity ?? ParzenImages.lack(of: subject) }

    func work(on subject: EvaluationSubject) -> Double {
        Double(Self.images(subject) * Self.samples + Self.trial) * subject.decodeWork + subject.sigmaWork
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let share = subject.knowsSigma ? 0 : subject.sigmaWork / work(on: subject)
        let sigma = try subject.sigma { try pace(share * $0) }
        var result = EvaluationResult(name)
        guard let sampling = ImportanceSampling(subject.inference, .gaussian(sigma: sigma), seed: subject.seed) else {
            return result
        }
        let images = ParzenImages.reported(subject).first(Self.mostImages)
        let found = try sampling.figure(
            of: images, validation: subject.blocks(.validation), samples: Self.samples, team: subject.team
        ) { try pace(share + (1 - share) * $0) }
        var members: [JSON.Member] = [
            .init("nats", .real(found.nats)), .init("error", .real(found.error)), .init("samples", JSON(found.samples)),
            .init("images", JSON(images.count)), .init("sigma", .real(sigma)),
        ]
        if let deviation = found.deviation { members.append(.init("deviation", .real(deviation))) }
        result.members = [.init("importance", .object(members))]
        result.rows = [
            EvaluationRow(
                "importance sampling",
                "\(NumberText.rounded(found.nats)) ± \(NumberText.rounded(found.error)) nats, sigma \(NumberText.rounded(sigma))",
                beside: "from below what Parzen tends to, on the first \(images.count) images, \(found.samples) samples each")
        ]
        return result
    }
}

extension ImportanceProtocol {
    /// More samples raise a Parzen window, in expectation. So where importance sampling gives less than a window of the same images and width, by
    /// more than both errors, it is no estimate of what the window tends to.
    ///
    /// - Parameter figures: an evaluation's, whichever of both was found first.
    static func warning(of figures: JSON) -> String? {
        func real(_ path: String) -> Double? { EvaluationReport.value(path, in: figures)?.doubleValue }
        guard let sampled = real("importance.nats"), let first = real("parzen.first.nats"),
            let error = real("importance.error"), let firstError = real("parzen.first.error"),
            real("importance.images") == real("parzen.first.images"), real("importance.sigma") == real("parzen.sigma"),
            first - sampled > error + firstError
        else { return nil }
        return
            "importance sampling comes to less than the Parzen figure of the same images, \(NumberText.rounded(sampled)) and \(NumberText.rounded(first)) nats: it is a bound from below, and loose here, as where codes do not fit the prior"
    }
}

/// By a grid over codes of two dimensions.
struct QuadratureProtocol: EvaluationProtocol {
    let name = "quadrature"
    let keys = ["nats", "error", "images", "sigma", "points"].map { "quadrature.\($0)" }

    /// Decoded images of a grid at most, and points of a side at least.
    private static let (mostSamples, fewest) = (2_500_000, 150)

    private static func points(_ subject: EvaluationSubject) -> Int {
        let labels = subject.inference.decodedLabels ?? 1
        return min(Quadrature.usualPoints, Int(Double(mostSamples / labels).squareRoot()))
    }

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        if let lack = subject.lackOfPriorDensity ?? ParzenImages.lack(of: subject) { return lack }
        guard subject.configuration.model.code == 2 else { return .model("has codes of other than two dimensions") }
        return Self.points(subject) < Self.fewest ? .model("has too many classes or clusters for a grid of codes") : nil
    }

    func work(on subject: EvaluationSubject) -> Double {
        let points = Self.points(subject)
        let samples = points * points * (subject.inference.decodedLabels ?? 1)
        return Double(samples) * subject.decodeWork + subject.distanceWork(samples, ImportanceProtocol.images(subject))
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let whole = work(on: subject) + subject.sigmaWork
        let share = subject.knowsSigma ? 0 : subject.sigmaWork / whole
        let sigma = try subject.sigma { try pace(share * $0) }
        var result = EvaluationResult(name)
        let points = Self.points(subject)
        guard let source = Quadrature.samples(of: subject.inference, points: points), let count = source.count else {
            return result
        }
        let images = ImportanceProtocol.images(subject)
        let window = ParzenWindow(
            taking: try ParzenImages.reported(subject).matrix(0..<images, pixels: subject.pixels))
        var sums = ParzenSums(sigmas: [sigma], images: images)
        try window.add(0..<count, of: source, to: &sums, team: subject.team) { try pace(share + (1 - share) * $0) }
        let found = MeanWithError(sums.nats(sigma: 0, pixels: subject.pixels))
        result.members = [
            .init(
                "quadrature",
                [
                    "nats": .real(found.mean), "error": .real(found.error), "images": JSON(images), "sigma": .real(sigma),
                    "points": JSON(points),
                ])
        ]
        result.rows = [
            EvaluationRow(
                "quadrature", "\(found.words), sigma \(NumberText.rounded(sigma))",
                beside: "the same by \(points) x \(points) codes on a grid")
        ]
        return result
    }
}

extension EvaluationSubject {
    fileprivate var lackOfPriorDensity: EvaluationLack? {
        configuration.prior.density == nil ? .model("has a prior without a density that is positive everywhere") : nil
    }

    fileprivate var lackOfDensity: EvaluationLack? { lackOfCodes ?? lackOfPriorDensity ?? lackOfImages }

    /// Work to choose a width where no Parzen window has chosen it before.
    fileprivate var sigmaWork: Double {
        if options.part == nil, options.only?.contains("parzen") ?? true { return 0 }
        return Double(options.samples) * decodeWork + distanceWork(options.samples, ParzenImages.counts(self).chosen)
    }
}
