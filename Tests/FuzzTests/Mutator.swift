import FuzzTargets
import Kernels

/// Damages inputs the way disks, networks and strangers do; the same seed damages alike.
struct Mutator {
    private var random: SplitMix

    init(seed: UInt64) { random = SplitMix(seed: seed) }

    /// Longest input that mutations grow to.
    static let longest = 8192

    /// One to four changes of `bytes`; `others` are inputs of the same format, to splice with.
    mutating func damage(_ bytes: [UInt8], others: [[UInt8]]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) { change(&bytes, others: others) }
        return Array(bytes.prefix(Mutator.longest))
    }

    private mutating func change(_ bytes: inout [UInt8], others: [[UInt8]]) {
        let byte = UInt8.random(in: .min ... .max, using: &random)
        guard !bytes.isEmpty else { return bytes.append(byte) }
        let place = Int.random(in: bytes.indices, using: &random)
        let length = Int.random(in: 1...min(16, bytes.count - place), using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: bytes[place] ^= 1 << (byte & 7)
        case 1: bytes[place] = byte
        case 2: bytes.removeSubrange(place..<place + length)
        case 3: bytes.insert(byte, at: place)
        case 4: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
        case 5: putNumber(&bytes, at: place)
        case 6: putDigits(&bytes, at: place)
        case 7: bytes.removeSubrange(place...)
        default: splice(&bytes, at: place, others)
        }
    }

    private static let numbers: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 62, 1 << 63, .max,
    ]
    private static let texts = [
        "0", "-1", "65536", "4294967296", "9223372036854775807", "18446744073709551616", "1e999", "nan", "{}", "[", "\"", "\n",
        "&a *a",
    ]

    /// Writes a number that is bad as a length or a count.
    private mutating func putNumber(_ bytes: inout [UInt8], at place: Int) {
        let number = Mutator.numbers.randomElement(using: &random) ?? 0
        let width = min([1, 2, 4, 8].randomElement(using: &random) ?? 1, bytes.count - place)
        let bigEndian = Bool.random(using: &random)
        for index in 0..<width {
            bytes[place + (bigEndian ? width - 1 - index : index)] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
        }
    }

    /// The same for formats of text.
    private mutating func putDigits(_ bytes: inout [UInt8], at place: Int) {
        let text = Array((Mutator.texts.randomElement(using: &random) ?? "").utf8)
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        let start = bytes[place...].firstIndex(where: isDigit) ?? place
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.endIndex
        bytes.replaceSubrange(start..<end, with: text)
    }

    private mutating func splice(_ bytes: inout [UInt8], at place: Int, _ others: [[UInt8]]) {
        guard let other = others.randomElement(using: &random), !other.isEmpty else { return }
        bytes.replaceSubrange(place..., with: other[Int.random(in: other.indices, using: &random)...])
    }
}
