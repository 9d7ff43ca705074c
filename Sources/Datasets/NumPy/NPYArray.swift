/// What an `.npy` file holds: values in C order, whatever the file's order, and their shape.
public struct NPYArray: Sendable {
    /// The file, or "archive.npz (name)", for messages.
    public let file: String
    public let shape: [Int]
    /// As the file has them.
    public let type: NPYType
    public let values: NPYValues

    /// NumPy's way to write the shape.
    var shapeText: String { "(" + shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? ",)" : ")") }
}

/// The elements of an array. What a file has in another width is widened: small integers to 32 bits, unsigned ones of 32 to 64, float16 to
/// float32; an unsigned one of 64 bits that no `Int64` holds becomes the greatest of them.
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

    /// Values that lie in Fortran's order, the first index fastest, in C's.
    func fromFortranOrder(_ shape: [Int]) -> NPYValues {
        switch self {
        case .float32(let values): .float32(Self.reordered(values, shape))
        case .float64(let values): .float64(Self.reordered(values, shape))
        case .uint8(let values): .uint8(Self.reordered(values, shape))
        case .int32(let values): .int32(Self.reordered(values, shape))
        case .int64(let values): .int64(Self.reordered(values, shape))
        }
    }

    private static func reordered<Element>(_ values: [Element], _ shape: [Int]) -> [Element] {
        guard shape.count > 1, !values.isEmpty else { return values }
        // How far apart in the file two neighbours along each axis are.
        var strides = [1]
        for side in shape.dropLast() { strides.append(strides[strides.count - 1] * side) }
        var index = [Int](repeating: 0, count: shape.count)
        var place = 0
        var result: [Element] = []
        result.reserveCapacity(values.count)
        for _ in values.indices {
            result.append(values[place])
            var axis = shape.count - 1
            while axis >= 0 {
                index[axis] += 1
                place += strides[axis]
                if index[axis] < shape[axis] { break }
                place -= shape[axis] * strides[axis]
                index[axis] = 0
                axis -= 1
            }
        }
        return result
    }
}
