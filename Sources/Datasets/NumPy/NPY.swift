/// Reader and writer of NumPy's `.npy` files.
public enum NPY {
    public static func read(_ path: String) throws -> NPYArray {
        let file = try RawFile(path)
        guard file.size <= NPYHeader.greatestBytes else {
            throw DataError.malformed(
                file: path, offset: 0, unpacked: false, found: "\(file.size) bytes",
                expected: "an array of at most \(NPYHeader.greatestBytes)")
        }
        return try decode(try file.read(file.size), file: path, unpacked: false)
    }

    /// Writes a whole array; the file has its name only when it is complete.
    public static func write<Element: NPYElement>(_ values: [Element], shape: [Int], to path: String) throws {
        let writer = try NPYWriter<Element>(path, shape: shape)
        try writer.append(values)
        try writer.commit()
    }

    static func decode(_ bytes: [UInt8], file: String, unpacked: Bool) throws -> NPYArray {
        let header = try NPYHeader(bytes, file: file, unpacked: unpacked)
        let body = bytes[header.dataOffset...]
        let values: NPYValues =
            switch header.type {
            case .uint8: .uint8(Array(body))
            case .float32: .float32(words(body, UInt32.self) { Float(bitPattern: $0) })
            case .float64: .float64(words(body, UInt64.self) { Double(bitPattern: $0) })
            case .int32: .int32(words(body, UInt32.self) { Int32(bitPattern: $0) })
            case .int64: .int64(words(body, UInt64.self) { Int64(bitPattern: $0) })
            }
        return NPYArray(file: file, shape: header.shape, values: values, dataOffset: header.dataOffset)
    }

    private static func words<Word: FixedWidthInteger, Element>(
        _ bytes: ArraySlice<UInt8>, _: Word.Type, _ element: (Word) -> Element
    ) -> [Element] {
        let size = Word.bitWidth / 8
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map { start in
            var word: Word = 0
            for index in 0..<size { word |= Word(truncatingIfNeeded: bytes[start + index]) << (8 * index) }
            return element(word)
        }
    }
}

/// A type that an `.npy` file can be written of.
public protocol NPYElement: Sendable {
    static var npyType: NPYType { get }
    /// The bytes of many values at once, so that the loop over them knows its type.
    static func littleEndianBytes(_ values: ArraySlice<Self>) -> [UInt8]
}

extension Float: NPYElement {
    public static var npyType: NPYType { .float32 }
    public static func littleEndianBytes(_ values: ArraySlice<Float>) -> [UInt8] { bytes(values) { $0.bitPattern } }
}

extension UInt8: NPYElement {
    public static var npyType: NPYType { .uint8 }
    public static func littleEndianBytes(_ values: ArraySlice<UInt8>) -> [UInt8] { Array(values) }
}

extension Int32: NPYElement {
    public static var npyType: NPYType { .int32 }
    public static func littleEndianBytes(_ values: ArraySlice<Int32>) -> [UInt8] { bytes(values) { $0 } }
}

extension Int64: NPYElement {
    public static var npyType: NPYType { .int64 }
    public static func littleEndianBytes(_ values: ArraySlice<Int64>) -> [UInt8] { bytes(values) { $0 } }
}

private func bytes<Element, Word: FixedWidthInteger>(
    _ values: ArraySlice<Element>, _ word: (Element) -> Word
) -> [UInt8] {
    let size = Word.bitWidth / 8
    var bytes = [UInt8](repeating: 0, count: values.count * size)
    var next = 0
    for value in values {
        let word = word(value)
        for index in 0..<size { bytes[next + index] = UInt8(truncatingIfNeeded: word >> (8 * index)) }
        next += size
    }
    return bytes
}
