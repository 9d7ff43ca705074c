import Kernels
import Synchronization

// Shapes of this file: N images, S samples of a block, P pixels, K widths.

/// Log-likelihoods of images under Gaussian kernels about samples (Breuleux et al. 2011; section 3 of the paper).
///
/// Squared distances come from single-precision products of images and samples about the images' mean, so that they do not cancel;
/// norms, maxima and sums are in double precision. Samples are taken in blocks of a fixed size, whose sums go into an
/// `ExactLogSum`: neither the number of threads nor splitting a job into parts can change a figure.
public struct ParzenWindow: Sendable {
    /// Samples whose sums are taken together; ranges of samples begin at multiples of it.
    public static let blockSamples = 1_000
    /// Images of one product.
    static let tileImages = 500

    /// (N, P), about `centre`.
    private let images: Matrix
    /// (P).
    private let centre: Slice<Float>
    /// |x|² of each image about the centre.
    private let squares: [Double]

    public var count: Int { images.rows }
    public var pixels: Int { images.columns }

    /// - Parameter images: (N, P), in the units of the samples; overwritten, so the caller must not use them afterwards. They are most
    ///   of the memory that an evaluation takes.
    public init(taking images: Matrix) {
        var sums = [Double](repeating: 0, count: images.columns)
        for row in 0..<images.rows {
            let values = images.row(row)
            for column in sums.indices { sums[column] += Double(values[column]) }
        }
        let centre = Slice(sums.map { images.rows > 0 ? Float($0 / Double(images.rows)) : 0 })
        for row in 0..<images.rows { Elementwise.axpy(-1, centre, into: images.row(row)) }
        self.init(images: images, centre: centre, squares: (0..<images.rows).map { Sums.sumOfSquares(images.row($0)) })
    }

    private init(images: Matrix, centre: Slice<Float>, squares: [Double]) {
        self.images = images
        self.centre = centre
        self.squares = squares
    }

    /// A window over the first `count` images only.
    public func first(_ count: Int) -> ParzenWindow {
        ParzenWindow(images: images.rows(0..<count), centre: centre, squares: Array(squares[..<count]))
    }

    /// Adds the samples of this range to sums over the images.
    ///
    /// Where it throws, the sums hold whole blocks of samples, and are correct for the number of samples that they state.
    ///
    /// - Parameters:
    ///   - samples: begins at a multiple of `blockSamples`.
    ///   - pace: called before each product.
    public func add(
        _ samples: Range<Int>, of source: SampleSource, to sums: inout ParzenSums, team: ThreadTeam,
        pace: @escaping WorkPace = { _ in }
    ) throws {
        let meter = WorkMeter(total: work(samples.count), pace: pace)
        try add(samples, of: source, to: &sums, team: team, meter: meter)
    }

    /// The pieces of work that so many samples count as.
    func work(_ samples: Int) -> Int { samples * count }

    func add(_ samples: Range<Int>, of source: SampleSource, to sums: inout ParzenSums, team: ThreadTeam, meter: WorkMeter) throws {
        precondition(sums.images == count, "sums of \(sums.images) images, expected \(count)")
        precondition(samples.lowerBound % Self.blockSamples == 0, "samples from \(samples.lowerBound) on are not whole blocks")
        precondition(samples.upperBound <= source.count ?? .max, "\(samples) of \(source.count ?? 0) samples")
        let starts = Array(stride(from: samples.lowerBound, to: samples.upperBound, by: Self.blockSamples))
        let sigmas = sums.sigmas
        let shared = Mutex(sums)
        defer { sums = shared.withLock { $0 } }
        _ = try team.map(starts.count) { index in
            let range = starts[index]..<min(samples.upperBound, starts[index] + Self.blockSamples)
            let logarithms = try self.logarithms(try source.block(range), sigmas, meter)
            shared.withLock { $0.add(logarithms: logarithms, samples: range.count) }
        }
    }

    /// log Σ w e^(−|x − s|² / 2σ²) over the samples of one block, for each image and width.
    private func logarithms(_ block: SampleSource.Block, _ sigmas: [Double], _ meter: WorkMeter) throws -> [Double] {
        precondition(block.images.columns == pixels, "samples of \(block.images.columns) pixels, expected \(pixels)")
        let samples = Matrix(rows: block.images.rows, columns: pixels)
        samples.values.copy(from: block.images.values)
        for row in 0..<samples.rows { Elementwise.axpy(-1, centre, into: samples.row(row)) }
        let norms = (0..<samples.rows).map { Sums.sumOfSquares(samples.row($0)) }
        let products = Matrix(rows: min(count, Self.tileImages), columns: samples.rows)
        var logarithms: [Double] = []
        logarithms.reserveCapacity(count * sigmas.count)
        for start in stride(from: 0, to: count, by: Self.tileImages) {
            let rows = start..<min(count, start + Self.tileImages)
            try meter.begin(rows.count * samples.rows)
            let here = products.rows(0..<rows.count)
            PortableProducts.forward(images.rows(rows), samples, into: here)
            logarithms += self.logarithms(of: rows, here, norms, block.logWeights, sigmas)
        }
        return logarithms
    }

    /// The same for some images, from their products with the samples.
    private func logarithms(
        of rows: Range<Int>, _ products: Matrix, _ norms: [Double], _ weights: [Double]?, _ sigmas: [Double]
    ) -> [Double] {
        let scales = sigmas.map { 1 / (2 * $0 * $0) }
        guard let weights else { return logarithms(of: rows, products, offsets: norms.map { -$0 }, scales, isDistance: true) }
        // A weight is a shift of the squared distance, whose size depends on the width.
        let columns = scales.map { scale in
            let offsets = zip(norms, weights).map { -$0 + $1 / scale }
            return logarithms(of: rows, products, offsets: offsets, [scale], isDistance: false)
        }
        return rows.indices.flatMap { row in columns.map { $0[row - rows.lowerBound] } }
    }

    /// - Parameter isDistance: whether the nearest sample's value is a squared distance, which rounding must not make negative.
    private func logarithms(
        of rows: Range<Int>, _ products: Matrix, offsets: [Double], _ scales: [Double], isDistance: Bool
    ) -> [Double] {
        let largest = Storage<Double>(count: rows.count).all
        let sums = Storage<Double>(count: rows.count * scales.count).all
        Mixtures.sums(products, offsets: Slice(offsets), scales: scales, largest: largest, into: sums)
        var logarithms: [Double] = []
        logarithms.reserveCapacity(sums.count)
        for (place, row) in rows.enumerated() {
            let above = largest[place] - squares[row]
            let nearest = isDistance && above > 0 ? 0 : above
            for (index, scale) in scales.enumerated() {
                logarithms.append(scale * nearest + Self.log(sums[place * scales.count + index]))
            }
        }
        return logarithms
    }

    /// log (σ √2π)^P.
    static func logNormalisation(sigma: Double, pixels: Int) -> Double {
        Double(pixels) * (log(sigma) + 0.5 * log(2 * Double.pi))
    }

    static func log(_ x: Double) -> Double { VectorMath.log(x) }
}
