import Kernels
import Testing

@Suite("Hexadecimal digits") struct HexTests {
    @Test("Every byte has two lower-case digits, a 64-bit value sixteen")
    func digits() {
        #expect(hexDigits([0, 9, 10, 0x7f, 0x80, 0xff]) == "00090a7f80ff")
        #expect(hexDigits([UInt8]()) == "")
        #expect(hexDigits(UInt64(0)) == "0000000000000000")
        #expect(hexDigits(UInt64(0x0123_4567_89ab_cdef)) == "0123456789abcdef")
        #expect(hexDigits(UInt64.max) == "ffffffffffffffff")
    }
}
