/// What an `.npy` file holds: values in C order, and their shape.
public struct NPYArray: Sendable {
    /// The file, or "archive.npz (name)", for messages.
    public let file: String
    public let shape: [Int]
    public let values: NPYValues
    let dataOffset: Int

    /// Where element `index` starts, in bytes.
    func offset(of index: Int) -> Int { dataOffset + index * values.type.bytes }
}

/// The element types that are read: little-endian or single bytes.
public enum NPYType: String, Sendable, CaseIterable {
    case float32 = "<f4"
    case float64 = "<f8"
    case uint8 = "|u1"
    case int32 = "<i4"
    case int64 = "<i8"

    public var bytes: Int {
        switch self {
        case .uint8: 1
        case .float32, .int32: 4
        case .float64, .int64: 8
        }
    }
}

/// The elements of an array, by type.
public enum NPYValues: Sendable, Equatable {
    case float32([Float])
    case float64([Double])
    case uint8([UInt8])
    case int32([Int32])
    case int64([Int64])

    public var type: NPYType {
        switch self {
        case .float32: .float32
        case .float64: .float64
        case .uint8: .uint8
        case .int32: .int32
        case .int64: .int64
        }
    }

    /// NumPy's name of the type.
    public var typeName: String { "\(type)" }

    /// The values as `Float`, float64 rounded to nearest; nil where they are integers.
    public var floats: [Float]? {
        switch self {
        case .float32(let values): values
        case .float64(let values): values.map { Float($0) }
        default: nil
        }
    }

    /// The values as `Int64`; nil where they are not integers.
    public var integers: [Int64]? {
        switch self {
        case .uint8(let values): values.map { Int64($0) }
        case .int32(let values): values.map { Int64($0) }
        case .int64(let values): values
        default: nil
        }
    }
}
