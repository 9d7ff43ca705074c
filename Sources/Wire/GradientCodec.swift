import CKernels
import Kernels

/// Integers of gradient sums to bytes and back, without loss. Owns its scratch memory; one a thread.
///
/// A frame covers *pieces*: ranges of the sum, each inside one tensor and known to both sides. A piece is cut into
/// blocks of 1,024 elements (its last may be shorter). Packed, with zig-zag values z = (q << 1) ^ (q >> 31):
/// ```
///  | width of block 0 | … | width of block n−1 | plane 0 of the blocks with width ≥ 1 | plane 1, width ≥ 2 | … plane 3 |
/// ```
/// A block's width is the number of bytes its largest z needs, 0…4; plane k holds byte k of its values. The planes of
/// all blocks stand together because zstd then finds noise (low bytes) and nearly constant bytes (high ones) apart.
/// Source of the scheme: the house design, section 6. Where the rows of a piece are known it can be entropy-coded instead.
public final class GradientCodec {
    public static let blockElements = 1024

    /// What `encode` wrote.
    public struct Encoded {
        /// The coding used: `.empty` where all is zero, `.packed` where zstd or rANS gained nothing, else the one asked for.
        public let coding: GradientCoding
        /// Valid until the codec is used again.
        public let bytes: UnsafeRawBufferPointer
    }

    /// Whether decoded values replace what is there or are added to it (wrapping).
    public enum Mode: Sendable {
        case assign
        case add
    }

    let packed = ByteStore()
    let compressed = ByteStore()
    /// What the entropy coder keeps while it codes a piece.
    let tables = ByteStore()
    /// Pieces of an entropy-coded frame that are packed.
    var others: [Range<Int>] = []
    let block = ByteStore(capacity: 4 * GradientCodec.blockElements)
    let compressor = ZstdCompressor(level: 1)
    let decompressor = ZstdDecompressor()

    public init() {}

    /// Most bytes that packing can need for so many elements in so many pieces.
    public static func packedBound(elements: Int, pieces: Int) -> Int {
        elements / blockElements + pieces + 4 * elements
    }

    static func blocks(_ piece: Range<Int>) -> Int { (piece.count + blockElements - 1) / blockElements }

    /// Writes the pieces' values. Precondition: every piece lies in `values`; `rows` has one entry for each piece, or none.
    public func encode(
        _ values: Slice<Int32>, pieces: [Range<Int>], rows: [PieceRows] = [], coding: GradientCoding
    ) -> Encoded {
        for piece in pieces { precondition(piece.lowerBound >= 0 && piece.upperBound <= values.count) }
        return values.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress else { return GradientCodec.nothing }
            return encode(base, pieces: pieces, rows: rows, coding: coding)
        }
    }

    /// The same at an address: the caller answers for every piece lying in its memory.
    public func encode(
        _ base: UnsafePointer<Int32>, pieces: [Range<Int>], rows: [PieceRows] = [], coding: GradientCoding
    ) -> Encoded {
        precondition(rows.isEmpty || rows.count == pieces.count, "rows of \(rows.count) pieces, where \(pieces.count) are coded")
        if coding == .empty || GradientCodec.isZero(base, pieces: pieces) { return GradientCodec.nothing }
        if coding == .raw { return copyRaw(base, pieces: pieces) }
        if coding == .entropy, let bytes = entropyCode(base, pieces: pieces, rows: rows) {
            return Encoded(coding: .entropy, bytes: bytes)
        }
        let bytes = pack(base, pieces: pieces)
        guard coding == .packedZstd else { return Encoded(coding: .packed, bytes: bytes) }
        compressed.reserve(ZstdCompressor.bound(bytes.count))
        let output = compressed.bytes(compressed.capacity)
        let count = compressor.compress(bytes, into: output)
        guard count < bytes.count else { return Encoded(coding: .packed, bytes: bytes) }
        return Encoded(coding: .packedZstd, bytes: UnsafeRawBufferPointer(rebasing: output[..<count]))
    }

    private static var nothing: Encoded {
        Encoded(coding: .empty, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Reads a payload into the pieces. Precondition: every piece lies in `values`; everything about `bytes` is checked,
    /// and of a payload that is refused at most part of the pieces has been written.
    public func decode(
        _ bytes: UnsafeRawBufferPointer, coding: GradientCoding, pieces: [Range<Int>], into values: Slice<Int32>,
        mode: Mode
    ) throws(GradientCodecError) {
        for piece in pieces { precondition(piece.lowerBound >= 0 && piece.upperBound <= values.count) }
        try values.withUnsafeMutableBufferPointer { values throws(GradientCodecError) in
            guard let base = values.baseAddress else { return }
            try decode(bytes, coding: coding, pieces: pieces, into: base, mode: mode)
        }
    }

    /// The same at an address: the caller answers for every piece lying in its memory.
    public func decode(
        _ bytes: UnsafeRawBufferPointer, coding: GradientCoding, pieces: [Range<Int>],
        into base: UnsafeMutablePointer<Int32>, mode: Mode
    ) throws(GradientCodecError) {
        let elements = pieces.reduce(0) { $0 + $1.count }
        switch coding {
        case .empty:
            guard bytes.isEmpty else { throw .length(coding: coding, found: bytes.count, expected: 0) }
            if mode == .assign { GradientCodec.zero(base, pieces: pieces) }
        case .raw:
            guard bytes.count == 4 * elements else {
                throw .length(coding: coding, found: bytes.count, expected: 4 * elements)
            }
            GradientCodec.readRaw(bytes, pieces: pieces, into: base, mode: mode)
        case .packed:
            try unpack(bytes, coding: coding, pieces: pieces, into: base, mode: mode)
        case .packedZstd:
            let bound = GradientCodec.packedBound(elements: elements, pieces: pieces.count)
            try unpack(decompress(bytes, bound: bound), coding: coding, pieces: pieces, into: base, mode: mode)
        case .entropy:
            try entropyDecode(bytes, pieces: pieces, into: base, mode: mode)
        }
    }

    /// Whether all values of the pieces are zero.
    public static func isZero(_ base: UnsafePointer<Int32>, pieces: [Range<Int>]) -> Bool {
        for piece in pieces {
            var start = piece.lowerBound
            while start < piece.upperBound {
                let count = min(blockElements, piece.upperBound - start)
                if ck_plane_width(base + start, count) != 0 { return false }
                start += count
            }
        }
        return true
    }
}

/// Bytes of each of the four planes of a frame.
struct PlaneBytes {
    private var bytes = SIMD4<Int>()

    mutating func add(width: Int, count: Int) {
        for plane in 0..<width { bytes[plane] += count }
    }

    var total: Int { bytes.wrappedSum() }

    /// Where each plane begins, the first at `start`.
    func places(after start: Int) -> SIMD4<Int> {
        SIMD4(start, start + bytes[0], start + bytes[0] + bytes[1], start + bytes[0] + bytes[1] + bytes[2])
    }
}
