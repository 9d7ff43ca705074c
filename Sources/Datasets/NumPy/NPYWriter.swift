import Files
import Kernels

/// Writes an `.npy` file piece by piece, so that the array need not be in memory. The shape is given at the start; the
/// file gets its name only when `commit` has found as many values.
public final class NPYWriter<Element: NPYElement> {
    private static var pieceElements: Int { 1 << 16 }

    private let file: DataFile
    private var missing: Int

    public init(_ path: String, shape: [Int], disk: Disk = .results) throws {
        precondition(shape.count <= NPYHeader.greatestRank && shape.allSatisfy { $0 >= 0 }, "shape \(shape)")
        missing = shape.reduce(1, *)
        file = try DataFile(path, disk: disk)
        try file.write(NPYHeader.encode(NPYType(Element.elementType), shape: shape))
    }

    /// The next values in C order.
    public func append(_ values: [Element]) throws {
        precondition(values.count <= missing, "more values than the shape has")
        missing -= values.count
        for start in stride(from: 0, to: values.count, by: Self.pieceElements) {
            try file.write(Element.littleEndianBytes(values[start..<min(start + Self.pieceElements, values.count)]))
        }
    }

    public func commit() throws {
        precondition(missing == 0, "\(missing) values fewer than the shape has")
        try file.commit()
    }
}
