import Kernels
import Testing

@Suite("Byte planes and checksums") struct BytePlaneTests {
    /// Values whose zig-zag form needs exactly `width` bytes.
    static func values(_ count: Int, width: Int) -> Slice<Int32> {
        let words = Storage<UInt32>(count: count).all
        RandomSource(seed: UInt64(width), purpose: .sample, step: 0).fillWords(words, row: 0)
        let shift = UInt32(32 - 8 * width)
        let values = Slice(
            words.array.map { word -> Int32 in
                let zigzag = width == 0 ? 0 : word >> shift
                return Int32(bitPattern: (zigzag >> 1) ^ (0 &- (zigzag & 1)))
            })
        if count > 0 && width > 0 { values[count / 2] = Int32(bitPattern: UInt32.max << UInt32(8 * width - 1)) }
        return values
    }

    static let cases = awkwardSizes.filter { $0 <= 1024 }.flatMap { size in (0...4).map { (size, $0) } }

    @Test("What is packed comes back, in planes of the lowest byte first", arguments: cases)
    func roundTrip(count: Int, width: Int) {
        let block = Self.values(count, width: width)
        #expect(BytePlanes.width(of: block) == (count == 0 ? 0 : width))
        let planes = Storage<UInt8>(count: count * width + 8).all
        planes.fill(0xEE)
        planes.withUnsafeMutableBytes { BytePlanes.pack(block, width: width, into: $0) }
        for i in 0..<count {
            let zigzag = UInt32(bitPattern: (block[i] << 1) ^ (block[i] >> 31))
            for byte in 0..<width { #expect(planes[byte * count + i] == UInt8(truncatingIfNeeded: zigzag >> UInt32(8 * byte))) }
        }
        #expect(planes[count * width..<count * width + 8].array == [UInt8](repeating: 0xEE, count: 8))
        let back = Slice([Int32](repeating: 77, count: count))
        planes.withUnsafeBytes { BytePlanes.unpack($0, width: width, into: back) }
        #expect(back.array == block.array)
        planes.withUnsafeBytes { BytePlanes.unpackAdding($0, width: width, into: back) }
        #expect(back.array == block.array.map { $0 &+ $0 })
    }

    @Test("The width grows where one more byte is needed")
    func widths() {
        let edges: [(Int32, Int)] = [
            (0, 0), (-1, 1), (1, 1), (127, 1), (-128, 1), (128, 2), (-129, 2), (32_767, 2), (-32_768, 2), (32_768, 3),
            (8_388_607, 3), (-8_388_608, 3), (8_388_608, 4), (.max, 4), (.min, 4),
        ]
        for (value, width) in edges { #expect(BytePlanes.width(of: Slice([0, value, 0])) == width) }
    }

    @Test("CRC-32C has the check values of RFC 3720")
    func checkValues() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
        #expect(CRC32C.checksum([], continuing: 7) == 7)
    }

    /// Lengths around every place where the fast way changes its stride: words, three parts of 256 bytes, three of 4,096.
    static let lengths =
        Array(0...100) + [3, 6, 9, 48, 96].flatMap { parts in (-9...9).map { 256 * parts + $0 } } + [40_000, 65_536 + 5]

    @Test("CRC-32C is what the table gives, for every length, alignment and beginning")
    func lengthsAndAlignments() {
        let bytes = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 0x9E37_79B1 >> 11) }
        bytes.withUnsafeBytes { bytes in
            for length in Self.lengths {
                for offset in length < 1000 ? Array(0..<16) : [0, 1, 7, 8, 13] {
                    let part = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
                    let start = UInt32(truncatingIfNeeded: length &* 0x9E37_79B1)
                    let expected = CRC32C.checksumByTable(part, continuing: start)
                    #expect(CRC32C.checksum(part, continuing: start) == expected, "\(length) bytes from \(offset)")
                    if let one = CRC32C.checksumByOneStream(part, continuing: start) { #expect(one == expected) }
                }
            }
        }
    }

    @Test("CRC-32C of parts in a row is that of the whole, wherever it is cut")
    func chaining() {
        let bytes = (0..<26_001).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 >> 8) }
        bytes.withUnsafeBytes { bytes in
            let whole = CRC32C.checksum(bytes)
            #expect(whole == CRC32C.checksumByTable(bytes))
            for cut in Self.lengths where cut <= bytes.count {
                let first = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<cut]))
                #expect(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[cut...]), continuing: first) == whole, "at \(cut)")
            }
        }
    }
}
