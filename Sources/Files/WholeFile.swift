import Foundation

/// A file that gets its name only when all of it is on the device: it is written beside its place under a temporary name, synced and
/// renamed, then the folder is synced. An earlier file of that name stays until then, and also where an error is thrown; the new file keeps
/// its permissions. A file that is not committed is removed.
///
/// What the disk refuses is thrown as a `DiskError` that names the file itself, not its temporary name.
package final class WholeFile {
    /// What a file is called until it is whole.
    package enum TemporaryName: Sendable, CaseIterable {
        /// The same whoever writes: the next attempt overwrites what a killed process left.
        case shared
        /// A name of this process alone: two processes may write the same file, and the last to commit it has it.
        case ofProcess
        /// No name, so that a killed process leaves nothing; where the file system has no such files, the name of this process. For large
        /// files.
        case unnamed

        fileprivate func temporary(for path: String) -> String {
            switch self {
            case .shared: path + Disk.temporarySuffix
            case .ofProcess, .unnamed: "\(path).\(getpid())\(WholeFile.processSuffix)"
            }
        }
    }

    /// How the temporary names of processes end.
    package static let processSuffix = ".part"

    private let path: String
    private let temporary: String
    private let disk: Disk
    private let file: WritableFile
    private let isUnnamed: Bool
    private var isOpen = true

    package init(_ path: String, under name: TemporaryName = .shared, disk: Disk) throws(DiskError) {
        let temporary = name.temporary(for: path)
        self.path = path
        self.temporary = temporary
        self.disk = disk
        do throws(DiskError) {
            let mode = try Self.modeOfFile(path)
            let unnamed = try name == .unnamed ? disk.createUnnamed(temporary) : nil
            let file = if let unnamed { unnamed } else { try disk.create(temporary) }
            if let mode { file.permit(mode: mode) }
            self.file = file
            isUnnamed = unnamed != nil
        } catch {
            disk.discard(temporary)
            throw error.naming(path, insteadOf: temporary)
        }
    }

    deinit { discard() }

    package func write(_ bytes: [UInt8]) throws(DiskError) {
        try whileOpen { () throws(DiskError) -> Void in try disk.write(bytes, to: file) }
    }

    /// Overwrites the file's first bytes, for a header that is known only at the end.
    package func writeStart(_ bytes: [UInt8]) throws(DiskError) {
        try whileOpen { () throws(DiskError) -> Void in try disk.writeStart(bytes, of: file) }
    }

    /// Gives the file its name; an older one of that name is replaced.
    package func commit() throws(DiskError) {
        defer { discard() }
        try whileOpen { () throws(DiskError) -> Void in
            try disk.sync(file)
            if isUnnamed { try disk.link(file) }
            try disk.close(file)
            try disk.rename(temporary, to: path)
            try disk.syncDirectory(FilePath.folder(of: path))
            isOpen = false
        }
    }

    /// Leaves nothing behind; a committed file stays.
    package func discard() {
        guard isOpen else { return }
        isOpen = false
        file.closeQuietly()
        disk.discard(temporary)
    }

    private func whileOpen(_ act: () throws(DiskError) -> Void) throws(DiskError) {
        precondition(isOpen, "\(path) is written before it is committed, and committed once")
        do throws(DiskError) {
            try act()
        } catch {
            throw error.naming(path, insteadOf: temporary)
        }
    }

    /// The mode of the file that is replaced; `nil` where there is none. Throws for a device or a pipe, which a rename would replace: a user
    /// who names one by mistake must not lose it.
    private static func modeOfFile(_ path: String) throws(DiskError) -> mode_t? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return status.st_mode & 0o777
        case S_IFDIR: throw DiskError(operation: DiskError.replacing, path: path, code: EISDIR)
        default: throw DiskError(operation: DiskError.replacing, path: path, code: EOPNOTSUPP)
        }
    }
}
