/// The front of an `.npy` file: magic, version, length, and a Python dictionary of type, order and shape, padded so that
/// the values start at a multiple of 64 (NumPy's format 1.0; 2.0 and 3.0, with a longer length field, are read too).
package struct NPYHeader {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    static let greatestLength = 65_536
    package static let greatestRank = 32
    static let greatestBytes = 1 << 34

    var type: NPYType
    var isBigEndian: Bool
    /// The first index runs fastest.
    var isFortran: Bool
    var shape: [Int]
    /// Where the values start.
    var dataOffset: Int
    /// Number of elements.
    var count: Int

    /// Reads the front of `bytes`; what follows must be exactly the values, of a type that is read for `role`.
    init(_ bytes: [UInt8], file: String, unpacked: Bool, for role: NPYRole) throws {
        func malformed(_ offset: Int, _ found: String, _ expected: String) -> DataError {
            .malformed(file: file, offset: offset, unpacked: unpacked, found: found, expected: expected)
        }
        guard bytes.count >= 10 else {
            throw malformed(bytes.count, "the end of the file", "an .npy header of 10 bytes or more")
        }
        guard bytes.starts(with: Self.magic) else {
            throw malformed(0, "other bytes", "the magic \\x93NUMPY of an .npy file")
        }
        let version = Int(bytes[6])
        guard (1...3).contains(version) else { throw malformed(6, "format version \(version)", "1, 2 or 3") }
        let start = version == 1 ? 10 : 12
        guard bytes.count >= start else { throw malformed(bytes.count, "the end of the file", "the header's length") }
        let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.greatestLength else {
            throw malformed(8, "header length \(length)", "at most \(Self.greatestLength)")
        }
        dataOffset = start + length
        guard dataOffset <= bytes.count else {
            throw malformed(8, "header length \(length) in a file of \(bytes.count) bytes", "a header that the file holds")
        }
        var dictionary = NPYDictionary(bytes[start..<dataOffset])
        let content: NPYDictionary.Content
        do {
            content = try dictionary.read()
        } catch let fault as NPYDictionary.Fault {
            throw malformed(fault.offset, fault.found, fault.expected)
        }
        (shape, isFortran) = (content.shape, content.isFortran)
        guard let known = NPYType.parse(content.descriptor), role.types.contains(known.type) else {
            let name = NPYType.parse(content.descriptor).map { "\($0.type)" } ?? "'\(content.descriptor)'"
            throw DataError.elementType(file: file, found: name, role: role)
        }
        (type, isBigEndian) = known
        count = 1
        for side in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: side)
            guard !overflow, product <= Self.greatestBytes / type.bytes else {
                throw malformed(start, "shape \(shape)", "at most \(Self.greatestBytes) bytes")
            }
            count = product
        }
        guard bytes.count - dataOffset == count * type.bytes else {
            throw malformed(
                dataOffset, "\(bytes.count - dataOffset) bytes of values",
                "\(count * type.bytes) for shape \(shape) of \(type)")
        }
    }

    /// The front of a file of that type and shape, in format 1.0.
    package static func encode(_ type: NPYType, shape: [Int]) -> [UInt8] {
        let sides = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '\(type.descriptor)', 'fortran_order': False, 'shape': (\(sides)), }"
        let padding = 63 - (10 + text.utf8.count) % 64
        text += String(repeating: " ", count: padding) + "\n"
        let length = text.utf8.count
        return magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8)
    }
}
