/// A file of SVHN's format 2: `X`, uint8 of 32 × 32 × 3 × count, and `y`, count × 1, from 1 to 10 where 10 is
/// the digit 0.
///
/// MATLAB's first axis varies fastest: element (r, c, ch, i) of X stands at r + 32(c + 32(ch + 3i)).
enum SVHNFile {
    static let side = 32
    static let channels = 3
    static let classes = 10
    private static let pixels = side * side * channels
    /// Images that are transposed at once.
    private static let pieceImages = 256

    /// Where pixel (r, c, ch) of an image, rows first and channels last, stands in the file's order.
    private static let places: [Int] = (0..<pixels).map { pixel in
        let (row, column, channel) = (pixel / channels / side, pixel / channels % side, pixel % channels)
        return row + side * (column + side * channel)
    }

    /// Writes the flat file: a `Conversion.Body`.
    static func convert(
        _ file: MATFile, _ start: (FlatHeader) throws -> FlatWriter, _ progress: (Double) -> Void
    ) throws -> FlatWriter {
        let images = try file.variable("X")
        guard images.type == .uint8, images.shape.count == 4, Array(images.shape[..<3]) == [side, side, channels] else {
            throw file.fault("X", found: images.description, expected: "uint8 of 32 × 32 × 3 × the number of images")
        }
        let count = images.shape[3]
        let labels = try labels(file, count: count)
        let header = FlatHeader(.svhn, count: count, height: side, width: side, channels: channels, columns: 1)
        let writer = try start(header)
        try writer.write(labels)
        try file.slabs(of: images) { range, elements in
            for first in stride(from: 0, to: range.count, by: pieceImages) {
                let piece = first..<min(first + pieceImages, range.count)
                try writer.write(turned(elements, piece))
            }
            progress(Double(range.upperBound) / Double(count))
        }
        return writer
    }

    /// Images of a slab, (piece.count, 32, 32, 3).
    private static func turned(_ elements: UnsafeRawBufferPointer, _ piece: Range<Int>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: piece.count * pixels) { target, count in
            for (index, image) in piece.enumerated() {
                for pixel in 0..<pixels { target[index * pixels + pixel] = elements[image * pixels + places[pixel]] }
            }
            count = piece.count * pixels
        }
    }

    /// 0 to 9.
    private static func labels(_ file: MATFile, count: Int) throws -> [UInt8] {
        let variable = try file.variable("y")
        guard variable.shape == [count, 1] || variable.shape == [1, count] else {
            throw file.fault("y", found: variable.description, expected: "\(count) × 1, a label for each image of X")
        }
        return try file.integers(variable).enumerated().map { index, label in
            guard (1...classes).contains(label) else {
                throw file.fault("y", found: "the label \(label) at index \(index)", expected: "1 to 10, 10 for the digit 0")
            }
            return UInt8(label % classes)
        }
    }
}
