import Files

/// Reads a file line by line, holding no more of it than a piece and a line. Where a line is longer than any that Lockstep writes, only its
/// beginning is given: such a line is damage, which readers name or pass over.
struct LineReader {
    /// Most that is read of a line.
    static let maximumLineBytes = 1 << 20

    struct Line {
        /// From 1.
        let number: Int
        /// Without its end.
        let text: String
        /// Where it starts in the file.
        let offset: Int
        /// False for a last line that has no end: whoever wrote it did not finish.
        let isComplete: Bool
    }

    private static let pieceBytes = 1 << 18
    private let source: ByteSource
    private var buffer: [UInt8] = []
    private var position = 0
    private var readOffset = 0
    private var number = 0
    /// How much of the line before `position` was dropped as too long.
    private var dropped = 0

    init(source: ByteSource) {
        self.source = source
    }

    /// The next line; nil at the end of the file. Throws the file's `DiskError`.
    mutating func next() throws -> Line? {
        var searchFrom = position
        while true {
            if let end = buffer[searchFrom...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return line(upTo: end, isComplete: true)
            }
            guard readOffset < source.count else { break }
            buffer.removeSubrange(..<position)
            position = 0
            if buffer.count > Self.maximumLineBytes {
                dropped += buffer.count - Self.maximumLineBytes
                buffer.removeLast(buffer.count - Self.maximumLineBytes)
            }
            searchFrom = buffer.count
            let end = min(source.count, readOffset + Self.pieceBytes)
            buffer += try source.read(readOffset..<end)
            readOffset = end
        }
        guard position < buffer.count else { return nil }
        defer { position = buffer.count }
        return line(upTo: buffer.count, isComplete: false)
    }

    private mutating func line(upTo end: Int, isComplete: Bool) -> Line {
        number += 1
        let start = readOffset - buffer.count - dropped + position
        dropped = 0
        return Line(
            number: number, text: String(decoding: buffer[position..<min(end, position + Self.maximumLineBytes)], as: UTF8.self),
            offset: start, isComplete: isComplete)
    }
}
