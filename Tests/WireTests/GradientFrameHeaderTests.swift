import Kernels
import Testing
import Wire

@Suite("Gradient frame headers")
struct GradientFrameHeaderTests {
    private static let header = GradientFrameHeader(
        coding: .packed, view: 3, exchange: ExchangeTag(phase: 12345, attempt: 2), bucket: 4, buckets: 9, chunk: 1, hop: 3,
        pieces: [1024, 1, 77],
        statistics: [
            TensorStatistics(maximumBits: 0x3F80_0000, clamped: 5, lowestNonFiniteShard: .max),
            TensorStatistics(maximumBits: 0x7FC0_0000, clamped: .max, lowestNonFiniteShard: 2),
        ], payloadBytes: 3000, payloadChecksum: 0xDEAD_BEEF)

    private static func bytes(_ header: GradientFrameHeader) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: header.byteCount)
        bytes.withUnsafeMutableBytes { header.write(to: $0) }
        return bytes
    }

    private static func read(_ bytes: [UInt8]) throws -> GradientFrameHeader {
        try bytes.withUnsafeBytes { bytes in
            let fixedBytes = GradientFrameHeader.fixedBytes
            let fixed = try GradientFrameHeader.readFixed(UnsafeRawBufferPointer(rebasing: bytes[..<fixedBytes]))
            let end = min(bytes.count, fixedBytes + fixed.tableBytes)
            return try GradientFrameHeader.read(fixed, tables: UnsafeRawBufferPointer(rebasing: bytes[fixedBytes..<end]))
        }
    }

    @Test("A header comes back as it was written")
    func roundTrip() throws {
        #expect(try Self.read(Self.bytes(Self.header)) == Self.header)
        var plain = Self.header
        plain.payloadChecksum = 0
        plain.statistics = []
        plain.pieces = []
        plain.coding = .empty
        plain.payloadBytes = 0
        #expect(try Self.read(Self.bytes(plain)) == plain)
    }

    @Test("A header is sealed with the length and checksum of its payload's parts in a row")
    func seal() {
        let payload = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        var header = Self.header
        payload.withUnsafeBytes { bytes in
            header.seal([UnsafeRawBufferPointer(rebasing: bytes[..<77]), UnsafeRawBufferPointer(rebasing: bytes[77...])])
        }
        #expect(header.payloadBytes == 1000 && header.payloadChecksum == CRC32C.checksum(payload))
        header.seal([])
        #expect(header.payloadBytes == 0 && header.payloadChecksum == 0)
    }

    @Test("A damaged byte anywhere is an error")
    func damage() {
        let good = Self.bytes(Self.header)
        for index in good.indices {
            for bit in 0..<8 {
                var bad = good
                bad[index] ^= 1 << bit
                #expect(throws: GradientFrameError.self, "byte \(index)") { try Self.read(bad) }
            }
        }
    }

    @Test("Lengths that the elements do not allow are refused before they become memory")
    func lengths() {
        let codings = [
            (GradientCoding.empty, 1), (.raw, 4 * 1102 + 4), (.packed, 1 << 30), (.packedZstd, 1 << 30), (.entropy, 1 << 30),
        ]
        for (coding, bytes) in codings {
            var header = Self.header
            header.coding = coding
            header.payloadBytes = bytes
            #expect(throws: GradientFrameError.length(coding: coding, bytes: bytes, elements: 1102)) {
                try Self.read(Self.bytes(header))
            }
        }
    }
}
