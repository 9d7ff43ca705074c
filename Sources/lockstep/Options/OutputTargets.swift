import Datasets
import Files
import Foundation
import Glibc
import Runs
import Waiting

/// Files that a command is going to write: all of them are looked at before anything is computed, and before the first is written, so that
/// nothing half-written is left.
enum OutputTargets {
    /// - Parameter makesFolders: the writer makes folders that are missing, as that of `.npy` does.
    /// - Throws: `DiskError` for the first path where no file can be written: the path is a folder or a device, or its parent folder
    ///   is missing, is no folder, or is closed to this process.
    static func require(_ paths: [String], makesFolders: Bool = false) throws {
        for path in paths {
            var status = stat()
            if stat(path, &status) == 0 {
                switch status.st_mode & S_IFMT {
                case S_IFREG: break
                case S_IFDIR: throw DiskError(operation: "write", path: path, code: EISDIR)
                default: throw DiskError(operation: "write", path: path, code: EOPNOTSUPP)
                }
            }
            var folder = FilePath.folder(of: path)
            // Missing folders are made in the nearest one that exists.
            while makesFolders, access(folder, F_OK) != 0, errno == ENOENT, folder != FilePath.folder(of: folder) {
                folder = FilePath.folder(of: folder)
            }
            guard stat(folder, &status) == 0 else { throw DiskError(operation: "write", path: path, code: errno) }
            guard status.st_mode & S_IFMT == S_IFDIR else { throw DiskError(operation: "write", path: path, code: ENOTDIR) }
            guard access(folder, W_OK | X_OK) == 0 else { throw DiskError(operation: "write", path: path, code: errno) }
        }
    }
}
