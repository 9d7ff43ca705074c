/// A text that is not JSON: where it stops being so and what should stand there.
public struct JSONError: Error, CustomStringConvertible, Sendable, Equatable {
    /// Byte of the text at which reading stopped.
    public let offset: Int
    /// What should have stood there.
    public let expected: String

    public var description: String {
        "The text is not JSON: \(expected) is expected at byte \(offset)."
    }
}

extension JSON {
    /// Deepest nesting that is read; nothing Lockstep writes comes near.
    public static let maximumDepth = 64

    /// Reads one JSON value and nothing after it but white space. Throws `JSONError`; a key that stands twice is an error too.
    public init(parsing text: String) throws {
        try self.init(parsing: Array(text.utf8))
    }

    /// Reads UTF-8 bytes that hold one JSON value.
    public init(parsing bytes: [UInt8]) throws {
        var parser = JSONParser(bytes: bytes)
        self = try parser.document()
    }
}

/// Strict recursive descent over UTF-8 bytes (RFC 8259).
private struct JSONParser {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw failure("the end of the text") }
        return value
    }

    private func failure(_ expected: String) -> JSONError {
        JSONError(offset: position, expected: expected)
    }

    private var next: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func consume(_ byte: UInt8, _ name: String) throws {
        guard next == byte else { throw failure(name) }
        position += 1
    }

    private mutating func value(depth: Int) throws -> JSON {
        guard depth < JSON.maximumDepth else { throw failure("a value no deeper than \(JSON.maximumDepth) levels") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws -> JSON {
        guard bytes[position...].starts(with: word.utf8) else { throw failure(word) }
        position += word.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws -> JSON {
        position += 1
        var members: [JSON.Member] = []
        var seen: Set<String> = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipSpace()
            let start = position
            let key = try string()
            guard seen.insert(key).inserted else {
                throw JSONError(offset: start, expected: "a key other than \"\(key)\", which stood before,")
            }
            skipSpace()
            try consume(UInt8(ascii: ":"), "a colon")
            members.append(JSON.Member(key, try value(depth: depth + 1)))
            skipSpace()
            if next == UInt8(ascii: "}") { break }
            try consume(UInt8(ascii: ","), "a comma or a closing brace")
        }
        position += 1
        return .object(members)
    }

    private mutating func array(depth: Int) throws -> JSON {
        position += 1
        var values: [JSON] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            position += 1
            return .array(values)
        }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            if next == UInt8(ascii: "]") { break }
            try consume(UInt8(ascii: ","), "a comma or a closing bracket")
        }
        position += 1
        return .array(values)
    }

    private mutating func number() throws -> JSON {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        let leadingZero = next == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !(leadingZero && whole > 1) else {
            position = start
            throw failure("a value")
        }
        var isReal = false
        if next == UInt8(ascii: ".") {
            isReal = true
            position += 1
            guard digits() > 0 else { throw failure("a digit") }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isReal = true
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            guard digits() > 0 else { throw failure("a digit") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if !isReal, let value = Int64(text) { return .integer(value) }
        if !isReal, let value = UInt64(text) { return .unsigned(value) }
        guard let value = Double(text), value.isFinite else {
            position = start
            throw failure("a number that a 64-bit real can hold")
        }
        return .real(value)
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = next, byte >= 0x30, byte <= 0x39 { position += 1 }
        return position - start
    }

    private mutating func string() throws -> String {
        try consume(UInt8(ascii: "\""), "a quoted text")
        let start = position
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw JSONError(offset: start, expected: "text in UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                try escape(into: &content)
            case 0..<0x20:
                position -= 1
                throw failure("a printable character")
            default:
                content.append(byte)
            }
        }
        throw failure("a closing quotation mark")
    }

    private mutating func escape(into content: inout [UInt8]) throws {
        guard let byte = next else { throw failure("an escaped character") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: String(try escapedScalar()).utf8)
        default:
            position -= 1
            throw failure("one of the escapes \" \\ / b f n r t u")
        }
    }

    private mutating func escapedScalar() throws -> Unicode.Scalar {
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, bytes[position...].starts(with: "\\u".utf8) else {
            throw failure("the second half of a surrogate pair")
        }
        position += 2
        let second = try fourHexDigits()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((UInt32(first) - 0xD800) << 10) + (UInt32(second) - 0xDC00))
        else { throw failure("the second half of a surrogate pair") }
        return scalar
    }

    private mutating func fourHexDigits() throws -> UInt16 {
        guard position + 4 <= bytes.count,
            bytes[position..<position + 4].allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66) }),
            let value = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits") }
        position += 4
        return value
    }
}
