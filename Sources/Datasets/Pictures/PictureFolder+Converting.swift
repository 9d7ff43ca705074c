import Crypto
import Foundation

extension PictureFolder {
    /// The pictures' total size and, in place of a time, 64 bits of a SHA-256 of their names, sizes and times. These bits change when a picture
    /// is added, removed, written to or replaced.
    func stamp() throws -> FileStamp {
        var hash = SHA256()
        var bytes = 0
        for picture in pictures {
            var status = stat()
            let file = "\(path)/\(picture.name)"
            guard stat(file, &status) == 0 else {
                throw DataError.system(doing: "open", file: file, reason: String(cString: strerror(errno)))
            }
            bytes += Int(status.st_size)
            let times = [status.st_mtim, status.st_ctim].map { "\($0.tv_sec).\($0.tv_nsec)" }
            hash.update(data: Array("\(picture.name)\0\(picture.label) \(status.st_size) \(times)\n".utf8))
        }
        hash.update(data: Array("\(testCount)".utf8))
        let time = hash.finalize().prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return FileStamp(bytes: bytes, time: Int64(bitPattern: time))
    }

    /// SHA-256 of all names, labels and contents, in their order.
    func digest(progress: (Double) -> Void) throws -> [UInt8] {
        var hash = SHA256()
        for (index, picture) in pictures.enumerated() {
            hash.update(data: Array("\(picture.name)\0\(picture.label)\n".utf8))
            hash.update(data: try FileStamp.digest(ofFile: "\(path)/\(picture.name)"))
            progress(Double(index + 1) / Double(pictures.count))
        }
        hash.update(data: Array("\(testCount)".utf8))
        return Array(hash.finalize())
    }

    /// Writes the flat file: labels, then images in the order of the pictures. If one is in colour, all are.
    func convert(_ start: (FlatHeader) throws -> FlatWriter, _ progress: (Double) -> Void) throws -> FlatWriter {
        let (height, width, channels) = try shape { progress($0 / 2) }
        let header = FlatHeader(.pictures, count: pictures.count, height: height, width: width, channels: channels, columns: 1)
        let (_, overflow) = pictures.count.multipliedReportingOverflow(by: header.pixels)
        guard !overflow, header.fileBytes <= IDXLimits.bytes else {
            throw DataError.unfit(
                file: path, found: "\(pictures.count) pictures of \(height) × \(width) × \(channels)",
                expected: "at most \(IDXLimits.bytes) bytes of pixels")
        }
        let writer = try start(header)
        try writer.write(pictures.map(\.label))
        for (index, picture) in pictures.enumerated() {
            let file = try PictureFile("\(path)/\(picture.name)")
            guard file.height == height, file.width == width, file.channels <= channels else { throw changed }
            try writer.write(try file.pixels(channels: channels))
            progress(0.5 + Double(index + 1) / Double(2 * pictures.count))
        }
        return writer
    }

    private var changed: DataError {
        .unfit(file: path, found: "changed while it was read", expected: "a folder that stays as it is")
    }

    /// The size that all pictures have, and 3 channels where one is in colour.
    ///
    /// - Throws: `DataError` that names the first picture of another size than most have.
    private func shape(_ progress: (Double) -> Void) throws -> (height: Int, width: Int, channels: Int) {
        struct Size: Hashable {
            let height, width: Int
        }
        var counts: [Size: (count: Int, first: Int)] = [:]
        var channels = 1
        for (index, picture) in pictures.enumerated() {
            let file = try PictureFile("\(path)/\(picture.name)")
            channels = max(channels, file.channels)
            counts[Size(height: file.height, width: file.width), default: (0, index)].count += 1
            progress(Double(index + 1) / Double(pictures.count))
        }
        // If several sizes are equally frequent, the one that comes first counts.
        let sizes = counts.sorted { ($1.value.count, $0.value.first) < ($0.value.count, $1.value.first) }
        guard let usual = sizes.first?.key else { preconditionFailure("a folder without pictures") }
        if let odd = sizes.dropFirst().min(by: { $0.value.first < $1.value.first }) {
            throw DataError.unfit(
                file: "\(path)/\(pictures[odd.value.first].name)", found: "\(odd.key.height) × \(odd.key.width) pixels",
                expected: "\(usual.height) × \(usual.width), as most of the pictures have; scale it, or take it out of the folder")
        }
        return (usual.height, usual.width, channels)
    }
}
