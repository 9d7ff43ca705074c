import Kernels
import Testing
import Wire

private let seed: UInt64 = 0x5EED

@Suite("Gradient codec")
struct GradientCodecTests {
    private static let sizes = [0, 1, 2, 1023, 1024, 1025, 2048, 5000]

    @Test("Every coding gives back what went in, at awkward sizes and values", arguments: sizes, Values.allCases)
    func roundTrip(size: Int, values: Values) throws {
        let input = values.make(size, seed: seed)
        let codec = GradientCodec()
        for coding in [GradientCoding.raw, .packed, .packedZstd] {
            let encoded = codec.encode(Slice(input), pieces: [0..<size], coding: coding)
            let bytes = Array(encoded.bytes)
            let output = Slice([Int32](repeating: 77, count: size))
            try bytes.withUnsafeBytes {
                try codec.decode($0, coding: encoded.coding, pieces: [0..<size], into: output, mode: .assign)
            }
            #expect(output.array == input, "seed \(seed), \(coding)")
        }
    }

    @Test("Adding wraps as integers do", arguments: [1, 1024, 1500])
    func adding(size: Int) throws {
        let input = Values.wide.make(size, seed: seed)
        let start = Values.wide.make(size, seed: seed + 1)
        let codec = GradientCodec()
        for coding in [GradientCoding.raw, .packed, .packedZstd] {
            let encoded = codec.encode(Slice(input), pieces: [0..<size], coding: coding)
            let bytes = Array(encoded.bytes)
            let output = Slice(start)
            try bytes.withUnsafeBytes {
                try codec.decode($0, coding: encoded.coding, pieces: [0..<size], into: output, mode: .add)
            }
            #expect(output.array == zip(start, input).map { $0 &+ $1 }, "seed \(seed), \(coding)")
        }
    }

    @Test("Only the pieces are read and written")
    func pieces() throws {
        let pieces = [3..<3, 5..<1100, 1100..<1101, 2000..<4100]
        let input = Values.sparse.make(5000, seed: seed)
        let codec = GradientCodec()
        for coding in [GradientCoding.raw, .packed, .packedZstd] {
            let encoded = codec.encode(Slice(input), pieces: pieces, coding: coding)
            let bytes = Array(encoded.bytes)
            let output = Slice([Int32](repeating: 7, count: 5000))
            try bytes.withUnsafeBytes {
                try codec.decode($0, coding: encoded.coding, pieces: pieces, into: output, mode: .assign)
            }
            for index in 0..<5000 {
                let inside = pieces.contains { $0.contains(index) }
                #expect(output[index] == (inside ? input[index] : 7), "element \(index), \(coding)")
            }
        }
    }

    @Test("Zeros have no payload, whatever was asked for")
    func zeros() {
        let codec = GradientCodec()
        for coding in GradientCoding.allCases {
            let encoded = codec.encode(Slice([Int32](repeating: 0, count: 3000)), pieces: [0..<3000], coding: coding)
            #expect(encoded.coding == .empty)
            #expect(encoded.bytes.isEmpty)
        }
    }

    @Test("A packed block costs its width and no more")
    func size() {
        let codec = GradientCodec()
        var input = [Int32](repeating: 0, count: 3072)
        input[1024] = -64
        input[2048] = 40000
        let encoded = codec.encode(Slice(input), pieces: [0..<3072], coding: .packed)
        #expect(encoded.bytes.count == 3 + 1024 + 3 * 1024)
    }

    @Test("Noise that zstd cannot shorten goes out packed")
    func noise() {
        let codec = GradientCodec()
        let input = Values.wide.make(4096, seed: seed)
        #expect(codec.encode(Slice(input), pieces: [0..<4096], coding: .packedZstd).coding == .packed)
    }

    @Test(
        "A damaged byte anywhere, a missing or an extra one never crosses a bound",
        arguments: [GradientCoding.raw, .packed, .packedZstd])
    func damage(coding: GradientCoding) {
        let codec = GradientCodec()
        let input = Values.sparse.make(1500, seed: seed)
        let encoded = codec.encode(Slice(input), pieces: [0..<1500], coding: coding)
        let good = Array(encoded.bytes)
        let coding = encoded.coding
        let guarded = Slice([Int32](repeating: 9, count: 1500 + 64))
        func feed(_ bytes: [UInt8]) -> GradientCodecError? {
            bytes.withUnsafeBytes { bytes in
                do throws(GradientCodecError) {
                    try codec.decode(bytes, coding: coding, pieces: [32..<1532], into: guarded, mode: .assign)
                    return nil
                } catch {
                    return error
                }
            }
        }
        for index in good.indices {
            var bad = good
            bad[index] ^= UInt8(truncatingIfNeeded: 1 << (index % 8)) | 0x80
            _ = feed(bad)
        }
        for length in stride(from: 0, to: good.count, by: 7) { #expect(feed(Array(good[..<length])) != nil) }
        if coding != .packedZstd { #expect(feed(good + [0]) != nil) }
        #expect(guarded.array[..<32].allSatisfy { $0 == 9 } && guarded.array[1532...].allSatisfy { $0 == 9 })
    }

    @Test("A width byte beyond four is refused")
    func width() {
        let codec = GradientCodec()
        #expect(throws: GradientCodecError.width(block: 0, found: 5)) {
            try [UInt8](repeating: 5, count: 6).withUnsafeBytes {
                try codec.decode($0, coding: .packed, pieces: [0..<1], into: Slice([0]), mode: .add)
            }
        }
    }
}
