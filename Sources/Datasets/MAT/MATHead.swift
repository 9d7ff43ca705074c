/// Tells by a file's first bytes which of MATLAB's formats it has. A file of version 5 is also checked to be whole: each element ends
/// within the file, and each packed one unpacks to its end and has the right check sum, which libmatio ignores. A file of version 7.3
/// must be as long as HDF5's superblock says.
///
/// ```
/// 0    116  124     126    128
/// text  …   version  "IM"  elements: type u32, bytes u32, content (packed: a zlib stream)
/// ```
struct MATHead {
    enum Version { case level5, hdf5 }

    let version: Version
    let bytes: Int

    private static let length = 128
    private static let packed: UInt32 = 15
    /// HDF5's signature.
    private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let matrix: UInt32 = 14
    private static let pieceBytes = 1 << 18

    init(_ path: String, progress: (Double) -> Void) throws {
        let file = try RawFile(path)
        bytes = file.size
        let head = try file.read(Self.length)
        if head.starts(with: [0x1F, 0x8B]) {
            throw Self.malformed(file, 0, found: "a gzip stream", expected: "a MAT file: unpack it (gunzip)")
        }
        if head.starts(with: Self.signature) {
            throw DataError.unfit(
                file: path, found: "HDF5 without the 512 bytes that MATLAB puts before it",
                expected: "a MAT file; write it by scipy.io.savemat, or by MATLAB's save with -v7 or -v7.3")
        }
        guard head.count == Self.length else {
            throw Self.malformed(file, 0, found: "\(head.count) bytes", expected: "a MAT file, whose header has \(Self.length)")
        }
        let isLittle = head[126...] == [0x49, 0x4D]
        guard isLittle || head[126...] == [0x4D, 0x49] else {
            throw Self.malformed(
                file, 126, found: "no mark of MATLAB's byte order",
                expected: "a MAT file of version 5 or 7.3 (MATLAB: save with -v7 or -v7.3)")
        }
        switch isLittle ? head[125] : head[124] {
        case 1: version = .level5
        case 2: version = .hdf5
        case let other: throw Self.malformed(file, 124, found: "version \(other)", expected: "1 (MAT 5) or 2 (MAT 7.3)")
        }
        switch version {
        case .level5: try Self.check(file, isLittle: isLittle, progress)
        case .hdf5: try Self.checkLength(file)
        }
    }

    /// HDF5's superblock follows 512 bytes of MATLAB's own. It has a signature, a version, fields that depend on the version, and three
    /// or four addresses, of which the third is the end of the file.
    private static func checkLength(_ file: RawFile) throws {
        try file.seek(512)
        let block = try file.read(64)
        guard block.count == 64, block.starts(with: Self.signature) else {
            throw malformed(file, 512, found: "no superblock of HDF5", expected: "one, as MAT 7.3 has it")
        }
        // Other versions and shorter addresses are left to the library.
        guard let start = [0: 24, 1: 28, 2: 12, 3: 12][block[8]], block[block[8] < 2 ? 13 : 9] == 8 else { return }
        let end = block[start + 16..<start + 24].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard end <= UInt64(file.size) else {
            throw malformed(
                file, 512 + start + 16, found: "a length of \(end) bytes in a file of \(file.size)",
                expected: "all of it (a file that was cut short?)")
        }
    }

    private static func check(_ file: RawFile, isLittle: Bool, _ progress: (Double) -> Void) throws {
        var offset = length
        while offset < file.size {
            try file.seek(offset)
            let tag = try file.read(8)
            guard tag.count == 8 else { throw malformed(file, offset, found: "\(tag.count) bytes", expected: "an element") }
            func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
                (isLittle ? Array(bytes.reversed()) : Array(bytes)).reduce(0) { $0 << 8 | UInt32($1) }
            }
            let (type, size) = (number(tag[..<4]), Int(number(tag[4...])))
            guard type == matrix || type == packed else {
                throw malformed(file, offset, found: "an element of type \(type)", expected: "14 (a variable) or 15 (a packed one)")
            }
            guard size <= file.size - offset - 8 else {
                throw malformed(
                    file, offset, found: "an element of \(size) bytes and the end of the file after \(file.size - offset - 8)",
                    expected: "all of it (a file that was cut short?)")
            }
            if type == packed { try unpack(file, offset + 8, size, progress) }
            offset += 8 + size
        }
    }

    private static func unpack(_ file: RawFile, _ start: Int, _ size: Int, _ progress: (Double) -> Void) throws {
        let inflater = Inflater(.zlib)
        var left = size
        var finished = false
        while !finished {
            var input = try file.read(min(left, pieceBytes))[...]
            left -= input.count
            let place = start + size - left - input.count
            guard !input.isEmpty else {
                throw malformed(file, start, found: "a packed variable without its end", expected: "a whole zlib stream")
            }
            var isFull = false
            repeat {
                do {
                    let step = try inflater.unpack(input, atMost: pieceBytes)
                    input = input.dropFirst(step.consumed)
                    (finished, isFull) = (step.finished, step.output.count == pieceBytes)
                } catch let damage as Inflater.Damage {
                    throw malformed(
                        file, place, found: "a packed variable that does not unpack (\(damage.reason))",
                        expected: "a whole zlib stream")
                }
                // After a full piece of output, more may come without further input.
            } while !finished && (!input.isEmpty || isFull)
            progress(Double(start + size - left) / Double(max(1, file.size)))
        }
    }

    private static func malformed(_ file: RawFile, _ offset: Int, found: String, expected: String) -> DataError {
        .malformed(file: file.path, offset: offset, unpacked: false, found: found, expected: expected)
    }
}
