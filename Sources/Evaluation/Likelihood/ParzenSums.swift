/// The sums of a Parzen window so far: for each image and each width the sum over the samples, and the number of samples.
///
/// Merging the sums of parts, in any order, gives the bits of one run over all samples (`ExactLogSum`).
public struct ParzenSums: Sendable, Hashable {
    /// Standard deviations of the kernels.
    public let sigmas: [Double]
    public let images: Int
    /// Samples that are in every sum.
    public private(set) var samples = 0
    /// Image after image; the sums of an image's widths lie together.
    public private(set) var sums: [ExactLogSum]

    public init(sigmas: [Double], images: Int) {
        precondition(!sigmas.isEmpty && sigmas.allSatisfy { $0 > 0 && $0.isFinite }, "widths \(sigmas)")
        precondition(images >= 0, "\(images) images")
        self.sigmas = sigmas
        self.images = images
        sums = Array(repeating: ExactLogSum(), count: images * sigmas.count)
    }

    /// Stored sums; nil where the numbers of images and widths do not fit, or the sums are invalid.
    public init?(sigmas: [Double], images: Int, samples: Int, sums: [ExactLogSum]) {
        guard !sigmas.isEmpty, sigmas.allSatisfy({ $0 > 0 && $0.isFinite }), images >= 0, samples >= 0 else { return nil }
        let (count, overflow) = images.multipliedReportingOverflow(by: sigmas.count)
        guard !overflow, sums.count == count else { return nil }
        self.sigmas = sigmas
        self.images = images
        self.samples = samples
        self.sums = sums
    }

    /// Adds the sums of other samples over the same images; returns false and adds nothing where widths or images differ.
    public mutating func merge(_ other: ParzenSums) -> Bool {
        guard sigmas == other.sigmas, images == other.images else { return false }
        for index in sums.indices { sums[index].merge(other.sums[index]) }
        samples += other.samples
        return true
    }

    /// Adds the sums over a block of samples, given by their logarithms and laid out as `sums`.
    mutating func add(logarithms: [Double], samples: Int) {
        precondition(logarithms.count == sums.count, "\(logarithms.count) sums, expected \(sums.count)")
        for index in sums.indices { sums[index].add(logarithm: logarithms[index]) }
        self.samples += samples
    }

    /// The log-likelihood of each image, in nats, with the width of this index: log of the mean of N(x; s, σ²) over the samples s.
    ///
    /// −∞ without samples.
    /// - Parameter pixels: of an image.
    public func nats(sigma index: Int, pixels: Int) -> [Double] {
        let normalisation = ParzenWindow.logNormalisation(sigma: sigmas[index], pixels: pixels) + ParzenWindow.log(Double(samples))
        return (0..<images).map { image in
            let sum = sums[image * sigmas.count + index].logarithm
            return samples == 0 ? -.infinity : sum - normalisation
        }
    }
}
