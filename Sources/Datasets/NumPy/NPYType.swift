import Kernels

/// The element types that are read, in either byte order; files are written little-endian. Named by NumPy's letter and width.
public enum NPYType: String, Sendable, CaseIterable {
    case bool = "b1"
    case int8 = "i1"
    case uint8 = "u1"
    case int16 = "i2"
    case uint16 = "u2"
    case int32 = "i4"
    case uint32 = "u4"
    case int64 = "i8"
    case uint64 = "u8"
    case float16 = "f2"
    case float32 = "f4"
    case float64 = "f8"

    /// The type that elements in memory are written as.
    package init(_ type: ElementType) {
        self =
            switch type {
            case .f64: .float64
            case .f32: .float32
            case .i64: .int64
            case .i32: .int32
            case .u8: .uint8
            }
    }

    static let integers: [NPYType] = [.bool, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64]
    static let floats: [NPYType] = [.float16, .float32, .float64]

    public var bytes: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16, .float16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// The `descr` that is written for this type.
    var descriptor: String { (bytes == 1 ? "|" : "<") + rawValue }

    /// The type and byte order of a header's `descr`; nil for a type that is not read. A one-byte type has no order, whatever `descr` says.
    static func parse(_ descriptor: String) -> (type: NPYType, isBigEndian: Bool)? {
        guard let mark = descriptor.first, let type = NPYType(rawValue: String(descriptor.dropFirst())) else { return nil }
        guard "<>=".contains(mark) || (mark == "|" && type.bytes == 1) else { return nil }
        return (type, mark == ">")
    }
}

/// What an array is read for, which decides the types it may have.
public enum NPYRole: String, Sendable {
    case any = "arrays"
    case images, labels, codes
    /// One row of shares for each image, which add up to 1.
    case softmaxes
    /// Each row has as many values as a code.
    case priorSamples = "samples of a prior"

    var types: [NPYType] {
        switch self {
        case .any: NPYType.allCases
        case .images: [.uint8] + NPYType.floats
        case .labels: NPYType.integers
        case .codes, .softmaxes, .priorSamples: NPYType.floats
        }
    }

    /// A NumPy type that is accepted, for the advice in an error message.
    var example: String {
        switch self {
        // For images too: 0 to 1 and 0 to 255 are both read, and no value wraps round.
        case .any, .codes, .softmaxes, .priorSamples, .images: "float32"
        case .labels: "int64"
        }
    }
}
