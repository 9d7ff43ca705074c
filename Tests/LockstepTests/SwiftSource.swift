import Foundation
import Testing

/// A Swift source as far as a test of the sentences in it needs it: its string literals, and the code around them.
struct SwiftSource {
    /// One literal, or several that `+` joins. What is interpolated is `cut`.
    struct Literal {
        var range: Range<Int>
        var text: String
    }

    /// Stands in a literal's text for what is only known when the program runs.
    static let cut: Character = "\u{1}"

    private(set) var literals: [Literal] = []
    /// The source's bytes, with blanks in the place of comments and literals.
    private(set) var code: [UInt8]
    private let bytes: [UInt8]

    init(_ text: String) {
        bytes = Array(text.utf8)
        code = bytes
        var index = 0
        while index < bytes.count {
            if follows("//", index) {
                let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                blank(index..<end)
                index = end
            } else if follows("#\"", index) {
                index = readRaw(index)
            } else if bytes[index] == UInt8(ascii: "\"") {
                index = readLiteral(index)
            } else {
                index += 1
            }
        }
        literals.sort { $0.range.lowerBound < $1.range.lowerBound }
        joinAdded()
    }

    /// The literals between the parentheses of every call whose code begins with `head`, in which one parenthesis is open. Blanks and the
    /// ends of lines make no difference.
    func literals(ofCallsTo head: String) -> [(line: Int, texts: [String])] {
        let head = Array(head.utf8)
        var calls: [(Int, [String])] = []
        for start in code.indices {
            guard var end = self.end(of: head, at: start) else { continue }
            var depth = 1
            while end < code.count, depth > 0 {
                if code[end] == UInt8(ascii: "(") { depth += 1 }
                if code[end] == UInt8(ascii: ")") { depth -= 1 }
                end += 1
            }
            let inside = literals.filter { $0.range.lowerBound >= start && $0.range.upperBound <= end }
            calls.append((1 + bytes[..<start].count { $0 == UInt8(ascii: "\n") }, inside.map(\.text)))
        }
        return calls
    }

    /// The end of `head`, if it stands at `start` as whole words.
    private func end(of head: [UInt8], at start: Int) -> Int? {
        guard code[start] == head[0] else { return nil }
        if start > 0, Character(UnicodeScalar(head[0])).isLetter, Character(UnicodeScalar(code[start - 1])).isLetter { return nil }
        var index = start
        for byte in head where byte != UInt8(ascii: " ") {
            while index < code.count, code[index] <= 0x20 { index += 1 }
            guard index < code.count, code[index] == byte else { return nil }
            index += 1
        }
        return index
    }

    private func follows(_ text: String, _ index: Int) -> Bool { bytes[index...].starts(with: text.utf8) }

    private mutating func blank(_ range: Range<Int>) {
        for index in range where code[index] != UInt8(ascii: "\n") { code[index] = UInt8(ascii: " ") }
    }

    private mutating func put(_ range: Range<Int>, _ text: [UInt8]) {
        let words = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        let ends = (text.first == UInt8(ascii: " ") ? " " : "", text.last == UInt8(ascii: " ") ? " " : "")
        literals.append(Literal(range: range, text: ends.0 + words.joined(separator: " ") + ends.1))
        blank(range)
    }

    private mutating func readRaw(_ start: Int) -> Int {
        var end = start + 2
        while end < bytes.count, !follows("\"#", end) { end += 1 }
        put(start..<min(bytes.count, end + 2), Array(bytes[start + 2..<end]))
        return min(bytes.count, end + 2)
    }

    /// Returns where the code goes on.
    private mutating func readLiteral(_ start: Int) -> Int {
        let mark = follows("\"\"\"", start) ? "\"\"\"" : "\""
        var index = start + mark.utf8.count
        var text: [UInt8] = []
        while index < bytes.count, !follows(mark, index) {
            if follows("\\(", index) {
                index = readInterpolation(index + 2)
                text += Array(String(Self.cut).utf8)
            } else if bytes[index] == UInt8(ascii: "\\") {
                text.append(bytes[index + 1] == UInt8(ascii: "n") ? UInt8(ascii: " ") : bytes[index + 1])
                index += 2
            } else {
                text.append(bytes[index])
                index += 1
            }
        }
        put(start..<index + mark.utf8.count, text)
        return index + mark.utf8.count
    }

    /// Past the closing parenthesis. Literals inside count by themselves.
    private mutating func readInterpolation(_ start: Int) -> Int {
        var depth = 1
        var index = start
        while index < bytes.count, depth > 0 {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index = readLiteral(index)
                continue
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            default: break
            }
            index += 1
        }
        return index
    }

    private mutating func joinAdded() {
        var joined: [Literal] = []
        for literal in literals {
            // Not always the last one: that may stand in the interpolation of the one before the `+`.
            let first = joined.lastIndex { one in
                one.range.upperBound <= literal.range.lowerBound
                    && bytes[one.range.upperBound..<literal.range.lowerBound].allSatisfy { $0 <= 0x20 || $0 == UInt8(ascii: "+") }
            }
            if let first {
                joined[first] = Literal(
                    range: joined[first].range.lowerBound..<literal.range.upperBound, text: joined[first].text + literal.text)
            } else {
                joined.append(literal)
            }
        }
        literals = joined
    }
}

struct SwiftSourceTests {
    @Test("a source is read: joined and interpolated literals, raw ones and blocks, and the calls they stand in")
    func reading() {
        let text = #"""
            func f(_ x: Int) throws {
                log.warning("one \(x) \"two\" " + "three \(x > 1 ? "inner" : "other \(x)") four\n" + "five") // "a comment"
                throw LocalError(#"raw "quoted" text"#)
                lines += [.log(.error, """
                    a block \
                    that goes on
                    and ends
                    """)]
                let mine = try? self.fail("said", about: .x)
                relog.warning(name("named"))
            }
            """#
        let source = SwiftSource(text)
        let first = "one \(SwiftSource.cut) \"two\" three \(SwiftSource.cut) four five"
        #expect(
            source.literals.map(\.text).sorted()
                == [
                    first, "inner", "other \(SwiftSource.cut)", "raw \"quoted\" text", "a block that goes on and ends ", "said",
                    "named",
                ].sorted())
        #expect(source.literals(ofCallsTo: "log.warning(").map(\.texts.first) == [first])
        #expect(source.literals(ofCallsTo: "throw LocalError(").map(\.texts) == [["raw \"quoted\" text"]])
        #expect(source.literals(ofCallsTo: ".log(.error,").map(\.texts) == [["a block that goes on and ends "]])
        #expect(source.literals(ofCallsTo: "fail(").map(\.texts) == [["said"]])
        #expect(source.literals(ofCallsTo: "name(").map(\.texts) == [["named"]])
    }
}
