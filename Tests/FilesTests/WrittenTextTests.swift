import Files
import Testing
import Waiting

@Suite("Text files of other systems") struct WrittenTextTests {
    private static let text = "α: 1\n\nβ\n"

    @Test(
        "line ends and byte order marks of every system give one text",
        arguments: [
            Array(text.utf8), Array("\u{FEFF}α: 1\r\n\r\nβ\r\n".utf8), Array("α: 1\r\rβ\r".utf8), Array("α: 1\n\r\nβ\r\n".utf8),
            utf16("\u{FEFF}α: 1\r\n\r\nβ\r\n", isBigEndian: false), utf16("\u{FEFF}α: 1\n\nβ\n", isBigEndian: true),
        ])
    func normalised(bytes: [UInt8]) { #expect(WrittenText.normalised(bytes) == Array(Self.text.utf8)) }

    @Test("what is no text is left as it is", arguments: [[], [0xFF], [0xC3], [0xEF, 0xBB], [0, 1, 2]] as [[UInt8]])
    func others(bytes: [UInt8]) { #expect(WrittenText.normalised(bytes) == bytes) }

    @Test("an odd byte at the end of a text in UTF-16 is left out")
    func odd() { #expect(WrittenText.normalised([0xFF, 0xFE, 0x61, 0, 0x62]) == [0x61]) }

    private static func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
        text.utf16.flatMap { unit in
            let bytes = [UInt8(unit & 255), UInt8(unit >> 8)]
            return isBigEndian ? bytes.reversed() : bytes
        }
    }
}
