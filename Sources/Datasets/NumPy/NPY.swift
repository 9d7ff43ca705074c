import Kernels

/// Reader and writer of NumPy's `.npy` files.
public enum NPY {
    /// The array of a file; `role` says what it is to be, which decides the types it may have.
    ///
    /// - Parameter most: the greatest size of the file in bytes, checked before memory is taken; nil is the limit for any array.
    public static func read(
        _ path: String, as role: NPYRole = .any, atMost most: Int? = nil
    ) throws -> NPYArray {
        let (file, most) = (try RawFile(path), most ?? NPYHeader.greatestBytes)
        guard file.size <= most else {
            throw DataError.malformed(
                file: path, offset: 0, unpacked: false, found: "\(file.size) bytes", expected: "an array of at most \(most)")
        }
        return try decode(try file.read(file.size), file: path, unpacked: false, as: role)
    }

    /// Whether a file begins like an `.npy` file.
    static func isArray(_ path: String) throws -> Bool {
        try RawFile(path).read(NPYHeader.magic.count) == NPYHeader.magic
    }

    /// Writes a whole array; the file has its name only when it is complete.
    public static func write<Element: NPYElement>(_ values: [Element], shape: [Int], to path: String) throws {
        let writer = try NPYWriter<Element>(path, shape: shape)
        try writer.append(values)
        try writer.commit()
    }

    static func decode(_ bytes: [UInt8], file: String, unpacked: Bool, as role: NPYRole) throws -> NPYArray {
        let header = try NPYHeader(bytes, file: file, unpacked: unpacked, for: role)
        let values = values(bytes[header.dataOffset...], header.type, isBigEndian: header.isBigEndian)
        return NPYArray(
            file: file, shape: header.shape, type: header.type,
            values: header.isFortran ? values.fromFortranOrder(header.shape) : values)
    }

    private static func values(_ body: ArraySlice<UInt8>, _ type: NPYType, isBigEndian: Bool) -> TensorValues {
        func words<Word: FixedWidthInteger, Element: TensorElement>(_: Word.Type, _ element: (Word) -> Element) -> Slice<Element> {
            Self.words(body, isBigEndian: isBigEndian, element)
        }
        return switch type {
        case .uint8: .u8(Slice(body))
        case .bool: TensorValues(body.map { $0 == 0 ? 0 : 1 } as [Int32])
        case .int8: TensorValues(body.map { Int32(Int8(bitPattern: $0)) })
        case .int16: .i32(words(UInt16.self) { Int32(Int16(bitPattern: $0)) })
        case .uint16: .i32(words(UInt16.self) { Int32($0) })
        case .int32: .i32(words(UInt32.self) { Int32(bitPattern: $0) })
        case .uint32: .i64(words(UInt32.self) { Int64($0) })
        case .int64: .i64(words(UInt64.self) { Int64(bitPattern: $0) })
        case .uint64: .i64(words(UInt64.self) { Int64(clamping: $0) })
        case .float16: .f32(words(UInt16.self) { Float(Float16(bitPattern: $0)) })
        case .float32: .f32(words(UInt32.self) { Float(bitPattern: $0) })
        case .float64: .f64(words(UInt64.self) { Double(bitPattern: $0) })
        }
    }

    private static func words<Word: FixedWidthInteger, Element: TensorElement>(
        _ bytes: ArraySlice<UInt8>, isBigEndian: Bool, _ element: (Word) -> Element
    ) -> Slice<Element> {
        let size = Word.bitWidth / 8
        let elements = Storage<Element>(count: bytes.count / size).all
        for next in elements.indices {
            let start = bytes.startIndex + next * size
            var word: Word = 0
            for index in 0..<size { word |= Word(truncatingIfNeeded: bytes[start + index]) << (8 * index) }
            elements[next] = element(isBigEndian ? word.byteSwapped : word)
        }
        return elements
    }
}

/// An element type that an `.npy` file can be written with.
public protocol NPYElement: TensorElement {
    /// The bytes of many values at once, so that the loop over them knows its type.
    static func littleEndianBytes(_ values: ArraySlice<Self>) -> [UInt8]
}

extension Float: NPYElement {
    public static func littleEndianBytes(_ values: ArraySlice<Float>) -> [UInt8] { bytes(values) { $0.bitPattern } }
}

extension UInt8: NPYElement {
    public static func littleEndianBytes(_ values: ArraySlice<UInt8>) -> [UInt8] { Array(values) }
}

extension Int32: NPYElement {
    public static func littleEndianBytes(_ values: ArraySlice<Int32>) -> [UInt8] { bytes(values) { $0 } }
}

extension Int64: NPYElement {
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
