import Kernels

/// Why bytes are not a gradient frame's header; any of them ends the link.
public enum GradientFrameError: Error, Sendable, Equatable, CustomStringConvertible {
    case badMagic(UInt32)
    case checksum(part: String)
    case unknownCoding(UInt8)
    case tooMany(what: String, count: Int, limit: Int)
    case elements(found: Int, declared: Int)
    case length(coding: GradientCoding, bytes: Int, elements: Int)

    public var description: String {
        switch self {
        case .badMagic(let found):
            "the bytes do not begin a gradient frame (0x\(String(found, radix: 16))): run the same build on every host"
        case .checksum(let part):
            "the \(part) of a gradient frame was damaged on the way: the link is closed and the phase run again"
        case .unknownCoding(let coding):
            "a gradient frame has unknown coding \(coding): run the same build on every host"
        case .tooMany(let what, let count, let limit):
            "a gradient frame has \(count) \(what), the limit is \(limit): run the same build on every host"
        case .elements(let found, let declared):
            "the pieces of a gradient frame have \(found) elements, its header says \(declared)"
        case .length(let coding, let bytes, let elements):
            "a gradient frame coded \(coding) has \(bytes) bytes for \(elements) elements, which cannot be"
        }
    }
}

extension GradientFrameHeader {
    /// The fixed part, checked: how much follows it.
    public struct Fixed: Sendable {
        var header: GradientFrameHeader
        let pieces: Int
        let statistics: Int
        let elements: Int
        let tablesChecksum: UInt32

        public var tableBytes: Int { 4 * pieces + GradientFrameHeader.statisticsBytes * statistics }
        public var exchange: ExchangeTag { header.exchange }
    }

    /// Reads the fixed part. Precondition: `bytes` has `fixedBytes`.
    public static func readFixed(_ bytes: UnsafeRawBufferPointer) throws(GradientFrameError) -> Fixed {
        precondition(bytes.count == fixedBytes)
        var at = 0
        func next<T: FixedWidthInteger>(_: T.Type) -> T {
            defer { at += MemoryLayout<T>.size }
            return T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
        }
        let magic = next(UInt32.self)
        guard magic == Self.magic else { throw .badMagic(magic) }
        let rawCoding = next(UInt8.self)
        let unused = next(UInt8.self)
        let pieces = Int(next(UInt16.self))
        let view = next(UInt64.self)
        let exchange = ExchangeTag(phase: next(UInt64.self), attempt: next(UInt32.self))
        let (bucket, buckets) = (Int(next(UInt32.self)), Int(next(UInt32.self)))
        let (chunk, hop) = (Int(next(UInt16.self)), Int(next(UInt16.self)))
        let statistics = Int(next(UInt16.self))
        let reserved = next(UInt16.self)
        let elements = Int(next(UInt32.self))
        let length = Int(next(UInt32.self))
        let (payload, tables) = (next(UInt32.self), next(UInt32.self))
        let covered = UnsafeRawBufferPointer(rebasing: bytes[..<at])
        guard next(UInt32.self) == CRC32C.checksum(covered), reserved == 0, unused == 0 else {
            throw .checksum(part: "header")
        }
        guard let coding = GradientCoding(rawValue: rawCoding) else { throw .unknownCoding(rawCoding) }
        try check("pieces", pieces, limit: Limits.gradientPieces)
        try check("statistics", statistics, limit: Limits.gradientStatistics)
        try check("buckets", buckets, limit: Limits.buckets)
        try check("buckets before its own", bucket, limit: buckets - 1)
        try check("elements", elements, limit: Limits.bucketElements)
        guard lengthIsPossible(length, coding: coding, elements: elements, pieces: pieces) else {
            throw .length(coding: coding, bytes: length, elements: elements)
        }
        let header = GradientFrameHeader(
            coding: coding, view: view, exchange: exchange, bucket: bucket, buckets: buckets, chunk: chunk, hop: hop,
            pieces: [], statistics: [], payloadBytes: length, payloadChecksum: payload)
        return Fixed(
            header: header, pieces: pieces, statistics: statistics, elements: elements, tablesChecksum: tables)
    }

    /// Counts of pieces that the latest frames have had. Later frames share them instead of taking memory of their own: a run has a few.
    public struct PieceCounts {
        private struct Key: Hashable {
            let buckets, bucket, chunk, pieces: Int
        }

        private static let most = 1 << 14
        private var known: [Key: [Int]] = [:]

        public init() {}

        /// The counts that `next` gives, one after the other.
        fileprivate mutating func counts(of fixed: Fixed, _ next: (Int) -> Int) -> [Int] {
            let header = fixed.header
            let key = Key(buckets: header.buckets, bucket: header.bucket, chunk: header.chunk, pieces: fixed.pieces)
            if let old = known[key], old.indices.allSatisfy({ old[$0] == next($0) }) { return old }
            let new = (0..<fixed.pieces).map(next)
            if known.count >= Self.most { known.removeAll() }
            known[key] = new
            return new
        }
    }

    /// Joins the tables to the fixed part. Precondition: `tables` has `fixed.tableBytes`.
    public static func read(
        _ fixed: Fixed, tables: UnsafeRawBufferPointer
    ) throws(GradientFrameError) -> GradientFrameHeader {
        var counts = PieceCounts()
        return try read(fixed, tables: tables, sharing: &counts)
    }

    /// The same, with counts of pieces that earlier frames had.
    public static func read(
        _ fixed: Fixed, tables: UnsafeRawBufferPointer, sharing counts: inout PieceCounts
    ) throws(GradientFrameError) -> GradientFrameHeader {
        precondition(tables.count == fixed.tableBytes)
        guard CRC32C.checksum(tables) == fixed.tablesChecksum else { throw .checksum(part: "tables") }
        var at = MemoryLayout<UInt32>.size * fixed.pieces
        func next<T: FixedWidthInteger>(_: T.Type) -> T {
            defer { at += MemoryLayout<T>.size }
            return T(littleEndian: tables.loadUnaligned(fromByteOffset: at, as: T.self))
        }
        var header = fixed.header
        header.pieces = counts.counts(of: fixed) {
            Int(UInt32(littleEndian: tables.loadUnaligned(fromByteOffset: MemoryLayout<UInt32>.size * $0, as: UInt32.self)))
        }
        header.statistics = (0..<fixed.statistics).map { _ in
            var one = TensorStatistics()
            one.maximumBits = next(UInt32.self)
            one.lowestNonFiniteShard = next(UInt32.self)
            one.clamped = next(UInt64.self)
            return one
        }
        guard header.elements == fixed.elements else {
            throw .elements(found: header.elements, declared: fixed.elements)
        }
        return header
    }

    private static func check(_ what: String, _ count: Int, limit: Int) throws(GradientFrameError) {
        guard count <= limit else { throw .tooMany(what: what, count: count, limit: limit) }
    }

    private static func lengthIsPossible(_ bytes: Int, coding: GradientCoding, elements: Int, pieces: Int) -> Bool {
        switch coding {
        case .empty: bytes == 0
        case .raw: bytes == 4 * elements
        case .packed, .packedZstd, .entropy: bytes <= GradientCodec.packedBound(elements: elements, pieces: pieces)
        }
    }
}
