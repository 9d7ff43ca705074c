/// A file's content from its front to its end, unpacked on the way where the file is gzip (told by its first two bytes,
/// not by its name: some browsers unpack a download and leave the name).
///
/// No more memory is taken than the file can fill: deflate packs at most 1,032 to one.
final class ContentReader {
    private static let pieceBytes = 1 << 18
    private static let greatestRatio = 1_032

    let path: String
    /// Whether offsets count unpacked bytes.
    let unpacked: Bool
    /// The offset of the next byte of the content.
    private(set) var offset = 0
    /// An upper bound on the length of this file's content.
    let greatestLength: Int

    private let file: RawFile
    private var inflater = Inflater(.gzip)
    private var input: ArraySlice<UInt8> = []
    private var packedOffset = 0
    private var memberEnded = false

    init(_ path: String) throws {
        self.path = path
        file = try RawFile(path)
        let start = try file.read(2)
        try file.seek(0)
        unpacked = start == [0x1F, 0x8B]
        greatestLength = unpacked ? file.size.multipliedReportingOverflow(by: Self.greatestRatio).partialValue : file.size
    }

    /// Exactly `count` bytes; an error names the place where `what` ends too soon.
    func read(_ count: Int, _ what: String) throws -> [UInt8] {
        guard count <= greatestLength - offset else {
            throw malformed(
                found: "a file of \(file.size) bytes\(unpacked ? ", packed," : "") which cannot hold it",
                expected: "\(count) bytes of \(what)")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let piece = try next(atMost: min(count - bytes.count, Self.pieceBytes))
            if piece.isEmpty {
                throw malformed(found: "the end after \(bytes.count) bytes", expected: "\(count) bytes of \(what)")
            }
            bytes.append(contentsOf: piece)
        }
        offset += count
        return bytes
    }

    /// The content must be over, and a packed one must have its check sum.
    func expectEnd(after what: String) throws {
        guard try next(atMost: 1).isEmpty else {
            throw malformed(found: "more bytes", expected: "the end of the file after \(what)")
        }
    }

    func malformed(at place: Int? = nil, found: String, expected: String) -> DataError {
        .malformed(file: path, offset: place ?? offset, unpacked: unpacked, found: found, expected: expected)
    }

    /// The next bytes; empty only at the end of the content.
    private func next(atMost room: Int) throws -> [UInt8] {
        guard unpacked else { return try file.read(room) }
        while true {
            if input.isEmpty { input = try file.read(Self.pieceBytes)[...] }
            if memberEnded {
                if input.isEmpty { return [] }
                inflater = Inflater(.gzip)
                memberEnded = false
            }
            if input.isEmpty {
                throw packed(found: "the end of the file", expected: "the rest of its gzip stream (the file is cut short)")
            }
            let step: Inflater.Step
            do {
                step = try inflater.unpack(input, atMost: room)
            } catch let damage as Inflater.Damage {
                throw packed(found: "a gzip stream that does not unpack (\(damage.reason))", expected: "a whole gzip stream")
            }
            input = input.dropFirst(step.consumed)
            packedOffset += step.consumed
            memberEnded = step.finished
            if !step.output.isEmpty { return step.output }
        }
    }

    private func packed(found: String, expected: String) -> DataError {
        .malformed(file: path, offset: packedOffset, unpacked: false, found: found, expected: expected)
    }
}
