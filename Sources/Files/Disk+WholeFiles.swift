import Foundation
import Waiting

extension Disk {
    /// The suffix of the name of a file that is still being written.
    package static let temporarySuffix = ".partial"

    /// Writes a file that gets its name only when all of it is on the device: temporary name beside it, sync, rename, sync of the folder.
    /// An earlier file of that name stays until then, and also where an error is thrown; the new file keeps its permissions.
    ///
    /// - Throws: `DiskError` that names `path` itself, not the temporary name; what `produce` throws.
    package func writeWhole(_ path: String, produce: (WritableFile) throws -> Void) throws {
        let temporary = path + Self.temporarySuffix
        do {
            let mode = try modeOfFile(path)
            let file = try create(temporary)
            if let mode { file.permit(mode: mode) }
            try produce(file)
            try sync(file)
            try close(file)
            try rename(temporary, to: path)
            try syncDirectory(FilePath.folder(of: path))
        } catch {
            discard(temporary)
            if let error = error as? DiskError, error.path == temporary { throw error.of(path) }
            throw error
        }
    }

    /// Replaces a small file as a whole, in the manner of `writeWhole`.
    package func replace(_ path: String, with bytes: [UInt8]) throws {
        try writeWhole(path) { try write(bytes, to: $0) }
    }

    /// The mode of the file that is replaced; `nil` where there is none. Throws for a device or a pipe, which a rename would replace: a user
    /// who names one by mistake must not lose it.
    private func modeOfFile(_ path: String) throws -> mode_t? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return status.st_mode & 0o777
        case S_IFDIR: throw DiskError(operation: "replace", path: path, code: EISDIR)
        default: throw DiskError(operation: "replace", path: path, code: EOPNOTSUPP)
        }
    }
}
