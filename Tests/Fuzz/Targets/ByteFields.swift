import Kernels

/// Numbers inside byte strings, for targets that mend checksums: a fuzzer cannot guess a CRC, and everything behind one
/// would otherwise stay untried.
extension [UInt8] {
    func little16(at offset: Int) -> Int { Int(self[offset]) | Int(self[offset + 1]) << 8 }

    func little32(at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(self[offset + $1]) << (8 * UInt32($1)) }
    }

    mutating func put32(_ value: UInt32, at offset: Int) {
        for index in 0..<4 { self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index))) }
    }

    /// Writes the CRC-32C of `range` at `offset`.
    mutating func putChecksum(of range: Range<Int>, at offset: Int) {
        put32(CRC32C.checksum(Array(self[range])), at: offset)
    }
}
