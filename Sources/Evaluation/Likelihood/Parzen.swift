import Kernels

/// The Parzen protocol of the paper's table 1 (section 3): the width is chosen on validation images, and the mean
/// log-likelihood of other images reported.
///
/// A product of 10 million samples with 11,000 images of 784 pixels is 1.7e14 operations, and each width takes 1.1e11 exponentials,
/// most of which are 0 and skipped: with five widths the exponentials take less time than the products.
public enum Parzen {
    /// Images that the width is chosen on: the first rows of a window.
    public static let validationImages = 1_000
    /// Ten values from 0.1 to 1, evenly apart in their logarithms.
    public static let coarse = grid(from: 0.1, to: 1)
    /// Ten values from 0.05 to 0.3: with many samples the best width is small.
    public static let refined = grid(from: 0.05, to: 0.3)
    /// Up to so many samples both grids are tried whole; with more, these first samples choose the widths to try.
    public static let pilotSamples = 100_000
    /// The number of widths that are tried with more samples.
    public static let longWidths = 5

    private static func grid(from low: Double, to high: Double) -> [Double] {
        let step = VectorMath.log(high / low) / 9
        return (0..<10).map { $0 == 0 ? low : $0 == 9 ? high : low * VectorMath.exp(step * Double($0)) }
    }

    /// The samples, of `count` in all, that a part of a job takes, in whole blocks; parts count from 1.
    public static func samples(ofPart part: Int, of parts: Int, count: Int) -> Range<Int> {
        precondition(parts > 0 && (1...parts).contains(part) && count >= 0, "part \(part) of \(parts) of \(count) samples")
        let blocks = (count + ParzenWindow.blockSamples - 1) / ParzenWindow.blockSamples
        func start(_ part: Int) -> Int { min(count, blocks * part / parts * ParzenWindow.blockSamples) }
        return start(part - 1)..<start(part)
    }

    /// The sums over the first `count` samples, or over one part of them; merging all parts gives the sums of one run.
    ///
    /// - Parameters:
    ///   - window: holds the validation images first, then those that are reported.
    ///   - count: the samples of all parts together.
    ///   - part: which part this is, from 1, and of how many.
    ///   - validation: images of the window that choose the widths of a long run.
    ///   - kept: the sums when `pace` threw: correct sums over fewer samples; nil before there were any.
    public static func sums(
        _ window: ParzenWindow, count: Int, part: (number: Int, of: Int) = (1, 1), validation images: Int = validationImages,
        from source: SampleSource, team: ThreadTeam, kept: inout ParzenSums?, pace: @escaping WorkPace = { _ in }
    ) throws -> ParzenSums {
        let samples = samples(ofPart: part.number, of: part.of, count: count)
        let isLong = count > pilotSamples
        let validation = window.first(min(images, window.count))
        let pilotWork = isLong ? validation.work(pilotSamples) : 0
        let meter = WorkMeter(total: pilotWork + window.work(samples.count), pace: pace)
        var sigmas = (coarse + refined).sorted()
        if isLong {
            var pilot = ParzenSums(sigmas: refined, images: validation.count)
            try validation.add(0..<pilotSamples, of: source, to: &pilot, team: team, meter: meter)
            let means = refined.indices.map { mean(pilot.nats(sigma: $0, pixels: window.pixels)) }
            sigmas = widths(around: best(means))
        }
        var sums = ParzenSums(sigmas: sigmas, images: window.count)
        defer { kept = sums.samples > 0 ? sums : nil }
        try window.add(samples, of: source, to: &sums, team: team, meter: meter)
        return sums
    }

    /// The same for callers that do not need the partial sums of a run that ended early.
    public static func sums(
        _ window: ParzenWindow, count: Int, part: (number: Int, of: Int) = (1, 1), validation images: Int = validationImages,
        from source: SampleSource, team: ThreadTeam, pace: @escaping WorkPace = { _ in }
    ) throws -> ParzenSums {
        var kept: ParzenSums?
        return try sums(
            window, count: count, part: part, validation: images, from: source, team: team, kept: &kept, pace: pace)
    }

    /// Widths of the refined grid for a long run whose pilot's best has this index: more samples need smaller widths.
    static func widths(around index: Int) -> [Double] {
        let first = max(0, min(refined.count - longWidths, index - (longWidths - 2)))
        return Array(refined[first..<first + longWidths])
    }

    /// The index of the largest value, the first of equals; NaN is never chosen.
    static func best(_ values: [Double]) -> Int {
        values.indices.reduce(0) { values[$1] > values[$0] || values[$0].isNaN && !values[$1].isNaN ? $1 : $0 }
    }

    static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}

/// What a Parzen window says of a model.
public struct ParzenFigures: Sendable, Hashable {
    /// One grid of widths.
    public struct Grid: Sendable, Hashable {
        /// Tried widths, in rising order.
        public let sigmas: [Double]
        /// Mean log-likelihood of the validation images with each, in nats.
        public let validation: [Double]
        /// The width with the largest of these.
        public let sigma: Double
        /// Mean log-likelihood of the other images with it, in nats.
        public let nats: Double
        /// Standard deviation over these images / √N.
        public let error: Double
    }

    public let samples: Int
    /// The grid of widths from 0.1 to 1; nil where not all of them were tried.
    public let coarse: Grid?
    /// The grid of widths from 0.05 to 0.3, or of those among them that were tried.
    public let refined: Grid
    /// The grid of all tried widths: this one is reported.
    public let best: Grid

    /// - Parameters:
    ///   - sums: sums over images; the first `validation` of them choose the width, the others are reported.
    ///   - pixels: values of one image.
    public init(_ sums: ParzenSums, validation: Int = Parzen.validationImages, pixels: Int) {
        precondition(validation > 0 && validation < sums.images, "\(validation) of \(sums.images) images for validation")
        let nats = sums.sigmas.indices.map { sums.nats(sigma: $0, pixels: pixels) }
        let means = nats.map { Parzen.mean(Array($0[..<validation])) }
        func grid(_ isOfIt: (Double) -> Bool) -> Grid? {
            let indices = sums.sigmas.indices.filter { isOfIt(sums.sigmas[$0]) }
            guard !indices.isEmpty else { return nil }
            let chosen = indices[Parzen.best(indices.map { means[$0] })]
            let others = Array(nats[chosen][validation...])
            let mean = Parzen.mean(others)
            let variance = Parzen.mean(others.map { ($0 - mean) * ($0 - mean) })
            return Grid(
                sigmas: indices.map { sums.sigmas[$0] }, validation: indices.map { means[$0] }, sigma: sums.sigmas[chosen],
                nats: mean, error: (variance / Double(others.count)).squareRoot())
        }
        guard let all = grid({ _ in true }) else { preconditionFailure("sums of no width") }
        samples = sums.samples
        coarse = Parzen.coarse.allSatisfy(sums.sigmas.contains) ? grid(Parzen.coarse.contains) : nil
        refined = grid(Parzen.refined.contains) ?? all
        best = all
    }
}
