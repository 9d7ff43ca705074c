/// Reads the Python dictionary of an `.npy` header: exactly the keys `descr`, `fortran_order` and `shape`, in any order.
struct NPYDictionary {
    struct Fault: Error {
        var offset: Int
        var found: String
        var expected: String
    }

    /// What the dictionary says.
    struct Content {
        /// The element type, as written there.
        var descriptor: String
        /// The first index runs fastest.
        var isFortran: Bool
        var shape: [Int]
    }

    private var text: ArraySlice<UInt8>

    /// The slice keeps the indices of the file, so that a fault's offset is the file's.
    init(_ text: ArraySlice<UInt8>) { self.text = text }

    mutating func read() throws -> Content {
        var found: String?
        var shape: [Int]?
        var isFortran: Bool?
        try require("{")
        while !consume("}") {
            skipSpace()
            let start = text.startIndex
            let key = try quoted()
            try require(":")
            switch key {
            case "descr" where found == nil: found = try descriptor()
            case "fortran_order" where isFortran == nil: isFortran = try order()
            case "shape" where shape == nil: shape = try tuple()
            default: throw Fault(offset: start, found: "key '\(key)'", expected: "descr, fortran_order and shape, once each")
            }
            if !consume(",") {
                try require("}")
                break
            }
        }
        skipSpace()
        guard let found, let shape, let isFortran, text.isEmpty else {
            throw Fault(offset: text.startIndex, found: "an incomplete header", expected: "descr, fortran_order and shape")
        }
        return Content(descriptor: found, isFortran: isFortran, shape: shape)
    }

    /// A quoted name, or the whole list by which NumPy describes records.
    private mutating func descriptor() throws -> String {
        skipSpace()
        guard text.first == UInt8(ascii: "[") else { return try quoted() }
        let start = text.startIndex
        var depth = 0
        var list: [UInt8] = []
        while let byte = text.popFirst() {
            list.append(byte)
            if byte == UInt8(ascii: "[") { depth += 1 }
            if byte == UInt8(ascii: "]") { depth -= 1 }
            if depth == 0 { return String(decoding: list, as: UTF8.self) }
        }
        throw Fault(offset: start, found: "a list without an end", expected: "the type of the elements")
    }

    private mutating func order() throws -> Bool {
        skipSpace()
        if word("False") { return false }
        if word("True") { return true }
        throw Fault(offset: text.startIndex, found: "another value of fortran_order", expected: "False or True")
    }

    private mutating func tuple() throws -> [Int] {
        try require("(")
        var sides: [Int] = []
        while !consume(")") {
            skipSpace()
            let start = text.startIndex
            let digits = text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let side = Int(String(decoding: digits, as: UTF8.self)), sides.count < NPYHeader.greatestRank else {
                throw Fault(offset: start, found: "another dimension", expected: "up to \(NPYHeader.greatestRank) counts")
            }
            sides.append(side)
            text = text.dropFirst(digits.count)
            if !consume(",") {
                try require(")")
                break
            }
        }
        return sides
    }

    private mutating func quoted() throws -> String {
        try require("'")
        let content = text.prefix { $0 != UInt8(ascii: "'") }
        text = text.dropFirst(content.count)
        try require("'")
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func skipSpace() {
        text = text.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    }

    private mutating func word(_ word: String) -> Bool {
        guard text.starts(with: word.utf8) else { return false }
        text = text.dropFirst(word.utf8.count)
        return true
    }

    private mutating func consume(_ mark: String) -> Bool {
        skipSpace()
        return word(mark)
    }

    private mutating func require(_ mark: String) throws {
        guard consume(mark) else { throw Fault(offset: text.startIndex, found: "another character", expected: "\(mark)") }
    }
}
