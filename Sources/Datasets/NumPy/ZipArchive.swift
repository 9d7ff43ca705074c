/// Reads members of a zip archive, stored or deflated, by its central directory. Zip64 and encryption are refused.
final class ZipArchive {
    struct Entry: Sendable {
        var name: String
        var method: Int
        var checkSum: UInt32
        var packedSize: Int
        var size: Int
        /// Offset of the local header.
        var offset: Int
    }

    private static let endBytes = 22
    private static let greatestComment = 65_535
    private static let entryBytes = 46
    private static let localBytes = 30
    private static let greatestRatio = 1_032
    private static let pieceBytes = 1 << 18

    let path: String
    private(set) var entries: [Entry] = []
    private let file: RawFile

    init(_ path: String) throws {
        self.path = path
        file = try RawFile(path)
        try readDirectory()
    }

    /// The unpacked content, of the size and check sum that the directory promises.
    func read(_ entry: Entry) throws -> [UInt8] {
        try file.seek(entry.offset)
        let header = try file.read(Self.localBytes)
        guard header.count == Self.localBytes, little(header, 0, 4) == 0x0403_4B50 else {
            throw malformed(entry.offset, "other bytes", "the local header of \(entry.name)")
        }
        let start = entry.offset + Self.localBytes + little(header, 26, 2) + little(header, 28, 2)
        guard start + entry.packedSize <= file.size else {
            throw malformed(start, "a file of \(file.size) bytes", "\(entry.packedSize) bytes of \(entry.name)")
        }
        try file.seek(start)
        let content = entry.method == 0 ? try file.read(entry.size) : try inflated(entry, start: start)
        guard content.count == entry.size, Inflater.checkSum(content) == entry.checkSum else {
            throw malformed(start, "content whose CRC-32 is another", "the CRC-32 of \(entry.name) in the directory")
        }
        return content
    }

    private func inflated(_ entry: Entry, start: Int) throws -> [UInt8] {
        let inflater = Inflater(.raw)
        var content: [UInt8] = []
        content.reserveCapacity(entry.size)
        var left = entry.packedSize
        var input: ArraySlice<UInt8> = []
        while true {
            if input.isEmpty, left > 0 {
                input = try file.read(min(left, Self.pieceBytes))[...]
                guard !input.isEmpty else {
                    throw malformed(start + entry.packedSize - left, "the end of the file", "\(left) more bytes of \(entry.name)")
                }
                left -= input.count
            }
            let place = start + entry.packedSize - left - input.count
            let step: Inflater.Step
            do {
                // Asks for one byte more than promised, so that a longer content is noticed.
                step = try inflater.unpack(input, atMost: min(entry.size + 1 - content.count, Self.pieceBytes))
            } catch let damage as Inflater.Damage {
                throw malformed(place, "\(entry.name) does not unpack (\(damage.reason))", "a whole deflate stream")
            }
            input = input.dropFirst(step.consumed)
            content.append(contentsOf: step.output)
            if step.finished { return content }
            guard content.count <= entry.size, step.consumed > 0 || !step.output.isEmpty || left > 0 else {
                throw malformed(place, "a stream of another length", "\(entry.size) bytes of \(entry.name)")
            }
        }
    }

    private func readDirectory() throws {
        let tailBytes = min(file.size, Self.endBytes + Self.greatestComment)
        try file.seek(file.size - tailBytes)
        let tail = try file.read(tailBytes)
        let candidates = stride(from: tail.count - Self.endBytes, through: 0, by: -1)
        guard
            let end = candidates.first(where: {
                little(tail, $0, 4) == 0x0605_4B50 && $0 + Self.endBytes + little(tail, $0 + 20, 2) == tail.count
            })
        else { throw malformed(file.size, "no directory at the end", "a zip archive (.npz)") }
        let count = little(tail, end + 10, 2)
        let size = little(tail, end + 12, 4)
        let offset = little(tail, end + 16, 4)
        guard count != 0xFFFF, size != 0xFFFF_FFFF, offset != 0xFFFF_FFFF else { throw zip64(file.size - tailBytes + end) }
        guard offset + size <= file.size, count * Self.entryBytes <= size else {
            throw malformed(
                file.size - tailBytes + end, "a directory of \(count) members, \(size) bytes from \(offset)",
                "one within the file's \(file.size) bytes")
        }
        try file.seek(offset)
        let directory = try file.read(size)
        var place = 0
        for _ in 0..<count { place = try readEntry(directory, place, directoryOffset: offset) }
    }

    /// Reads one entry of the directory; returns where the next one starts.
    private func readEntry(_ directory: [UInt8], _ place: Int, directoryOffset: Int) throws -> Int {
        let here = directoryOffset + place
        guard place + Self.entryBytes <= directory.count, little(directory, place, 4) == 0x0201_4B50 else {
            throw malformed(here, "other bytes", "an entry of the zip directory")
        }
        let nameStart = place + Self.entryBytes
        let nameEnd = nameStart + little(directory, place + 28, 2)
        let next = nameEnd + little(directory, place + 30, 2) + little(directory, place + 32, 2)
        guard next <= directory.count else { throw malformed(here, "an entry past the directory's end", "a whole entry") }
        let entry = Entry(
            name: String(decoding: directory[nameStart..<nameEnd], as: UTF8.self),
            method: little(directory, place + 10, 2), checkSum: UInt32(little(directory, place + 16, 4)),
            packedSize: little(directory, place + 20, 4),
            size: little(directory, place + 24, 4), offset: little(directory, place + 42, 4))
        guard ![entry.packedSize, entry.size, entry.offset].contains(0xFFFF_FFFF) else { throw zip64(here) }
        guard little(directory, place + 8, 2) & 1 == 0 else { throw malformed(here, "an encrypted member", "a plain one") }
        guard entry.method == 0 || entry.method == 8 else {
            throw malformed(here, "compression method \(entry.method)", "stored (0) or deflate (8)")
        }
        let greatest = entry.method == 0 ? entry.packedSize : entry.packedSize * Self.greatestRatio
        let isWhole = entry.method == 8 || entry.size == entry.packedSize
        guard entry.packedSize <= file.size, entry.size <= greatest, isWhole else {
            throw malformed(
                here, "\(entry.name) with \(entry.size) bytes packed into \(entry.packedSize)",
                "sizes that the file's \(file.size) bytes can hold")
        }
        entries.append(entry)
        return next
    }

    private func little(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int {
        bytes[start..<start + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private func zip64(_ offset: Int) -> DataError {
        malformed(offset, "a zip64 archive", "one below 4 GiB (save the arrays in smaller files)")
    }

    private func malformed(_ offset: Int, _ found: String, _ expected: String) -> DataError {
        .malformed(file: path, offset: offset, unpacked: false, found: found, expected: expected)
    }
}
