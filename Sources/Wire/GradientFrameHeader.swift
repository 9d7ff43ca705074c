import Kernels

/// Which exchange a gradient frame belongs to. Phases count from the start of the run, attempts from 0 within one.
public struct ExchangeTag: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var phase: UInt64
    public var attempt: UInt32

    public init(phase: UInt64, attempt: UInt32) {
        self.phase = phase
        self.attempt = attempt
    }

    /// The exchange that ends a segment of a phase. An attempt at the phase has one number for each of its segments.
    public init(phase: UInt64, attempt: UInt32, segment: Int, of segments: Int) {
        self.init(phase: phase, attempt: attempt * UInt32(segments) + UInt32(segment))
    }

    public static func < (a: ExchangeTag, b: ExchangeTag) -> Bool { (a.phase, a.attempt) < (b.phase, b.attempt) }
    public var description: String { "phase \(phase) attempt \(attempt)" }
}

/// What stands before the integers of a gradient frame: a fixed part, then two tables.
///
/// ```
///  0       4        5      6        8      16      24        28       32        36      38    40
///  | magic | coding | 0    | pieces | view | phase | attempt | bucket | buckets | chunk | hop | …
///  | u32   |  u8    |  u8  |  u16   | u64  | u64   |  u32    |  u32   |  u32    | u16   | u16 |
///  40           42         44         48       52          56         60       64
///  | statistics | reserved | elements | length | payload   | tables   | fixed  |
///  |  u16       |  u16 = 0 |  u32     |  u32   | CRC       | CRC      | CRC    |
///  64: lengths of the pieces, u32 each | statistics, 16 bytes each (maximum u32, shard u32, clamped u64) | payload
/// ```
/// Numbers are little-endian. The fixed part is checked against the limits before its tables are read, and the tables
/// before the payload is.
public struct GradientFrameHeader: Sendable, Equatable {
    public static let fixedBytes = 64
    static let statisticsBytes = 16
    /// "LKSG", as the first four bytes.
    static let magic: UInt32 = 0x4753_4B4C

    public var coding: GradientCoding
    public var view: UInt64
    public var exchange: ExchangeTag
    public var bucket: Int
    /// Buckets of the whole exchange.
    public var buckets: Int
    public var chunk: Int
    public var hop: Int
    /// Elements of each piece.
    public var pieces: [Int]
    public var statistics: [TensorStatistics]
    public var payloadBytes: Int
    /// CRC-32C of the payload, on every link: TCP's own 16 bits let one damaged segment in 65,536 pass, and a peer whose
    /// address is this host's may be a tunnel's or a relay's end.
    public var payloadChecksum: UInt32

    public init(
        coding: GradientCoding, view: UInt64, exchange: ExchangeTag, bucket: Int, buckets: Int, chunk: Int, hop: Int,
        pieces: [Int], statistics: [TensorStatistics], payloadBytes: Int, payloadChecksum: UInt32 = 0
    ) {
        self.coding = coding
        self.view = view
        self.exchange = exchange
        self.bucket = bucket
        self.buckets = buckets
        self.chunk = chunk
        self.hop = hop
        self.pieces = pieces
        self.statistics = statistics
        self.payloadBytes = payloadBytes
        self.payloadChecksum = payloadChecksum
    }

    public var elements: Int { pieces.reduce(0, +) }

    /// Bytes of fixed part and tables.
    public var byteCount: Int {
        Self.fixedBytes + 4 * pieces.count + Self.statisticsBytes * statistics.count
    }

    /// Takes on the length and the checksum of the bytes that will follow.
    public mutating func seal(_ payload: [UnsafeRawBufferPointer]) {
        payloadBytes = payload.reduce(0) { $0 + $1.count }
        payloadChecksum = payload.reduce(0) { CRC32C.checksum($1, continuing: $0) }
    }

    /// Writes fixed part and tables. Precondition: `output` holds `byteCount`, and the counts are within `Limits`.
    public func write(to output: UnsafeMutableRawBufferPointer) {
        precondition(pieces.count <= Limits.gradientPieces && statistics.count <= Limits.gradientStatistics)
        precondition(output.count >= byteCount && elements <= Limits.bucketElements)
        var at = Self.fixedBytes
        func put<T: FixedWidthInteger>(_ value: T) {
            output.storeBytes(of: value.littleEndian, toByteOffset: at, as: T.self)
            at += MemoryLayout<T>.size
        }
        for piece in pieces { put(UInt32(piece)) }
        for one in statistics {
            put(one.maximumBits)
            put(one.lowestNonFiniteShard)
            put(one.clamped)
        }
        let tables = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: output[Self.fixedBytes..<at]))
        at = 0
        put(Self.magic)
        put(coding.rawValue)
        put(UInt8(0))
        put(UInt16(pieces.count))
        put(view)
        put(exchange.phase)
        put(exchange.attempt)
        put(UInt32(bucket))
        put(UInt32(buckets))
        put(UInt16(chunk))
        put(UInt16(hop))
        put(UInt16(statistics.count))
        put(UInt16(0))
        put(UInt32(elements))
        put(UInt32(payloadBytes))
        put(payloadChecksum)
        put(tables)
        put(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: output[..<at])))
    }
}
