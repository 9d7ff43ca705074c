import CKernels

/// The entropy coding of a frame. The pieces of weights are coded by rANS, one by one, with tables of their own. Pieces that are no matrix,
/// are small or gain nothing are packed, all of them together as in a packed frame.
/// ```
///  | for each piece: u16 columns, and where these are not 0: u16 column of its first element, u32 bytes, those | the others, packed |
/// ```
/// Numbers are little-endian; `CKernels/loops_entropy.h` says what the bytes of a piece are. The payload names the columns itself, so a
/// decoder needs no plan, and a row length that is not the tensor's costs bytes but never changes a value.
extension GradientCodec {
    /// Fewest elements of a piece that pay for its tables: from there on a frame was shorter than by zstd (measured, n of 8 to 16).
    public static let entropyElements = 8 * blockElements
    /// Columns of the matrices that are coded. Below, the classes of rows cost what they gain; above, a piece has few rows.
    public static let entropyColumns = 8...Int(CK_ENTROPY_COLUMNS)

    static let entropyHeadBytes = 8

    /// nil where byte planes are as short.
    func entropyCode(
        _ base: UnsafePointer<Int32>, pieces: [Range<Int>], rows: [PieceRows]
    ) -> UnsafeRawBufferPointer? {
        others.removeAll(keepingCapacity: true)
        var (room, scratch) = (0, 0)
        for (piece, rows) in zip(pieces, rows) {
            room += GradientCodec.entropyHeadBytes
            if GradientCodec.isCoded(piece, rows) {
                room += ck_entropy_bound(piece.count, rows.first, rows.columns)
                scratch = max(scratch, ck_entropy_scratch(piece.count, rows.first, rows.columns))
            } else {
                room += GradientCodec.packedBound(elements: piece.count, pieces: 1)
            }
        }
        guard scratch > 0 else { return nil }
        compressed.reserve(room)
        tables.reserve(scratch)
        let output = compressed.bytes(room)
        var (at, saved) = (0, 0)
        func put<T: FixedWidthInteger>(_ value: T) {
            output.storeBytes(of: value.littleEndian, toByteOffset: at, as: T.self)
            at += MemoryLayout<T>.size
        }
        for (piece, rows) in zip(pieces, rows) {
            if GradientCodec.isCoded(piece, rows) {
                let target = output.baseAddress! + at + GradientCodec.entropyHeadBytes
                let count = ck_entropy_encode(
                    base + piece.lowerBound, piece.count, rows.first, rows.columns, tables.bytes(scratch).baseAddress!,
                    target.assumingMemoryBound(to: UInt8.self))
                let gain = GradientCodec.packedBytes(base, piece: piece) - (GradientCodec.entropyHeadBytes + count)
                if gain > 0 {
                    put(UInt16(rows.columns))
                    put(UInt16(rows.first))
                    put(UInt32(count))
                    at += count
                    saved += gain
                    continue
                }
            }
            put(UInt16(0))
            saved -= 2
            others.append(piece)
        }
        guard saved > 0 else { return nil }
        let rest = pack(base, pieces: others)
        if !rest.isEmpty { UnsafeMutableRawBufferPointer(rebasing: output[at...]).copyMemory(from: rest) }
        return UnsafeRawBufferPointer(rebasing: output[..<(at + rest.count)])
    }

    func entropyDecode(
        _ bytes: UnsafeRawBufferPointer, pieces: [Range<Int>], into base: UnsafeMutablePointer<Int32>, mode: Mode
    ) throws(GradientCodecError) {
        others.removeAll(keepingCapacity: true)
        var reading = EntropyHeads(bytes)
        for (index, piece) in pieces.enumerated() {
            guard let (rows, coded) = reading.next(piece) else { throw .entropy(piece: index) }
            guard let coded else {
                others.append(piece)
                continue
            }
            let scratch = ck_entropy_scratch(piece.count, rows.first, rows.columns)
            tables.reserve(scratch)
            let isWhole = ck_entropy_decode(
                coded.assumingMemoryBound(to: UInt8.self).baseAddress!, coded.count, piece.count, rows.first, rows.columns,
                mode == .add ? 1 : 0, tables.bytes(scratch).baseAddress!, base + piece.lowerBound)
            guard isWhole == 1 else { throw .entropy(piece: index) }
        }
        try unpack(reading.rest, coding: .entropy, pieces: others, into: base, mode: mode)
    }

    /// How the pieces lie in their rows, as the sender of an entropy-coded payload says: `.none` for those that it packed. nil for
    /// a payload that does not say so.
    public static func rows(in bytes: UnsafeRawBufferPointer, pieces: [Range<Int>]) -> [PieceRows]? {
        var reading = EntropyHeads(bytes)
        var result: [PieceRows] = []
        for piece in pieces {
            guard let (rows, _) = reading.next(piece) else { return nil }
            result.append(rows)
        }
        return result
    }

    private static func isCoded(_ piece: Range<Int>, _ rows: PieceRows) -> Bool {
        piece.count >= entropyElements && entropyColumns.contains(rows.columns)
    }

    /// What byte planes take for a piece.
    private static func packedBytes(_ base: UnsafePointer<Int32>, piece: Range<Int>) -> Int {
        var bytes = 0
        var start = piece.lowerBound
        while start < piece.upperBound {
            let count = min(blockElements, piece.upperBound - start)
            bytes += 1 + Int(ck_plane_width(base + start, count)) * count
            start += count
        }
        return bytes
    }
}

/// Goes through the parts of an entropy-coded payload. Everything about the bytes is checked.
private struct EntropyHeads {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// What follows the parts that were gone through.
    var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[at...]) }

    /// The next piece's rows and bytes; no bytes for a piece that is packed. nil where the payload is damaged.
    mutating func next(_ piece: Range<Int>) -> (rows: PieceRows, coded: UnsafeRawBufferPointer?)? {
        guard let columns = next(UInt16.self) else { return nil }
        guard columns > 0 else { return (.none, nil) }
        guard let first = next(UInt16.self), let count = next(UInt32.self) else { return nil }
        guard GradientCodec.entropyColumns.contains(Int(columns)), first < columns, !piece.isEmpty, count > 0,
            Int(count) <= bytes.count - at
        else { return nil }
        defer { at += Int(count) }
        let coded = UnsafeRawBufferPointer(rebasing: bytes[at..<(at + Int(count))])
        return (PieceRows(columns: Int(columns), first: Int(first)), coded)
    }

    private mutating func next<T: FixedWidthInteger>(_: T.Type) -> T? {
        let size = MemoryLayout<T>.size
        guard bytes.count - at >= size else { return nil }
        defer { at += size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
    }
}
