import Foundation
import Waiting

/// The few operations by which files become durable, in one place, so that a test can make any of them fail.
public struct Disk: Sendable {
    /// What is about to be done to a path.
    public enum Operation: String, Sendable, CaseIterable {
        /// `link` gives a file that was created without a name its first one.
        case create, write, truncate, sync, link, close, rename, syncDirectory, makeDirectory, remove
    }

    /// An operation before it is done.
    public struct Request: Sendable {
        public let operation: Operation
        /// The file or folder; for a rename the new name.
        public let path: String
        /// The old name of a rename.
        public var source: String?
        /// Length of a write.
        public var bytes = 0
    }

    /// How an operation fails: with an `errno`; a write may first have written some of its bytes.
    public struct Failure: Sendable {
        public let code: Int32
        public let written: Int

        public init(_ code: Int32, written: Int = 0) {
            self.code = code
            self.written = written
        }
    }

    /// Called before every operation; where it returns a failure, the operation fails with that instead of being done.
    public typealias Fault = @Sendable (Request) -> Failure?

    /// Modes of a run's files and folders, before the umask: images, weights and logs are accessible to their owner alone.
    package static let fileMode: mode_t = 0o600
    package static let folderMode: mode_t = 0o700
    /// Mode of files that the user asked for by name: the umask decides who may read them, as with any program.
    private static let resultMode: mode_t = 0o666
    private static let parentMode: mode_t = 0o777

    /// For files outside of run folders that the user named: the umask decides who may read them.
    public static let results = Disk(creating: resultMode)

    private let fault: Fault?
    private let mode: mode_t

    /// The files of a run.
    ///
    /// - Parameter fault: for tests; `nil` is the real disk.
    public init(fault: Fault? = nil) {
        self.init(creating: Self.fileMode, fault: fault)
    }

    private init(creating mode: mode_t, fault: Fault? = nil) {
        self.mode = mode
        self.fault = fault
    }

    private func check(_ operation: Operation, _ path: String, as verb: String, from source: String? = nil) throws(DiskError) {
        if let failure = fault?(Request(operation: operation, path: path, source: source)) {
            throw DiskError(operation: verb, path: path, code: failure.code)
        }
    }

    /// Creates (or empties) a file for writing.
    package func create(_ path: String) throws(DiskError) -> WritableFile {
        try check(.create, path, as: "create")
        return try WritableFile(path: path, flags: O_CREAT | O_TRUNC, mode: mode, verb: "create")
    }

    /// Creates a file that has no name until `link` gives it `path`; `nil` where the file system has no such files.
    func createUnnamed(_ path: String) throws(DiskError) -> WritableFile? {
        try check(.create, path, as: "create")
        return WritableFile(unnamed: path, mode: mode)
    }

    /// Opens a file to write at its end, creating it if need be.
    func append(to path: String) throws(DiskError) -> WritableFile {
        try check(.create, path, as: "open")
        return try WritableFile(path: path, flags: O_CREAT | O_APPEND, mode: mode, verb: "open")
    }

    /// Writes all of the bytes.
    package func write(_ bytes: [UInt8], to file: WritableFile) throws(DiskError) {
        var written = 0
        try write(bytes, to: file, written: &written)
    }

    /// Writes the bytes from `written` on and counts there how many went through, also where it fails.
    ///
    /// - Parameter atStart: over the first bytes of the file, not at its end.
    func write(_ bytes: [UInt8], to file: WritableFile, written: inout Int, atStart: Bool = false) throws(DiskError) {
        let request = Request(operation: .write, path: file.path, bytes: bytes.count - written)
        if let failure = fault?(request) {
            try file.write(Array(bytes.prefix(written + failure.written)), written: &written, atStart: atStart)
            throw DiskError(operation: "write", path: file.path, code: failure.code)
        }
        try file.write(bytes, written: &written, atStart: atStart)
    }

    /// Overwrites the file's first bytes.
    func writeStart(_ bytes: [UInt8], of file: WritableFile) throws(DiskError) {
        var written = 0
        try write(bytes, to: file, written: &written, atStart: true)
    }

    /// Cuts a file to a length.
    func truncate(_ file: WritableFile, to bytes: Int) throws(DiskError) {
        try check(.truncate, file.path, as: "cut")
        try file.truncate(to: bytes)
    }

    /// Returns when the file's content is on the device.
    package func sync(_ file: WritableFile) throws(DiskError) {
        try check(.sync, file.path, as: "sync")
        try file.sync()
    }

    /// Gives a file that was created without a name the path it was created for, in place of what stands there.
    func link(_ file: WritableFile) throws(DiskError) {
        try check(.link, file.path, as: "name")
        try file.link()
    }

    /// Closes; some file systems report a failed write only here.
    package func close(_ file: WritableFile) throws(DiskError) {
        defer { file.closeQuietly() }
        try check(.close, file.path, as: "close")
        try file.close()
    }

    /// Gives a file or folder its final name. A folder of that name must not exist.
    package func rename(_ from: String, to path: String) throws(DiskError) {
        let verb = "rename a temporary file to"
        try check(.rename, path, as: verb, from: from)
        guard Foundation.rename(from, path) == 0 else { throw DiskError(operation: verb, path: path, code: errno) }
    }

    /// Makes the names inside a folder durable.
    package func syncDirectory(_ directory: String) throws(DiskError) {
        try check(.syncDirectory, directory, as: "sync the folder")
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiskError(operation: "open the folder", path: directory, code: errno) }
        defer { Foundation.close(descriptor) }
        guard Descriptor.sync(descriptor) else { throw DiskError(operation: "sync the folder", path: directory, code: errno) }
    }

    /// Creates a folder of a run, for its owner alone. The folder above must exist: where a run's folder was removed during the run, it is
    /// not made again. An existing folder stays as it is.
    package func makeDirectory(_ path: String) throws(DiskError) {
        try makeDirectory(path, mode: Self.folderMode)
    }

    /// Creates a folder for runs, and those above it, with the modes that the umask gives.
    package func makeParents(_ path: String) throws(DiskError) {
        func make(_ path: String) throws(DiskError) { try makeDirectory(path, mode: Self.parentMode) }
        try Folder.makeWithParents(path, isMissing: { $0.code == ENOENT }, make: make)
    }

    private func makeDirectory(_ path: String, mode: mode_t) throws(DiskError) {
        try check(.makeDirectory, path, as: DiskError.makingFolder)
        if let code = Folder.make(path, mode: mode) { throw DiskError(operation: DiskError.makingFolder, path: path, code: code) }
    }

    /// Removes a file, or a folder with its content.
    package func remove(_ path: String) throws(DiskError) {
        try check(.remove, path, as: "remove")
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw DiskError(operation: "remove", path: path, code: Self.code(of: error))
        }
    }

    /// Removes what an attempt left behind, if anything. Errors are ignored: the one that ended the attempt is reported.
    package func discard(_ path: String) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        try? remove(path)
    }

    /// The names in a folder, sorted by their bytes; none when there is no such folder.
    package func names(in directory: String) throws(DiskError) -> [String] {
        guard Self.isThere(directory) else { return [] }
        guard Self.isDirectory(directory) else { throw DiskError(operation: "list", path: directory, code: ENOTDIR) }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory).sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }
        } catch {
            throw DiskError(operation: "list", path: directory, code: Self.code(of: error))
        }
    }

    /// The bytes of a whole file of at most `limit` bytes, checked before memory is taken.
    package static func bytes(of path: String, limit: Int) throws -> [UInt8] {
        let source = try ByteSource(path: path)
        guard source.count <= limit else { throw FileTooLong(path: path, bytes: source.count, limit: limit) }
        return try source.read(0..<source.count)
    }

    package static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// Whether anything has this path, even a dangling link.
    package static func isThere(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private static func code(of error: any Error) -> Int32 {
        var error = error as NSError
        while error.domain != NSPOSIXErrorDomain, let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError { error = cause }
        if error.domain == NSPOSIXErrorDomain { return Int32(error.code) }
        switch CocoaError.Code(rawValue: error.code) {
        case .fileNoSuchFile, .fileReadNoSuchFile: return ENOENT
        case .fileWriteNoPermission, .fileReadNoPermission: return EACCES
        case .fileWriteVolumeReadOnly: return EROFS
        default: return EIO
        }
    }
}

extension DiskError {
    /// The operations that callers tell from others, as verbs.
    package static let makingFolder = "create the folder"
    /// Something that is no file stands at the place of one.
    package static let replacing = "replace"
}
