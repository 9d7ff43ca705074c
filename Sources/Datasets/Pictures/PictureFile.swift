import CPictures

/// One picture, whole in memory as its file has it: PNG or JPEG, told by the first bytes and not by the name.
package struct PictureFile {
    /// The greatest size in bytes of a file that is read.
    package static let mostBytes = 1 << 26
    /// Most values of a picture: the limit of a worker.
    package static let mostValues = 1 << 24
    /// A JPEG has at least so many bits for each block of 8 × 8 pixels.
    private static let pixelsOfAByte = 8 * 64

    private enum Format {
        case png, jpeg
    }

    package let path: String
    package let width: Int
    package let height: Int
    /// 1 for a grey picture, otherwise 3.
    package let channels: Int
    private let bytes: [UInt8]
    private let format: Format

    /// - Throws: `DataError` where the file's head says that it is no picture that can be read.
    package init(_ path: String) throws {
        self.path = path
        let file = try RawFile(path)
        guard file.size <= Self.mostBytes else {
            throw DataError.unfit(file: path, found: "\(file.size) bytes", expected: "a picture of at most \(Self.mostBytes)")
        }
        bytes = try file.read(file.size)
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
            format = .png
        } else if bytes.starts(with: [0xFF, 0xD8]) {
            format = .jpeg
        } else {
            throw DataError.unfit(
                file: path, found: "neither the first bytes of a PNG nor of a JPEG", expected: "a picture of one of the two")
        }
        var head = cpictures_head()
        guard Self.read(bytes, format, &head, channels: 0, into: nil) else { throw Self.damaged(path, head) }
        (width, height, channels) = (Int(head.width), Int(head.height), Int(head.channels))
        let isPossible = format == .png || width * height / Self.pixelsOfAByte <= bytes.count
        guard width > 0, height > 0, width * height * 3 <= Self.mostValues, isPossible else {
            throw DataError.unfit(
                file: path, found: "\(height) × \(width) pixels in \(bytes.count) bytes",
                expected: "at most \(Self.mostValues / 3) pixels, as many as such a file can hold")
        }
    }

    /// The pixels, (height, width, channels); a grey picture has three equal values where it is read in colour.
    package func pixels(channels wanted: Int) throws -> [UInt8] {
        precondition(wanted == 3 || wanted == channels, "\(wanted) channels of a picture that has \(channels)")
        var head = cpictures_head()
        var isRead = false
        let count = width * height * wanted
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
            // Parts that a damaged picture leaves unwritten must not show old memory.
            target.initialize(repeating: 0)
            isRead = Self.read(bytes, format, &head, channels: wanted, into: UnsafeMutableBufferPointer(rebasing: target[..<count]))
            filled = count
        }
        guard isRead else { throw Self.damaged(path, head) }
        return pixels
    }

    private static func read(
        _ bytes: [UInt8], _ format: Format, _ head: inout cpictures_head, channels: Int,
        into target: UnsafeMutableBufferPointer<UInt8>?
    ) -> Bool {
        let read = format == .png ? cpictures_png : cpictures_jpeg
        return bytes.withUnsafeBufferPointer {
            read($0.baseAddress, $0.count, &head, Int32(channels), target?.baseAddress, target?.count ?? 0) == 0
        }
    }

    private static func damaged(_ path: String, _ head: cpictures_head) -> DataError {
        let bytes = withUnsafeBytes(of: head.words) { Array($0.prefix { $0 != 0 }) }
        let letters = bytes.map { (0x21...0x7E).contains($0) ? Character(UnicodeScalar($0)) : " " }
        let words = String(letters).split(separator: " ").joined(separator: " ")
        return .unfit(
            file: path, found: "what cannot be read (\(words))",
            expected: "a whole PNG or JPEG, grey or RGB; convert it or take it out of the folder")
    }
}
