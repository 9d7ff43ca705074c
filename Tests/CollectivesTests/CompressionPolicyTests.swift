import Collectives
import Testing
import Wire

@Suite("Compression policy")
struct CompressionPolicyTests {
    private static let key = CompressionPolicy.Key(buckets: 3, bucket: 1, elements: 100_000)

    /// Feeds `frames` frames of a bucket that takes 2.5 bytes an element packed, 1 with zstd and 0.8 entropy-coded; returns the choices.
    private static func play(
        _ policy: inout CompressionPolicy, frames: Int, secondsPerByte: Double, key: CompressionPolicy.Key = key
    ) -> [GradientCoding] {
        let cost: [GradientCoding: (bytes: Double, pack: Double)] = [
            .raw: (4, 0.02e-9), .packed: (2.5, 0.3e-9), .packedZstd: (1, 4e-9), .entropy: (0.8, 5e-9),
        ]
        return (0..<frames).map { _ in
            let coding = policy.choose(key)
            let (bytes, pack) = cost[coding] ?? (0, 0)
            policy.link(secondsPerByte: secondsPerByte)
            policy.packed(
                key, coding: coding, elements: key.elements, bytes: Int(bytes * Double(key.elements)),
                packSeconds: pack * Double(key.elements))
            return coding
        }
    }

    @Test("Off, zstd and entropy do not look at measurements", arguments: [1e-12, 1e-6])
    func fixed(secondsPerByte: Double) {
        var off = CompressionPolicy(.off)
        var zstd = CompressionPolicy(.zstd)
        var entropy = CompressionPolicy(.entropy)
        #expect(Set(Self.play(&off, frames: 50, secondsPerByte: secondsPerByte)) == [.raw])
        #expect(Set(Self.play(&zstd, frames: 50, secondsPerByte: secondsPerByte)) == [.packedZstd])
        #expect(Set(Self.play(&entropy, frames: 50, secondsPerByte: secondsPerByte)) == [.entropy])
    }

    @Test(
        "A fast link settles on raw, one of 1 GB/s on packed, of 100 MB/s on zstd, of 100 Mbit/s on entropy, each tried once before",
        arguments: [(0.1e-9, GradientCoding.raw), (1e-9, .packed), (10e-9, .packedZstd), (80e-9, .entropy)])
    func settles(secondsPerByte: Double, expected: GradientCoding) {
        var policy = CompressionPolicy(.auto, cores: 1)
        let chosen = Self.play(&policy, frames: 60, secondsPerByte: secondsPerByte)
        #expect(chosen[..<4] == [.raw, .packed, .packedZstd, .entropy])
        #expect(chosen[4...].allSatisfy { $0 == expected })
    }

    @Test("A link that becomes slow is packed, and others are reviewed rarely")
    func changes() {
        var policy = CompressionPolicy(.auto, cores: 1)
        _ = Self.play(&policy, frames: 40, secondsPerByte: 0.1e-9)
        #expect(Self.play(&policy, frames: 40, secondsPerByte: 80e-9).dropFirst().allSatisfy { $0 == .entropy })
        let long = Self.play(&policy, frames: 10 * CompressionPolicy.reviewEvery, secondsPerByte: 80e-9)
        #expect(long.filter { $0 != .entropy }.count == 10)
    }

    @Test("The slowest of several links decides")
    func slowest() {
        var policy = CompressionPolicy(.auto, cores: 1)
        policy.link(1, secondsPerByte: 80e-9)
        #expect(Self.play(&policy, frames: 20, secondsPerByte: 0.1e-9).last == .entropy)
    }
}
