/// Reads a file line by line, holding no more of it than a piece and a line.
struct LineReader {
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

    init(source: ByteSource) {
        self.source = source
    }

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
        return Line(
            number: number, text: String(decoding: buffer[position..<end], as: UTF8.self),
            offset: readOffset - buffer.count + position,
            isComplete: isComplete)
    }
}
