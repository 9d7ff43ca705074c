/// The content of a text file that a user wrote, with any system's line ends: every reader of such a file begins with this.
public enum WrittenText {
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// The text in UTF-8 without a byte order mark, each line ended by a line feed alone, where the file had CRLF or CR.
    ///
    /// UTF-16, which some editors and shells of other systems write, is recognised by its byte order mark. Bytes that are no UTF-8 stay.
    public static func normalised(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var previous: UInt8 = 0
        for byte in utf8(bytes) {
            if byte != lineFeed || previous != carriageReturn { text.append(byte == carriageReturn ? lineFeed : byte) }
            previous = byte
        }
        return text
    }

    private static func utf8(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        switch (bytes.first, bytes.dropFirst().first) {
        case (0xFF, 0xFE): return utf16(bytes.dropFirst(2)) { low, high in UInt16(high) << 8 | UInt16(low) }
        case (0xFE, 0xFF): return utf16(bytes.dropFirst(2)) { high, low in UInt16(high) << 8 | UInt16(low) }
        default: return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        }
    }

    private static func utf16(_ bytes: ArraySlice<UInt8>, unit: (UInt8, UInt8) -> UInt16) -> ArraySlice<UInt8> {
        let units = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map { unit(bytes[$0], bytes[$0 + 1]) }
        return Array(String(decoding: units, as: UTF16.self).utf8)[...]
    }
}
