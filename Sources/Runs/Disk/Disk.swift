import Foundation

/// The few operations by which files become durable, in one place, so that a test can make any of them fail.
public struct Disk: Sendable {
    /// What is about to be done to a path.
    public enum Operation: String, Sendable, CaseIterable {
        case create, write, sync, close, rename, syncDirectory
    }

    /// Asked before every operation with its path and, for a write, its bytes; an `errno` makes it fail with that instead of being done.
    public typealias Fault = @Sendable (_ operation: Operation, _ path: String, _ bytes: Int) -> Int32?

    private let fault: Fault?

    /// - Parameter fault: for tests; `nil` is the real disk.
    public init(fault: Fault? = nil) {
        self.fault = fault
    }

    private func check(_ operation: Operation, _ path: String, as verb: String, bytes: Int = 0) throws {
        if let code = fault?(operation, path, bytes) { throw DiskError(operation: verb, path: path, code: code) }
    }

    /// Creates (or empties) a file for writing.
    func create(_ path: String) throws -> WritableFile {
        try check(.create, path, as: "create")
        return try WritableFile(path: path, flags: O_CREAT | O_TRUNC)
    }

    /// Opens a file to write at its end, creating it if need be.
    func append(to path: String) throws -> WritableFile {
        try check(.create, path, as: "open")
        return try WritableFile(path: path, flags: O_CREAT | O_APPEND)
    }

    /// Writes all of the bytes.
    func write(_ bytes: [UInt8], to file: WritableFile) throws {
        try check(.write, file.path, as: "write", bytes: bytes.count)
        try file.write(bytes)
    }

    /// Returns when the file's content is on the device.
    func sync(_ file: WritableFile) throws {
        try check(.sync, file.path, as: "sync")
        try file.sync()
    }

    /// Closes; some file systems report a failed write only here.
    func close(_ file: WritableFile) throws {
        defer { file.closeQuietly() }
        try check(.close, file.path, as: "close")
        try file.close()
    }

    /// Gives a file or folder its final name. A folder of that name must not exist.
    func rename(_ from: String, to path: String) throws {
        try check(.rename, path, as: "rename a temporary file to")
        guard Foundation.rename(from, path) == 0 else {
            throw DiskError(operation: "rename a temporary file to", path: path, code: errno)
        }
    }

    /// Makes the names inside a folder durable.
    func syncDirectory(_ directory: String) throws {
        try check(.syncDirectory, directory, as: "sync the folder")
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiskError(operation: "open the folder", path: directory, code: errno) }
        defer { Foundation.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw DiskError(operation: "sync the folder", path: directory, code: errno) }
    }

    /// Makes a path's name durable in the folder that holds it.
    func syncDirectory(of path: String) throws {
        try syncDirectory((path as NSString).deletingLastPathComponent.isEmpty ? "." : (path as NSString).deletingLastPathComponent)
    }

    /// Creates a folder, and those above it.
    func makeDirectory(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw DiskError(operation: "create the folder", path: path, code: Self.code(of: error))
        }
    }

    /// Removes a file, or a folder with what is in it.
    func remove(_ path: String) throws {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw DiskError(operation: "remove", path: path, code: Self.code(of: error))
        }
    }

    /// Removes what an attempt left behind, if anything; the error that ended the attempt is the one worth telling.
    func discard(_ path: String) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Replaces a small file as a whole: temporary name, sync, rename, sync of the folder.
    func replace(_ path: String, with bytes: [UInt8]) throws {
        let temporary = path + ".partial"
        do {
            let file = try create(temporary)
            try write(bytes, to: file)
            try sync(file)
            try close(file)
            try rename(temporary, to: path)
            try syncDirectory(of: path)
        } catch {
            discard(temporary)
            throw error
        }
    }

    /// The names in a folder, sorted by their bytes; none when there is no such folder.
    func names(in directory: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory).sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }
        } catch {
            throw DiskError(operation: "list", path: directory, code: Self.code(of: error))
        }
    }

    /// The bytes of a whole file.
    static func bytes(of path: String) throws -> [UInt8] {
        let source = try ByteSource(path: path)
        return try source.read(0..<source.count)
    }

    private static func code(of error: any Error) -> Int32 {
        var error = error as NSError
        while error.domain != NSPOSIXErrorDomain, let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError { error = cause }
        if error.domain == NSPOSIXErrorDomain { return Int32(error.code) }
        switch CocoaError.Code(rawValue: error.code) {
        case .fileNoSuchFile, .fileReadNoSuchFile: return ENOENT
        case .fileWriteOutOfSpace: return ENOSPC
        case .fileWriteNoPermission, .fileReadNoPermission: return EACCES
        case .fileWriteVolumeReadOnly: return EROFS
        case .fileWriteFileExists: return EEXIST
        default: return EIO
        }
    }
}
