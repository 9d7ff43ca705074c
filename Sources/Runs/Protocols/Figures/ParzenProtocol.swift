import Datasets
import Evaluation
import Kernels

// Shapes of this file: N images, P pixels.

/// The images of a Parzen window: those that choose its width first, then those that are judged.
struct ParzenImages {
    /// (N, P), taken.
    let window: ParzenWindow
    /// How many choose the width.
    let validation: Int

    /// - Parameter withReported: whether the judged ones are there too.
    init(_ subject: EvaluationSubject, withReported: Bool = true) throws {
        let (chosen, reported) = Self.counts(subject)
        validation = chosen
        let rows = withReported ? chosen + reported : chosen
        let matrix = Matrix(rows: rows, columns: subject.pixels)
        func read(_ blocks: ImageBlocks, to first: Int) throws {
            let size = 1_000
            for start in stride(from: 0, to: blocks.count, by: size) {
                let part = start..<min(blocks.count, start + size)
                let here = try blocks.matrix(part, pixels: subject.pixels)
                matrix.rows(first + part.lowerBound..<first + part.upperBound).values.copy(from: here.values)
            }
        }
        try read(subject.blocks(.validation).first(chosen), to: 0)
        if withReported { try read(Self.reported(subject), to: chosen) }
        window = ParzenWindow(taking: matrix)
    }

    /// How many images choose the width, 1,000 where there are so many, and how many are judged. Where validation images are judged, these come
    /// after the ones that choose, of which there are at most half.
    static func counts(_ subject: EvaluationSubject) -> (chosen: Int, reported: Int) {
        let validation = subject.data.validation.count
        let most = 2 * EvaluationSubject.mostBytes / (4 * max(1, subject.pixels))
        guard subject.options.split == .validation else {
            return (min(Parzen.validationImages, validation), min(subject.images.count, most))
        }
        let chosen = min(Parzen.validationImages, validation / 2)
        return (chosen, min(validation - chosen, most))
    }

    /// The images that are judged.
    static func reported(_ subject: EvaluationSubject) -> ImageBlocks {
        let (chosen, reported) = counts(subject)
        let first = subject.options.split == .validation ? chosen : 0
        let images = subject.images
        let labels: @Sendable (Range<Int>) -> [UInt8] = { images.labels($0.lowerBound + first..<$0.upperBound + first) }
        return ImageBlocks(count: reported, labels: images.hasLabels ? labels : nil) {
            images.images($0.lowerBound + first..<$0.upperBound + first)
        }
    }

    static func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        let (chosen, reported) = counts(subject)
        return chosen > 0 && reported > 0
            ? nil : .images("there are too few images to choose a width on some and judge by others")
    }
}

extension ParzenSums {
    /// The width that the first images choose.
    func bestSigma(validation: Int, pixels: Int) -> Double {
        let means = sigmas.indices.map { index in
            MeanWithError(Array(nats(sigma: index, pixels: pixels).prefix(validation))).mean
        }
        let best = means.indices.reduce(0) { means[$1] > means[$0] || means[$0].isNaN && !means[$1].isNaN ? $1 : $0 }
        return sigmas[best]
    }
}

/// The likelihood of images by a Parzen window over samples (table 1 of the paper; Breuleux et al. 2011).
struct ParzenProtocol: EvaluationProtocol {
    let name = "parzen"
    let keys =
        ["samples", "sigma", "nats", "error", "first.images", "first.nats", "first.error"].map { "parzen.\($0)" }
        + ["coarse", "refined"].flatMap { grid in
            ["sigmas", "validation", "sigma", "nats", "error"].map { "parzen.grid.\(grid).\($0)" }
        }
    let isDivided = true

    func lack(of subject: EvaluationSubject) -> EvaluationLack? { ParzenImages.lack(of: subject) }

    func work(on subject: EvaluationSubject) -> Double {
        let (chosen, reported) = ParzenImages.counts(subject)
        let samples = samples(of: subject)
        let pilot = subject.options.samples > Parzen.pilotSamples ? Parzen.pilotSamples : 0
        return Double(samples.count + pilot) * subject.decodeWork + subject.distanceWork(samples.count, chosen + reported)
            + subject.distanceWork(pilot, chosen)
    }

    private func samples(of subject: EvaluationSubject) -> Range<Int> {
        let part = subject.options.part
        return Parzen.samples(ofPart: part?.number ?? 1, of: part?.of ?? 1, count: subject.options.samples)
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let images = try ParzenImages(subject)
        let part = subject.options.part
        var (found, kept): (ParzenSums?, ParzenSums?) = (nil, nil)
        do {
            found = try Parzen.sums(
                images.window, count: subject.options.samples, part: (part?.number ?? 1, part?.of ?? 1),
                validation: images.validation, from: subject.samples, team: subject.team, kept: &kept, pace: pace)
        } catch let stopped as EvaluationStopped {
            guard kept != nil else { throw stopped }
        }
        let isCut = found == nil
        guard let sums = found ?? kept else { return EvaluationResult(name) }
        let share = ParzenShare(sums: sums, validation: images.validation, pixels: images.window.pixels)
        guard part == nil else {
            var result = EvaluationResult(name)
            result.share = share
            result.isCut = isCut
            return result
        }
        if !isCut { subject.keep(sigma: sums.bestSigma(validation: images.validation, pixels: images.window.pixels)) }
        return Self.result(of: share, wanted: subject.options.samples)
    }

    /// The result of sums over all samples, or over those that there was time for.
    static func result(of share: ParzenShare, wanted: Int) -> EvaluationResult {
        var result = EvaluationResult("parzen")
        let figures = ParzenFigures(share.sums, validation: share.validation, pixels: share.pixels)
        let index = share.sums.sigmas.firstIndex(of: figures.best.sigma) ?? 0
        let nats = share.sums.nats(sigma: index, pixels: share.pixels).dropFirst(share.validation)
        let first = Array(nats.prefix(ImportanceProtocol.mostImages))
        let mean = MeanWithError(first)
        var grids: [JSON.Member] = []
        if let coarse = figures.coarse { grids.append(.init("coarse", json(coarse))) }
        grids.append(.init("refined", json(figures.refined)))
        result.members = [
            .init(
                "parzen",
                [
                    "samples": JSON(figures.samples), "sigma": .real(figures.best.sigma), "grid": .object(grids),
                    "nats": .real(figures.best.nats), "error": .real(figures.best.error),
                    "first": ["images": JSON(first.count), "nats": .real(mean.mean), "error": .real(mean.error)],
                ])
        ]
        result.rows = [
            EvaluationRow(
                "parzen, \(NumberText.grouped(figures.samples)) samples",
                "\(NumberText.rounded(figures.best.nats)) ± \(NumberText.rounded(figures.best.error)) nats, sigma \(NumberText.rounded(figures.best.sigma))",
                beside: "a weak measure: see the calibration")
        ]
        if let coarse = figures.coarse { result.rows.append(row("  coarse grid", coarse)) }
        result.rows += [
            row("  refined grid", figures.refined),
            EvaluationRow("  first \(first.count) images", mean.words, beside: "to compare with importance and quadrature"),
        ]
        result.isCut = figures.samples < wanted
        if result.isCut {
            result.warnings = [
                "the Parzen figure is of \(NumberText.grouped(figures.samples)) samples, and \(NumberText.grouped(wanted)) were asked for"
            ]
        }
        return result
    }

    private static func row(_ name: String, _ grid: ParzenFigures.Grid) -> EvaluationRow {
        let (low, high) = (grid.sigmas.first ?? 0, grid.sigmas.last ?? 0)
        let ends = grid.sigma == low || grid.sigma == high ? "; the best is an end of the grid" : ""
        return EvaluationRow(
            name,
            "\(NumberText.rounded(grid.nats)) ± \(NumberText.rounded(grid.error)) nats, sigma \(NumberText.rounded(grid.sigma))",
            beside: "\(grid.sigmas.count) widths from \(NumberText.rounded(low)) to \(NumberText.rounded(high))\(ends)")
    }

    static func json(_ grid: ParzenFigures.Grid) -> JSON {
        [
            "sigmas": .array(grid.sigmas.map { .real($0) }), "validation": .array(grid.validation.map { .real($0) }),
            "sigma": .real(grid.sigma), "nats": .real(grid.nats), "error": .real(grid.error),
        ]
    }

}

/// What a Parzen window says of the data itself, to read beside every figure of a model (Theis et al. 2016).
struct CalibrationProtocol: EvaluationProtocol {
    let name = "calibration"
    let keys = ["training_images", "centres"].flatMap { samples in
        ["samples", "sigma", "nats", "error"].map { "parzen.calibration.\(samples).\($0)" }
    }

    func lack(of subject: EvaluationSubject) -> EvaluationLack? {
        subject.data.train.count > 0 ? ParzenImages.lack(of: subject) : .images("there are no training images")
    }

    func work(on subject: EvaluationSubject) -> Double {
        let (chosen, reported) = ParzenImages.counts(subject)
        let samples = min(ParzenCalibration.samples, subject.trainingRows)
        // k-means makes most of its twenty rounds.
        return 2 * subject.distanceWork(samples, chosen + reported) + 20 * subject.distanceWork(samples, subject.trainingRows)
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let images = try ParzenImages(subject)
        let found = try ParzenCalibration(
            images.window, training: subject.trainingPixels(), seed: subject.seed, validation: images.validation,
            team: subject.team, pace: pace)
        var (members, rows): ([JSON.Member], [EvaluationRow]) = ([], [])
        let lines =
            [("training_images", "training images", found.trainingImages as ParzenFigures?)]
            + [("centres", "their k-means centres", found.centres)]
        for (key, words, figures) in lines {
            guard let figures else { continue }
            members.append(
                .init(
                    key,
                    [
                        "samples": JSON(figures.samples), "sigma": .real(figures.best.sigma),
                        "nats": .real(figures.best.nats), "error": .real(figures.best.error),
                    ]))
            rows.append(
                EvaluationRow(
                    "parzen of \(words)",
                    "\(NumberText.rounded(figures.best.nats)) ± \(NumberText.rounded(figures.best.error)) nats",
                    beside: "\(figures.samples) of them as the samples, sigma \(NumberText.rounded(figures.best.sigma))"))
        }
        return EvaluationResult(
            name, members: [.init("parzen", .object([.init("calibration", .object(members))]))], rows: rows)
    }
}
