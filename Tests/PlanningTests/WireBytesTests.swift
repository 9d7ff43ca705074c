import Autoencoder
import Kernels
import Planning
import TestSupport
import Testing
import Wire

/// The number of bytes that a step sends is the same on every machine: it must not grow unnoticed.
@Suite("Bytes of a step") struct WireBytesTests {
    /// Bytes an element, as they were when the codings were made.
    struct Limit: Sendable {
        let bits: Int
        let packed, entropy: Double
    }

    @Test(
        "Sums of a training take no more bytes than they did, and each coding fewer than the one before it",
        arguments: [
            Limit(bits: 8, packed: 0.772, entropy: 0.170), Limit(bits: 12, packed: 1.376, entropy: 0.275),
            Limit(bits: 16, packed: 1.411, entropy: 0.377), Limit(bits: 30, packed: 2.702, entropy: 0.757),
        ])
    func codings(limit: Limit) throws {
        FloatingPoint.setModes()
        var setting = RandomSetting.fixed(
            encoder: [160, 160], decoder: [160, 160], discriminator: [160, 160], code: 8, minibatch: 32, shards: 4)
        setting.training.gradientBits = limit.bits
        let share = try WorkerShareMeter(setting.training, shards: 4, threads: 1).measure(
            images: setting.images(step:), before: 12, least: (.zero, 1))
        let buckets = share.phases.flatMap(\.buckets)
        let elements = Double(buckets.reduce(0) { $0 + $1.elements })
        func bytes(_ coding: GradientCoding) -> Double { buckets.reduce(0) { $0 + ($1.coded[coding]?.bytes ?? 0) } / elements }
        let (raw, packed, zstd, entropy) = (bytes(.raw), bytes(.packed), bytes(.packedZstd), bytes(.entropy))
        #expect(raw == 4 && packed <= limit.packed && entropy <= limit.entropy, "\(packed), \(entropy)")
        // The size by zstd depends on its version.
        #expect(zstd < packed && entropy < zstd)
    }
}
