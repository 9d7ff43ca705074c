import Testing
import Wire

@Suite("zstd")
struct ZstdTests {
    @Test("What went in comes out", arguments: [0, 1, 1000, 300_000])
    func roundTrip(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 7) }
        #expect(try Zstd.decompress(Zstd.compress(bytes), limit: size) == bytes)
    }

    @Test("A declared size above the limit is refused before memory is taken")
    func limit() {
        let bomb = Zstd.compress([UInt8](repeating: 0, count: 1 << 20))
        #expect(bomb.count < 1000)
        #expect(throws: ZstdError.tooLong(bytes: 1 << 20, limit: 1000)) { try Zstd.decompress(bomb, limit: 1000) }
    }

    @Test("Damaged and cut frames are errors or other bytes, never more than the limit")
    func damage() {
        let good = Zstd.compress((0..<2000).map { UInt8(truncatingIfNeeded: $0 &* $0) })
        for index in good.indices {
            var bad = good
            bad[index] ^= 0xFF
            if let bytes = try? Zstd.decompress(bad, limit: 4000) { #expect(bytes.count <= 4000) }
            #expect(throws: ZstdError.self) { try Zstd.decompress(Array(good[..<index]), limit: 4000) }
        }
    }
}
