import Collectives
import Kernels
import Wire

extension FuzzTarget {
    private static let hello = LinkHello(
        run: Array(1...16), generation: 3, view: 9, from: .worker(2), to: .server(0), secret: Array(100..<132))

    /// The first bytes of a gradient link, from a stranger. The first byte of the input: bit 0 mends the checksum.
    static let linkHello = FuzzTarget("link-hello", refusing: [HelloRefusal.self]) {
        [Seed("hello", [0] + hello.bytes), Seed("hello-mended", [1] + hello.bytes)]
    } body: { input in
        guard let options = input.first else { return }
        // The connection hands over exactly so many bytes.
        var bytes = Array(input.dropFirst().prefix(LinkHello.byteCount))
        bytes += [UInt8](repeating: 0, count: LinkHello.byteCount - bytes.count)
        if options & 1 == 1 { bytes.putChecksum(of: 0..<80, at: 80) }
        let hello = try LinkHello.read(bytes).get()
        try claim(hello.run.count == LinkHello.runBytes && hello.secret.count == LinkHello.secretBytes, "run and secret are whole")
        try claim(hello.bytes == bytes, "a hello written again is the bytes that were read")
    }

    /// The eight bytes that answer it.
    static let linkAnswer = FuzzTarget("link-answer", refusing: [HelloRefusal.self]) {
        [Seed("welcome", HelloAnswer.bytes(nil))]
    } body: { input in
        if let refusal = HelloAnswer.read(input) { throw refusal }
        try claim(input == HelloAnswer.bytes(nil), "only a welcome is one")
    }

    /// Header, tables and payload of a gradient frame. The first byte: bit 0 mends the checksums.
    static let gradientFrame = FuzzTarget(
        "gradient-frame", refusing: [GradientFrameError.self, GradientCodecError.self, CutShort.self]
    ) {
        try GradientCoding.allCases.flatMap { coding in
            let frame = try frame(coding)
            return [Seed("\(coding)", [0] + frame), Seed("\(coding)-mended", [1] + frame)]
        }
    } body: { input in
        guard let options = input.first else { return }
        var bytes = Array(input.dropFirst())
        if options & 1 == 1 { mendHeader(&bytes) }
        guard bytes.count >= GradientFrameHeader.fixedBytes else { throw CutShort() }
        let fixed = try bytes.withUnsafeBytes { bytes in
            try GradientFrameHeader.readFixed(UnsafeRawBufferPointer(rebasing: bytes[..<GradientFrameHeader.fixedBytes]))
        }
        try claim(fixed.tableBytes <= 4 * Limits.gradientPieces + 16 * Limits.gradientStatistics, "tables within their limits")
        let payloadStart = GradientFrameHeader.fixedBytes + fixed.tableBytes
        guard bytes.count >= payloadStart else { throw CutShort() }
        let header = try bytes.withUnsafeBytes { bytes in
            let tables = bytes[GradientFrameHeader.fixedBytes..<payloadStart]
            return try GradientFrameHeader.read(fixed, tables: UnsafeRawBufferPointer(rebasing: tables))
        }
        try claim(header.elements <= Limits.bucketElements, "no more elements than a bucket has")
        try claim(header.bucket < header.buckets && header.buckets <= Limits.buckets, "a bucket among its buckets")
        let bound = GradientCodec.packedBound(elements: header.elements, pieces: header.pieces.count)
        try claim(header.payloadBytes <= bound, "a payload no longer than packing can make it")
        try checkRewriting(header)
        guard bytes.count >= payloadStart + header.payloadBytes else { throw CutShort() }
        let payload = Array(bytes[payloadStart..<payloadStart + header.payloadBytes])
        if header.elements <= manyElements { try checkPayload(payload, coding: header.coding, pieces: header.pieces) }
    }

    /// A payload by itself: coding, number of pieces, two bytes for the length of each, then what a frame carries.
    static let gradientPayload = FuzzTarget("gradient-payload", refusing: [GradientCodecError.self, CutShort.self]) {
        GradientCoding.allCases.map { coding in
            let lengths = seedLengths(coding)
            let (wrote, payload) = encoded(seedValues(coding), pieces: consecutive(lengths), coding)
            let head = lengths.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
            return Seed("\(coding)", [wrote.rawValue, UInt8(lengths.count)] + head + payload)
        }
    } body: { input in
        let codings = UInt8(GradientCoding.allCases.count)
        guard input.count >= 2, let coding = GradientCoding(rawValue: input[0] % codings) else { throw CutShort() }
        let count = Int(input[1] & 7)
        guard input.count >= 2 + 2 * count else { throw CutShort() }
        let pieces = (0..<count).map { input.little16(at: 2 + 2 * $0) }
        try checkPayload(Array(input[(2 + 2 * count)...]), coding: coding, pieces: pieces)
    }

    /// zstd with its limit: sixteen times the first byte; the rest is the frame.
    static let zstd = FuzzTarget("zstd", refusing: [ZstdError.self]) {
        let text = (0..<600).map { UInt8($0 % 7) }
        let noise = (0..<600).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 2_654_435_761 >> 13) }
        return [
            Seed("empty", [0] + Zstd.compress([])), Seed("text", [255] + Zstd.compress(text)),
            Seed("noise", [255] + Zstd.compress(noise)), Seed("noise-level-9", [255] + Zstd.compress(noise, level: 9)),
        ]
    } body: { input in
        let limit = 16 * Int(input.first ?? 0)
        let content = try Zstd.decompress(Array(input.dropFirst()), limit: limit)
        try claim(content.count <= limit, "no more bytes than the limit")
        let again = try must("what was compressed unpacks") { try Zstd.decompress(Zstd.compress(content), limit: limit) }
        try claim(again == content, "packed and unpacked is the same")
    }

    /// A payload with more elements is not unpacked here: the frame's own checks are done, and the fuzzer's time is better spent elsewhere.
    private static let manyElements = 1 << 16

    /// A fault of the input, not of a parser: a link would wait for the rest.
    private struct CutShort: Error, CustomStringConvertible {
        var description: String { "the input ends inside the frame" }
    }

    /// Blocks of every width: zeros, small ones, large ones. For the entropy coder rows of two scales, and a column of large ones.
    private static func seedValues(_ coding: GradientCoding) -> [Int32] {
        guard coding == .entropy else {
            return [Int32](repeating: 0, count: 300) + (0..<730).map { Int32($0 % 50 - 25) } + (0..<270).map { Int32($0) << 20 }
        }
        return (0..<9000).map { index in
            let (row, column) = (index / seedColumns, index % seedColumns)
            let noise = Int32(truncatingIfNeeded: (index &* index &* 2_654_435_761) >> 16 & 7)
            if column == 50 { return noise << 20 }
            return column % 3 == 0 || noise > 1 ? 0 : row % 2 == 0 ? noise : 1 - 2 * noise
        }
    }

    /// Of the pieces of payloads that are entropy-coded here; the first begins in the middle of a row.
    private static let seedColumns = 100

    private static func rows(_ pieces: [Range<Int>]) -> [PieceRows] {
        pieces.map { PieceRows(columns: seedColumns, first: ($0.lowerBound + 40) % seedColumns) }
    }

    private static func frame(_ coding: GradientCoding) throws -> [UInt8] {
        let lengths = seedLengths(coding)
        let (wrote, payload) = encoded(seedValues(coding), pieces: consecutive(lengths), coding)
        var header = GradientFrameHeader(
            coding: wrote, view: 4, exchange: ExchangeTag(phase: 12, attempt: 1), bucket: 2, buckets: 5, chunk: 1, hop: 3,
            pieces: lengths, statistics: [TensorStatistics(maximumBits: 0x3F80_0000), TensorStatistics(clamped: 9)],
            payloadBytes: payload.count)
        payload.withUnsafeBytes { header.seal([$0]) }
        return written(header) + payload
    }

    /// Within one block and across its edge, and as many as the entropy coder wants; raw ones are kept short for the corpus.
    private static func seedLengths(_ coding: GradientCoding) -> [Int] {
        switch coding {
        case .raw: [299, 1, 0, 60]
        case .entropy: [GradientCodec.entropyElements + 5, 1, 0, 60]
        default: [1025, 1, 0, 200]
        }
    }

    private static func consecutive(_ lengths: [Int]) -> [Range<Int>] {
        var end = 0
        return lengths.map { length in
            defer { end += length }
            return end..<end + length
        }
    }

    /// The codec's memory holds the bytes only as long as it lives.
    private static func encoded(
        _ values: [Int32], pieces: [Range<Int>], _ coding: GradientCoding, by codec: GradientCodec = GradientCodec()
    ) -> (coding: GradientCoding, bytes: [UInt8]) {
        withExtendedLifetime(codec) {
            let encoded = codec.encode(Slice(values), pieces: pieces, rows: rows(pieces), coding: coding)
            return (encoded.coding, Array(encoded.bytes))
        }
    }

    private static func written(_ header: GradientFrameHeader) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: header.byteCount)
        bytes.withUnsafeMutableBytes { header.write(to: $0) }
        return bytes
    }

    private static func checkRewriting(_ header: GradientFrameHeader) throws(Violation) {
        let bytes = written(header)
        let again: GradientFrameHeader = try must("a header that was read reads again") {
            try bytes.withUnsafeBytes { bytes -> GradientFrameHeader in
                let head = UnsafeRawBufferPointer(rebasing: bytes[..<GradientFrameHeader.fixedBytes])
                let tables = UnsafeRawBufferPointer(rebasing: bytes[GradientFrameHeader.fixedBytes...])
                return try GradientFrameHeader.read(GradientFrameHeader.readFixed(head), tables: tables)
            }
        }
        try claim(again == header, "a header written again is the same header")
    }

    /// Mends fixed part and tables; the parsers under test ignore the payload's checksum.
    private static func mendHeader(_ bytes: inout [UInt8]) {
        guard bytes.count >= GradientFrameHeader.fixedBytes else { return }
        let (pieces, statistics) = (bytes.little16(at: 6), bytes.little16(at: 40))
        let end = GradientFrameHeader.fixedBytes + 4 * pieces + 16 * statistics
        if end <= bytes.count { bytes.putChecksum(of: GradientFrameHeader.fixedBytes..<end, at: 56) }
        bytes.putChecksum(of: 0..<60, at: 60)
    }

    private static let untouched: Int32 = 0x5A5A_5A5A

    /// Unpacks into pieces with a gap of one element before and after each, which must stay as it was.
    private static func checkPayload(_ payload: [UInt8], coding: GradientCoding, pieces lengths: [Int]) throws {
        var pieces: [Range<Int>] = []
        var end = 0
        for length in lengths {
            pieces.append(end + 1..<end + 1 + length)
            end += 1 + length
        }
        let codec = GradientCodec()
        func decode(_ bytes: [UInt8], _ coding: GradientCoding, over start: Int32, _ mode: GradientCodec.Mode) throws -> [Int32] {
            let values = Slice([Int32](repeating: untouched, count: end + 1))
            for piece in pieces { values[piece].fill(start) }
            let outcome = Result {
                try bytes.withUnsafeBytes { try codec.decode($0, coding: coding, pieces: pieces, into: values, mode: mode) }
            }
            var gap = 0
            for piece in pieces {
                try claim(values[gap] == untouched, "nothing is written outside the pieces")
                gap = piece.upperBound
            }
            try claim(values[gap] == untouched, "nothing is written outside the pieces")
            try outcome.get()
            return values.array
        }
        let assigned = try decode(payload, coding, over: -1, .assign)
        let added = try must("what can be assigned can be added") { try decode(payload, coding, over: 0, .add) }
        try claim(added == assigned, "adding to zeros is assigning")
        for other in GradientCoding.allCases where other != .empty {
            let (wrote, bytes) = encoded(assigned, pieces: pieces, other, by: codec)
            try claim(
                bytes.count <= GradientCodec.packedBound(elements: end - lengths.count, pieces: pieces.count),
                "no more bytes than the bound")
            let again = try must("what was packed unpacks") { try decode(bytes, wrote, over: -1, .assign) }
            try claim(again == assigned, "packed by \(other) and unpacked is the same")
        }
    }
}
