/// Reads the Python dictionary of an `.npy` header: exactly the keys `descr`, `fortran_order` and `shape`, in any order.
struct NPYDictionary {
    struct Fault: Error {
        var offset: Int
        var found: String
        var expected: String
    }

    private var text: ArraySlice<UInt8>

    /// The slice keeps the indices of the file, so that a fault's offset is the file's.
    init(_ text: ArraySlice<UInt8>) { self.text = text }

    mutating func read() throws -> (type: NPYType, shape: [Int]) {
        var type: NPYType?
        var shape: [Int]?
        var isOrdered = false
        try require("{")
        while !take("}") {
            skipSpace()
            let start = text.startIndex
            let key = try quoted()
            try require(":")
            switch key {
            case "descr" where type == nil: type = try descriptor()
            case "fortran_order" where !isOrdered:
                try order()
                isOrdered = true
            case "shape" where shape == nil: shape = try tuple()
            default: throw Fault(offset: start, found: "key '\(key)'", expected: "descr, fortran_order and shape, once each")
            }
            if !take(",") {
                try require("}")
                break
            }
        }
        skipSpace()
        guard let type, let shape, isOrdered, text.isEmpty else {
            throw Fault(offset: text.startIndex, found: "an incomplete header", expected: "descr, fortran_order and shape")
        }
        return (type, shape)
    }

    private mutating func descriptor() throws -> NPYType {
        skipSpace()
        let start = text.startIndex
        let name = try quoted()
        // One byte has no order: "<u1" is what some writers say for "|u1".
        guard let type = NPYType(rawValue: name == "<u1" ? "|u1" : name) else {
            let known = NPYType.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault(offset: start, found: "type '\(name)'", expected: "one of \(known)")
        }
        return type
    }

    private mutating func order() throws {
        skipSpace()
        let start = text.startIndex
        if word("False") { return }
        throw Fault(
            offset: start, found: word("True") ? "Fortran order" : "another value of fortran_order",
            expected: "C order (numpy.ascontiguousarray before numpy.save)")
    }

    private mutating func tuple() throws -> [Int] {
        try require("(")
        var sides: [Int] = []
        while !take(")") {
            skipSpace()
            let start = text.startIndex
            let digits = text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let side = Int(String(decoding: digits, as: UTF8.self)), sides.count < NPYHeader.greatestRank else {
                throw Fault(offset: start, found: "another dimension", expected: "up to \(NPYHeader.greatestRank) counts")
            }
            sides.append(side)
            text = text.dropFirst(digits.count)
            if !take(",") {
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

    private mutating func take(_ mark: String) -> Bool {
        skipSpace()
        return word(mark)
    }

    private mutating func require(_ mark: String) throws {
        guard take(mark) else { throw Fault(offset: text.startIndex, found: "another character", expected: "\(mark)") }
    }
}
