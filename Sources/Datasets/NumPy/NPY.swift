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
    /// Appends the value's little-endian bytes.
    func append(to bytes: inout [UInt8])
}

extension Float: NPYElement {
    public static var npyType: NPYType { .float32 }
    public func append(to bytes: inout [UInt8]) { appendLittleEndian(bitPattern, to: &bytes) }
}

extension UInt8: NPYElement {
    public static var npyType: NPYType { .uint8 }
    public func append(to bytes: inout [UInt8]) { bytes.append(self) }
}

extension Int32: NPYElement {
    public static var npyType: NPYType { .int32 }
    public func append(to bytes: inout [UInt8]) { appendLittleEndian(self, to: &bytes) }
}

extension Int64: NPYElement {
    public static var npyType: NPYType { .int64 }
    public func append(to bytes: inout [UInt8]) { appendLittleEndian(self, to: &bytes) }
}

private func appendLittleEndian(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
}
