import Kernels
import Testing
import Wire

private let seed: UInt64 = 0xE47
private let large = GradientCodec.entropyElements

/// A part of a matrix: a number of elements, beginning at a column of a row.
struct MatrixPart: Sendable, CustomTestStringConvertible {
    var columns: Int
    var first = 0
    var count: Int

    var rows: PieceRows { PieceRows(columns: columns, first: first) }
    var testDescription: String { "\(count) from \(first) of \(columns) on" }

    /// Sums of `bits` with a scale by row and one by column, rows that lean to one sign, and rows and columns of zeros.
    func sums(bits: Int, seed: UInt64) -> [Int32] {
        var random = SplitMix(seed: seed)
        return (0..<count).map { index in
            let (row, column) = ((first + index) / columns, (first + index) % columns)
            if row % 11 == 3 || column % 7 == 2 { return 0 }
            let largest = Int64(1) << (bits - 1) - 1
            let scale = largest >> min(Int64(row % 5 + column % 6), Int64(bits - 1))
            let value = Int64.random(in: -scale...scale, using: &random)
            return Int32(row % 4 == 1 ? -abs(value) : value)
        }
    }
}

@Suite("Entropy coding of gradients")
struct EntropyCodecTests {
    private static let parts = [
        MatrixPart(columns: 1000, count: 50_000), MatrixPart(columns: 784, first: 333, count: 40_961),
        MatrixPart(columns: 1000, first: 999, count: large), MatrixPart(columns: 20_000, count: 20_000),
        MatrixPart(columns: 20_000, first: 19_000, count: large), MatrixPart(columns: 65_535, first: 65_534, count: 70_000),
        MatrixPart(columns: 65_536, count: 70_000), MatrixPart(columns: 8, first: 5, count: 9_001),
        MatrixPart(columns: 7, count: 9_001), MatrixPart(columns: 1, count: 9_000), MatrixPart(columns: 33, count: large - 1),
        MatrixPart(columns: 33, count: 0), MatrixPart(columns: 0, count: 9_000),
    ]

    /// The codec's bytes of one piece, and the coding that was chosen.
    private static func encoded(_ values: [Int32], _ part: MatrixPart) -> (coding: GradientCoding, bytes: [UInt8]) {
        let codec = GradientCodec()
        return withExtendedLifetime(codec) {
            let encoded = codec.encode(Slice(values), pieces: [0..<values.count], rows: [part.rows], coding: .entropy)
            return (encoded.coding, Array(encoded.bytes))
        }
    }

    private static func checkRoundTrip(_ values: [Int32], _ part: MatrixPart, _ codec: GradientCodec) throws {
        let pieces = [0..<values.count]
        let encoded = codec.encode(Slice(values), pieces: pieces, rows: [part.rows], coding: .entropy)
        let bytes = Array(encoded.bytes)
        #expect(bytes.count <= GradientCodec.packedBound(elements: values.count, pieces: 1))
        let start = Values.wide.make(values.count, seed: seed)
        for mode in [GradientCodec.Mode.assign, .add] {
            let output = Slice(start)
            try bytes.withUnsafeBytes {
                try codec.decode($0, coding: encoded.coding, pieces: pieces, into: output, mode: mode)
            }
            let expected = mode == .add ? zip(start, values).map { $0 &+ $1 } : values
            #expect(output.array == expected, "seed \(seed), \(part), \(mode)")
        }
    }

    @Test("Sums of any width come back, replaced and added, from awkward parts of matrices", arguments: parts)
    func roundTrip(part: MatrixPart) throws {
        let codec = GradientCodec()
        for bits in [2, 3, 4, 5, 6, 8, 12, 16, 24, 31, 32] where part.columns > 0 {
            try Self.checkRoundTrip(part.sums(bits: bits, seed: seed + UInt64(bits)), part, codec)
        }
        for values in Values.allCases { try Self.checkRoundTrip(values.make(part.count, seed: seed), part, codec) }
    }

    @Test("One element among zeros comes back, whichever it is and wherever it stands")
    func lonely() throws {
        let codec = GradientCodec()
        let part = MatrixPart(columns: 100, first: 99, count: large)
        for value in [1, -1, 7, 8, -8, .max, .min] as [Int32] {
            for place in [0, 1, 100, large - 1] {
                var values = [Int32](repeating: 0, count: part.count)
                values[place] = value
                try Self.checkRoundTrip(values, part, codec)
            }
        }
    }

    @Test("A frame has coded and packed pieces, and only these are read and written")
    func pieces() throws {
        let parts = [
            MatrixPart(columns: 100, first: 40, count: 20_000), MatrixPart(columns: 0, count: 300),
            MatrixPart(columns: 10, count: 0), MatrixPart(columns: 300, count: 12_000), MatrixPart(columns: 12, count: 120),
            MatrixPart(columns: 64, first: 63, count: large),
        ]
        var values: [Int32] = []
        var pieces: [Range<Int>] = []
        for part in parts {
            values.append(7)
            pieces.append(values.count..<(values.count + part.count))
            values += part.columns > 0 ? part.sums(bits: 10, seed: seed) : Values.bytes.make(part.count, seed: seed)
        }
        let codec = GradientCodec()
        let rows = parts.map(\.rows)
        let encoded = codec.encode(Slice(values), pieces: pieces, rows: rows, coding: .entropy)
        #expect(encoded.coding == .entropy)
        let bytes = Array(encoded.bytes)
        let output = Slice([Int32](repeating: 7, count: values.count))
        try bytes.withUnsafeBytes { bytes in
            try codec.decode(bytes, coding: .entropy, pieces: pieces, into: output, mode: .assign)
            let coded = rows.indices.map { [0, 3, 5].contains($0) ? rows[$0] : .none }
            #expect(GradientCodec.rows(in: bytes, pieces: pieces) == coded)
        }
        #expect(output.array == values, "seed \(seed)")
    }

    @Test("Gradients' sums are shorter than under zstd; noise, and what has no rows, is packed")
    func size() {
        let part = MatrixPart(columns: 1000, count: 100_000)
        let values = part.sums(bits: 8, seed: seed)
        let codec = GradientCodec()
        let zstd = codec.encode(Slice(values), pieces: [0..<values.count], coding: .packedZstd).bytes.count
        let (coding, bytes) = Self.encoded(values, part)
        #expect(coding == .entropy)
        #expect(bytes.count < zstd)
        #expect(Self.encoded(Values.wide.make(part.count, seed: seed), part).coding == .packed)
        #expect(codec.encode(Slice(values), pieces: [0..<values.count], coding: .entropy).coding == .packed)
        #expect(Self.encoded([Int32](repeating: 0, count: part.count), part).coding == .empty)
    }

    @Test("Rows that are not the tensor's cost bytes and no value")
    func otherRows() throws {
        let values = MatrixPart(columns: 1000, count: 30_000).sums(bits: 12, seed: seed)
        for columns in [8, 999, 4096, 65_535] {
            try Self.checkRoundTrip(values, MatrixPart(columns: columns, first: 3, count: 30_000), GradientCodec())
        }
    }

    @Test("The bytes are the same at every level of this CPU")
    func levels() {
        let best = InstructionLevel.current
        defer { best.select() }
        for part in Self.parts where part.columns > 0 {
            for bits in [4, 12, 30] {
                let values = part.sums(bits: bits, seed: seed)
                let expected = Self.encoded(values, part)
                for level in InstructionLevel.allCases.filter(\.isAvailable) {
                    level.select()
                    #expect(Self.encoded(values, part) == expected, "\(part), \(bits) bits, \(level)")
                }
                best.select()
            }
        }
    }

    @Test("A damaged byte anywhere and a missing one never cross a bound", arguments: [5, 20])
    func damage(bits: Int) {
        let part = MatrixPart(columns: 90, first: 50, count: large)
        let (coding, good) = Self.encoded(part.sums(bits: bits, seed: seed), part)
        #expect(coding == .entropy)
        let codec = GradientCodec()
        let guarded = Slice([Int32](repeating: 9, count: part.count + 64))
        func feed(_ bytes: [UInt8], _ mode: GradientCodec.Mode = .assign) -> GradientCodecError? {
            bytes.withUnsafeBytes { bytes in
                do throws(GradientCodecError) {
                    try codec.decode(bytes, coding: .entropy, pieces: [32..<(32 + part.count)], into: guarded, mode: mode)
                    return nil
                } catch {
                    return error
                }
            }
        }
        for index in good.indices where index < 600 || index % 7 == 0 {
            var bad = good
            bad[index] ^= UInt8(1 << (index % 8))
            _ = feed(bad)
            bad[index] = 255
            _ = feed(bad, .add)
        }
        for length in good.indices where length < 600 || length % 101 == 0 {
            #expect(feed(Array(good[..<length])) != nil, "\(length) bytes")
        }
        #expect(feed(good + [0]) != nil)
        #expect(feed(good) == nil)
        #expect(guarded.array[..<32].allSatisfy { $0 == 9 } && guarded.array[(32 + part.count)...].allSatisfy { $0 == 9 })
    }

    @Test("Columns that cannot be are refused before memory is taken")
    func columns() {
        // Too few columns, a first column beyond the last, no bytes, more bytes than there are.
        let heads: [[UInt8]] = [
            [7, 0, 0, 0, 1, 0, 0, 0, 0], [8, 0, 8, 0, 1, 0, 0, 0, 0], [8, 0, 0, 0, 0, 0, 0, 0], [8, 0, 0, 0, 2, 0, 0, 0, 0],
        ]
        let codec = GradientCodec()
        let values = Slice([Int32](repeating: 0, count: 20))
        for head in heads {
            for start in [[], [0, 0]] as [[UInt8]] {
                #expect(throws: GradientCodecError.entropy(piece: start.count / 2)) {
                    try (start + head).withUnsafeBytes {
                        try codec.decode($0, coding: .entropy, pieces: [0..<4, 4..<20], into: values, mode: .add)
                    }
                }
            }
        }
    }
}
