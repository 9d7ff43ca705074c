/// The Toronto Face Database as one file: `images`, uint8 of count × 48 × 48, `labs_ex`, count × 1, the
/// expression from 1 to 7 or −1 where none is known, and `folds`, count × 5, where each of the five folds has 0 for unlabelled
/// images, 1 to train, 2 to validate, 3 to test.
///
/// MATLAB's first axis varies fastest, which here is the image's: pixel (r, c) of image i stands at i + count(r + 48c).
enum TFDFile {
    static let side = 48
    static let classes = 7
    static let folds = 5
    private static let pixels = side * side
    /// The slabs are small, since all images are in memory beside them.
    private static let slabBytes = 1 << 26
    /// Images that are filled in together: a run of bytes of each slab's pixels.
    private static let tile = 64
    private static let pieceBytes = 1 << 20

    /// The part that an image has in a fold.
    enum Part: UInt8 { case unlabelled, train, validation, test }

    /// Writes the flat file: a `Conversion.Body`.
    static func convert(
        _ file: MATFile, _ start: (FlatHeader) throws -> FlatWriter, _ progress: (Double) -> Void
    ) throws -> FlatWriter {
        let images = try file.variable("images")
        guard images.type == .uint8, images.shape.count == 3, Array(images.shape[1...]) == [side, side] else {
            throw file.fault("images", found: images.description, expected: "uint8 of the number of images × 48 × 48")
        }
        let count = images.shape[0]
        guard count <= MATLimits.faces else {
            throw file.fault("images", found: images.description, expected: "at most \(MATLimits.faces) images")
        }
        let columns = try expressions(file, count: count) + folds(file, count: count)
        let header = FlatHeader(.tfd, count: count, height: side, width: side, channels: 1, columns: 1 + folds)
        let writer = try start(header)
        try writer.write(columns)
        var turned = [UInt8](repeating: 0, count: count * pixels)
        try file.slabs(of: images, atMost: slabBytes) { range, elements in
            fill(&turned, columns: range, elements, count: count)
            progress(Double(range.upperBound) / Double(side))
        }
        for first in stride(from: 0, to: turned.count, by: pieceBytes) {
            try writer.write(Array(turned[first..<min(first + pieceBytes, turned.count)]))
        }
        return writer
    }

    /// - Parameter elements: (count, 48, columns.count), the first axis varying fastest.
    private static func fill(_ images: inout [UInt8], columns: Range<Int>, _ elements: UnsafeRawBufferPointer, count: Int) {
        images.withUnsafeMutableBufferPointer { images in
            for first in stride(from: 0, to: count, by: tile) {
                for (slot, column) in columns.enumerated() {
                    for row in 0..<side {
                        let place = count * (row + side * slot)
                        for image in first..<min(first + tile, count) {
                            images[image * pixels + row * side + column] = elements[place + image]
                        }
                    }
                }
            }
        }
    }

    /// 0 to 6, or none.
    private static func expressions(_ file: MATFile, count: Int) throws -> [UInt8] {
        try column("labs_ex", file, [[count, 1], [1, count]], text: "\(count) × 1, a label for each image") { label in
            label == -1 ? MappedImages.none : (1...classes).contains(label) ? UInt8(label - 1) : nil
        } or: {
            ("the label", "1 to 7, or -1 for none")
        }
    }

    /// One column for each fold.
    private static func folds(_ file: MATFile, count: Int) throws -> [UInt8] {
        try column("folds", file, [[count, folds]], text: "\(count) × 5, what each image is in each fold") { part in
            UInt8(exactly: part).flatMap { Part(rawValue: $0)?.rawValue }
        } or: {
            ("the value", "0 (unlabelled), 1 (train), 2 (validation) or 3 (test)")
        }
    }

    private static func column(
        _ name: String, _ file: MATFile, _ shapes: [[Int]], text: String, _ byte: (Int) -> UInt8?,
        or words: () -> (what: String, expected: String)
    ) throws -> [UInt8] {
        let variable = try file.variable(name)
        guard shapes.contains(variable.shape) else { throw file.fault(name, found: variable.description, expected: text) }
        return try file.integers(variable).enumerated().map { index, number in
            guard let byte = byte(number) else {
                throw file.fault(name, found: "\(words().what) \(number) at index \(index)", expected: words().expected)
            }
            return byte
        }
    }
}
