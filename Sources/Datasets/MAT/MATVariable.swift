/// What a MAT file says of one of its variables: a full numeric array of real numbers.
public struct MATVariable: Sendable, Hashable {
    public let name: String
    public let type: MATType
    /// At least two axes, the first one varying fastest.
    public let shape: [Int]
    /// Whether its elements are packed, so that later ones can be read only by unpacking all earlier ones.
    let isPacked: Bool

    public var count: Int { shape.reduce(1, *) }
    /// Elements that lie together for each index of the last axis.
    var row: Int { shape.dropLast().reduce(1, *) }

    /// As MATLAB writes it: "32 × 32 × 3 × 26032".
    static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " × ") }

    /// "uint8 of 32 × 32 × 3 × 26032"
    var description: String { "\(type) of \(Self.text(shape))" }
}

/// MATLAB's numeric classes, by libmatio's numbers.
public enum MATType: Int32, Sendable {
    case double = 6
    case single, int8, uint8, int16, uint16, int32, uint32, int64, uint64

    var bytes: Int {
        switch self {
        case .int8, .uint8: 1
        case .int16, .uint16: 2
        case .single, .int32, .uint32: 4
        case .double, .int64, .uint64: 8
        }
    }

    /// What MATLAB calls the other classes.
    static func otherName(_ number: Int32) -> String {
        switch number {
        case 1: "a cell array"
        case 2: "a struct"
        case 3, 17: "an object"
        case 4: "text"
        case 5: "a sparse matrix"
        case 16: "a function"
        default: "no MATLAB class that can be read"
        }
    }

    /// The elements as whole numbers; nil where one is not whole.
    func integers(_ bytes: UnsafeRawBufferPointer) -> [Int]? {
        func each<Value>(_ type: Value.Type, _ whole: (Value) -> Int?) -> [Int]? {
            var numbers: [Int] = []
            numbers.reserveCapacity(bytes.count / MemoryLayout<Value>.size)
            for place in stride(from: 0, to: bytes.count, by: MemoryLayout<Value>.size) {
                guard let number = whole(bytes.loadUnaligned(fromByteOffset: place, as: type)) else { return nil }
                numbers.append(number)
            }
            return numbers
        }
        return switch self {
        case .double: each(Double.self) { Int(exactly: $0) }
        case .single: each(Float.self) { Int(exactly: $0) }
        case .int8: each(Int8.self) { Int($0) }
        case .uint8: each(UInt8.self) { Int($0) }
        case .int16: each(Int16.self) { Int($0) }
        case .uint16: each(UInt16.self) { Int($0) }
        case .int32: each(Int32.self) { Int($0) }
        case .uint32: each(UInt32.self) { Int($0) }
        case .int64: each(Int64.self) { Int($0) }
        case .uint64: each(UInt64.self) { Int(exactly: $0) }
        }
    }
}
