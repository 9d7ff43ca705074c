/// Readers of the IDX format, big-endian: images have magic 0x00000803, count, rows, columns, then bytes; labels have
/// magic 0x00000801, count, then bytes. Plain or gzip.
public enum IDX {
    static let imagesMagic: UInt32 = 0x0000_0803
    static let labelsMagic: UInt32 = 0x0000_0801

    /// The content of a file of images: `bytes` is (count, rows, columns).
    public struct Images: Sendable {
        public var count: Int
        public var rows: Int
        public var columns: Int
        public var bytes: [UInt8]
    }

    public static func readImages(_ path: String) throws -> Images {
        let reader = try ContentReader(path)
        try checkMagic(reader, imagesMagic, "images")
        let count = try number(reader, "image count", 1...IDXLimits.images)
        let rows = try number(reader, "row count", 1...IDXLimits.side)
        let columns = try number(reader, "column count", 1...IDXLimits.side)
        let (size, overflow) = count.multipliedReportingOverflow(by: rows * columns)
        guard !overflow, size <= IDXLimits.bytes else {
            throw reader.malformed(
                at: 4, found: "\(count) images of \(rows) × \(columns)", expected: "at most \(IDXLimits.bytes) bytes")
        }
        let bytes = try reader.read(size, "\(count) images of \(rows) × \(columns)")
        try reader.expectEnd(after: "\(count) images")
        return Images(count: count, rows: rows, columns: columns, bytes: bytes)
    }

    /// One label for each of `images` images, all below `classes`.
    public static func readLabels(_ path: String, images: Int, classes: Int) throws -> [UInt8] {
        precondition(classes > 0 && classes <= 256, "a label is one byte")
        let reader = try ContentReader(path)
        try checkMagic(reader, labelsMagic, "labels")
        let count = try number(reader, "label count", 1...IDXLimits.images)
        guard count == images else {
            throw reader.malformed(
                at: 4, found: "\(count) labels", expected: "\(images), one for each image of the image file")
        }
        let labels = try reader.read(count, "\(count) labels")
        try reader.expectEnd(after: "\(count) labels")
        if let wrong = labels.firstIndex(where: { Int($0) >= classes }) {
            throw reader.malformed(at: 8 + wrong, found: "label \(labels[wrong])", expected: "0 to \(classes - 1)")
        }
        return labels
    }

    private static func checkMagic(_ reader: ContentReader, _ magic: UInt32, _ what: String) throws {
        let found = try bigEndian(reader, "the IDX magic number")
        guard found == magic else {
            if let kind = otherKind(found) {
                throw DataError.unfit(
                    file: reader.path, found: kind,
                    expected: magic == imagesMagic ? "uint8 in 3 axes, count, rows and columns" : "uint8 in 1 axis, one label each")
            }
            let meaning =
                switch found {
                case imagesMagic: " (images: were images and labels swapped?)"
                case labelsMagic: " (labels: were images and labels swapped?)"
                default: ""
                }
            throw reader.malformed(
                at: 0, found: "magic number \(hex(found))\(meaning)", expected: "\(hex(magic)), IDX \(what) of one byte each")
        }
    }

    /// What a valid IDX file of another type or of more axes holds; nil for a magic number that is not IDX's, and for the two that are read.
    private static func otherKind(_ magic: UInt32) -> String? {
        let types: [UInt32: String] = [8: "uint8", 9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"]
        guard let type = types[magic >> 8], (1...8).contains(magic & 255), ![imagesMagic, labelsMagic].contains(magic) else {
            return nil
        }
        return "\(type) in \(magic & 255) axes"
    }

    private static func number(
        _ reader: ContentReader, _ what: String, _ range: ClosedRange<Int>
    ) throws -> Int {
        let place = reader.offset
        let value = Int(try bigEndian(reader, "the \(what)"))
        guard range.contains(value) else {
            throw reader.malformed(
                at: place, found: "\(what) \(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func bigEndian(_ reader: ContentReader, _ what: String) throws -> UInt32 {
        try reader.read(4, what).reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
