/// The first bytes of a flat file: what it holds, and what it was made from.
///
/// ```
/// 0          8         12      16     24      28     32        36
/// "LOCKFLAT" version 1 layout  count  height  width  channels  columns
/// u8 × 8     u32       u32     u64    u32     u32    u32       u32
///
/// 40            48           56              88               120
/// source bytes  source time  source SHA-256  content SHA-256  CRC-32
/// u64           i64          u8 × 32         u8 × 32          u32
/// ```
/// Little-endian; the check sum covers the 120 bytes before it. From byte 4096 on the columns follow, (columns, count) bytes: the label
/// and other values of each image; then the images, (count, height, width, channels). The content's digest covers both.
struct FlatHeader: Sendable, Hashable {
    /// What the columns mean; each set has its own number.
    enum Layout: UInt32, Sendable {
        /// One column: the label.
        case svhn = 1
        /// Six columns: the label, then what the image is in each of the five folds.
        case tfd = 2
        /// One column: the label, or none.
        case pictures = 3
    }

    static let length = 124
    /// Where the content begins: a page.
    static let contentOffset = 4_096
    private static let magic = Array("LOCKFLAT".utf8)
    private static let version: UInt32 = 1

    var layout: Layout
    var count, height, width, channels, columns: Int
    var source: FileStamp
    /// 32 bytes each.
    var sourceDigest, contentDigest: [UInt8]

    var pixels: Int { height * width * channels }
    /// Bytes of the whole file.
    var fileBytes: Int { Self.contentOffset + count * (columns + pixels) }

    func encode() -> [UInt8] {
        precondition(sourceDigest.count == 32 && contentDigest.count == 32, "SHA-256 has 32 bytes")
        var bytes = Self.magic + Self.bytes(Self.version) + Self.bytes(layout.rawValue) + Self.bytes(UInt64(count))
        for number in [height, width, channels, columns] { bytes += Self.bytes(UInt32(number)) }
        bytes += Self.bytes(UInt64(source.bytes)) + Self.bytes(source.time) + sourceDigest + contentDigest
        return bytes + Self.bytes(Inflater.checkSum(bytes))
    }

    /// Nil where these bytes are no such header, or its numbers fit no file.
    init?(_ bytes: [UInt8]) {
        func number<Value: FixedWidthInteger>(_ offset: Int, _ type: Value.Type) -> Value {
            bytes[offset..<offset + MemoryLayout<Value>.size].reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
        }
        guard bytes.count == Self.length, bytes.starts(with: Self.magic), number(8, UInt32.self) == Self.version,
            number(120, UInt32.self) == Inflater.checkSum(Array(bytes[..<120])),
            let layout = Layout(rawValue: number(12, UInt32.self)),
            let count = Int(exactly: number(16, UInt64.self)), let sourceBytes = Int(exactly: number(40, UInt64.self))
        else { return nil }
        self.layout = layout
        self.count = count
        (height, width) = (Int(number(24, UInt32.self)), Int(number(28, UInt32.self)))
        (channels, columns) = (Int(number(32, UInt32.self)), Int(number(36, UInt32.self)))
        source = FileStamp(bytes: sourceBytes, time: number(48, Int64.self))
        sourceDigest = Array(bytes[56..<88])
        contentDigest = Array(bytes[88..<120])
        guard (1...IDXLimits.images).contains(count), (1...IDXLimits.side).contains(height), (1...IDXLimits.side).contains(width),
            (1...4).contains(channels), (0...16).contains(columns)
        else { return nil }
    }

    init(_ layout: Layout, count: Int, height: Int, width: Int, channels: Int, columns: Int) {
        self.layout = layout
        (self.count, self.height, self.width, self.channels, self.columns) = (count, height, width, channels, columns)
        source = FileStamp(bytes: 0, time: 0)
        sourceDigest = [UInt8](repeating: 0, count: 32)
        contentDigest = sourceDigest
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}
