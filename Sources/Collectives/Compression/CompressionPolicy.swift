import Kernels
import Wire

/// Chooses how a frame is written: a pure value, fed with what earlier frames cost.
///
/// The estimated cost of an element has two parts. The first is the time of its bytes on the link, or the time to pack it where that is longer,
/// since a link sends one bucket while the next is packed. The second is what packing and unpacking (a share of the former, by coding) take of
/// the cores that compute meanwhile. Each coding is tried once a bucket; then the cheapest is kept. Every `reviewEvery` frames of the bucket one
/// of the others is tried again, because gradients get sparser and links busier, but none that would take several times as long, which a slow
/// link would feel. What is chosen by a stopwatch here cannot change a bit of the sums.
public struct CompressionPolicy: Sendable {
    /// Which bucket of which plan: ratios differ by layer.
    public struct Key: Sendable, Hashable {
        public var buckets: Int
        public var bucket: Int
        public var elements: Int

        public init(buckets: Int, bucket: Int, elements: Int) {
            self.buckets = buckets
            self.bucket = bucket
            self.elements = elements
        }
    }

    public static let reviewEvery = 128
    /// A coding is tried again only if it costs at most so many times what the present one does.
    static let reviewable = 2.5
    /// Buckets remembered; plans of a run are few, so this is a guard and not a cache size.
    static let mostBuckets = 1 << 14
    /// Gain that a change of coding must promise, so that noise does not flip it.
    static let hysteresis = 0.9
    static let candidates: [GradientCoding] = [.raw, .packed, .packedZstd, .entropy]

    /// Unpacking took 0.25 to 0.4 of the time of packing, with and without zstd (measured on sums of 3.6 million), and by rANS 0.65
    /// to 0.77 of it (on sums of 1.8 million): a decoder goes through the same states as the encoder.
    static func unpackShare(_ coding: GradientCoding) -> Double { coding == .entropy ? 0.75 : 0.4 }

    private struct Bucket {
        var uses = 0
        var current = GradientCoding.raw
        /// Bytes an element, by coding; raw is known.
        var bytes: Figures = {
            var bytes = Figures(repeating: .nan)
            bytes[Int(GradientCoding.raw.rawValue)] = 4
            return bytes
        }()
    }

    /// One for each coding, by its number; NaN where it was never tried.
    private typealias Figures = SIMD8<Double>

    public let compression: LinkCompression
    /// The cores of a host.
    private let cores: Double
    private var buckets: [Bucket] = []
    /// The index in `buckets` of each bucket.
    private var places: [Key: Int] = [:]
    /// Seconds an element to pack, by coding, over all buckets.
    private var packing = Figures(repeating: .nan)
    /// The slowest link decides where one encoding goes to several.
    private var secondsPerByte: [Int: Double] = [:]

    public init(_ compression: LinkCompression, cores: Int = MachineLimits.here.cores) {
        self.compression = compression
        self.cores = Double(max(1, cores))
    }

    /// The coding of the bucket's next frame.
    public mutating func choose(_ key: Key) -> GradientCoding {
        switch compression {
        case .off: return .raw
        case .zstd: return .packedZstd
        case .entropy: return .entropy
        case .auto: break
        }
        if places.count >= CompressionPolicy.mostBuckets { (buckets, places) = ([], [:]) }
        let place = places[key] ?? buckets.count
        if place == buckets.count {
            buckets.append(Bucket())
            places[key] = place
        }
        var bucket = buckets[place]
        defer { buckets[place] = bucket }
        let use = bucket.uses
        bucket.uses += 1
        if let untried = untried(bucket) { return untried }
        bucket.current = cheapest(bucket)
        if use % CompressionPolicy.reviewEvery == CompressionPolicy.reviewEvery - 1 {
            let most = Self.reviewable * cost(bucket.current, bucket)
            let others = CompressionPolicy.candidates.filter { $0 != bucket.current && cost($0, bucket) < most }
            if !others.isEmpty { return others[use / CompressionPolicy.reviewEvery % others.count] }
        }
        return bucket.current
    }

    /// A frame of `elements` came to `bytes` when `coding` was asked for, after `packSeconds` of packing.
    public mutating func packed(_ key: Key, coding: GradientCoding, elements: Int, bytes: Int, packSeconds: Double) {
        guard compression == .auto, elements >= GradientCodec.blockElements, coding != .empty else { return }
        let index = Int(coding.rawValue)
        if let place = places[key] { buckets[place].bytes[index] = Double(bytes) / Double(elements) }
        let sample = packSeconds / Double(elements)
        packing[index] = packing[index].isNaN ? sample : packing[index] + (sample - packing[index]) * 0.2
    }

    /// What a byte costs on link `link` now.
    public mutating func link(_ link: Int = 0, secondsPerByte cost: Double) {
        secondsPerByte[link] = cost
    }

    private func untried(_ bucket: Bucket) -> GradientCoding? {
        // The first frame of all tells what the link costs; it goes raw.
        if secondsPerByte.isEmpty || packing[Int(GradientCoding.raw.rawValue)].isNaN { return .raw }
        return CompressionPolicy.candidates.first { bucket.bytes[Int($0.rawValue)].isNaN }
    }

    private func cheapest(_ bucket: Bucket) -> GradientCoding {
        guard let best = CompressionPolicy.candidates.min(by: { cost($0, bucket) < cost($1, bucket) }) else { return .raw }
        return cost(best, bucket) < CompressionPolicy.hysteresis * cost(bucket.current, bucket) ? best : bucket.current
    }

    /// Seconds an element; infinite where it was never tried.
    private func cost(_ coding: GradientCoding, _ bucket: Bucket) -> Double {
        let index = Int(coding.rawValue)
        let (bytes, pack) = (bucket.bytes[index], packing[index])
        guard !bytes.isNaN, !pack.isNaN else { return .infinity }
        let byte = secondsPerByte.values.max() ?? 0
        return max(bytes * byte, pack) + (1 + CompressionPolicy.unpackShare(coding)) * pack / cores
    }
}
