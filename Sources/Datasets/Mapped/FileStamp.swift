import Crypto
import Foundation
import Kernels

/// Tells whether a file is unchanged: its size and time are compared at each opening and, if the time differs, its SHA-256.
struct FileStamp: Sendable, Hashable {
    var bytes: Int
    /// Time of the last change, in nanoseconds since 1970.
    var time: Int64

    private static let pieceBytes = 1 << 20

    init(bytes: Int, time: Int64) {
        self.bytes = bytes
        self.time = time
    }

    init(of path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw DataError.system(doing: "open", file: path, reason: String(cString: strerror(errno)))
        }
        bytes = Int(status.st_size)
        time = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    }

    /// SHA-256 of a file's content, 32 bytes. `progress` is told which share of it is done.
    static func digest(ofFile path: String, progress: (Double) -> Void = { _ in }) throws -> [UInt8] {
        let file = try RawFile(path)
        var hash = SHA256()
        var done = 0
        while true {
            let piece = try file.read(pieceBytes)
            if piece.isEmpty { return Array(hash.finalize()) }
            hash.update(data: piece)
            done += piece.count
            progress(Double(done) / Double(max(1, file.size)))
        }
    }
}
