import Files
import Foundation

/// A file of data that gets its name only when it is whole (`WholeFile`). What the disk refuses is told in the words of `DataError`.
struct DataFile {
    private let path: String
    private let file: WholeFile

    /// Makes the folder where it is missing.
    init(_ path: String, under name: WholeFile.TemporaryName = .ofProcess, disk: Disk = .results) throws {
        self.path = path
        file = try Self.told("create", path) { () throws(DiskError) -> WholeFile in
            try disk.makeParents(FilePath.folder(of: path))
            return try WholeFile(path, under: name, disk: disk)
        }
    }

    func write(_ bytes: [UInt8]) throws {
        try Self.told("write", path) { () throws(DiskError) -> Void in try file.write(bytes) }
    }

    /// Overwrites the file's first bytes, for a header that is known only at the end.
    func writeStart(_ bytes: [UInt8]) throws {
        try Self.told("write", path) { () throws(DiskError) -> Void in try file.writeStart(bytes) }
    }

    /// Gives the file its name; an older one of that name is replaced.
    func commit() throws {
        try Self.told("write", path) { () throws(DiskError) -> Void in try file.commit() }
    }

    /// Leaves nothing behind; a committed file stays.
    func discard() { file.discard() }

    private static func told<Value>(
        _ doing: String, _ path: String, _ act: () throws(DiskError) -> Value
    ) throws(DataError) -> Value {
        do throws(DiskError) {
            return try act()
        } catch {
            throw DataError(error, doing: doing, file: path)
        }
    }
}

extension DataError {
    /// - Parameter doing: what was wanted of the file, of which the refused operation was a part.
    fileprivate init(_ error: DiskError, doing: String, file: String) {
        switch (error.operation, error.code) {
        case (DiskError.replacing, EISDIR):
            self = .system(doing: "replace", file: file, reason: "it is a folder, a file was expected")
        case (DiskError.replacing, _):
            self = .system(doing: "replace", file: file, reason: "it is a device or a pipe, a file was expected")
        // Something else than a folder has the name of one.
        case (DiskError.makingFolder, EEXIST):
            self = .system(doing: doing, file: file, reason: String(cString: strerror(ENOTDIR)))
        default:
            self = .system(doing: doing, file: file, reason: error.reason)
        }
    }
}
