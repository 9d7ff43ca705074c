import Kernels

/// What an `.npy` file holds: values in C order, whatever the file's order, and their shape.
public struct NPYArray: Sendable {
    /// The file, or "archive.npz (name)", for messages.
    public let file: String
    public let shape: [Int]
    /// The element type in the file.
    public let type: NPYType
    /// Other widths in the file are widened: small integers to 32 bits, unsigned ones of 32 bits to 64, float16 to float32. An unsigned
    /// 64-bit value that `Int64` cannot hold becomes `Int64.max`.
    public let values: TensorValues

    /// NumPy's way to write the shape.
    var shapeText: String { "(" + shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? ",)" : ")") }
}

extension TensorValues {
    /// The values as `Float`, float64 rounded to nearest; nil where they are integers.
    public var floats: Slice<Float>? {
        switch self {
        case .f32(let values): values
        case .f64(let values): Slice(values.array.map { Float($0) })
        default: nil
        }
    }

    /// The values as `Int64`; nil where they are not integers.
    public var integers: [Int64]? {
        switch self {
        case .u8(let values): values.array.map { Int64($0) }
        case .i32(let values): values.array.map { Int64($0) }
        case .i64(let values): values.array
        default: nil
        }
    }

    /// Reorders values from Fortran's order, the first index fastest, into C's.
    func fromFortranOrder(_ shape: [Int]) -> TensorValues {
        switch self {
        case .f32(let values): .f32(Self.reordered(values, shape))
        case .f64(let values): .f64(Self.reordered(values, shape))
        case .u8(let values): .u8(Self.reordered(values, shape))
        case .i32(let values): .i32(Self.reordered(values, shape))
        case .i64(let values): .i64(Self.reordered(values, shape))
        }
    }

    private static func reordered<Element>(_ values: Slice<Element>, _ shape: [Int]) -> Slice<Element> {
        guard shape.count > 1, !values.isEmpty else { return values }
        // The distance in the file between two neighbours along each axis.
        var strides = [1]
        for side in shape.dropLast() { strides.append(strides[strides.count - 1] * side) }
        var index = [Int](repeating: 0, count: shape.count)
        var place = 0
        let result = Storage<Element>(count: values.count).all
        for next in values.indices {
            result[next] = values[place]
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
