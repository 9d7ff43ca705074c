import Glibc

/// The free space of a file system for the current user (the part reserved for the superuser does not count for others).
public struct FreeSpace: Sendable, Hashable, CustomStringConvertible {
    public let freeBytes: UInt64
    public let totalBytes: UInt64
    /// Files that can still be created (free inodes); file systems that do not count them report 0 of 0.
    public let freeFiles: UInt64
    public let totalFiles: UInt64

    /// For the file system that holds `path`, or would: the nearest existing folder above it is asked. `nil` where that fails.
    public init?(at path: String) {
        var status = statvfs()
        var place = path.isEmpty ? "." : path
        while statvfs(place, &status) != 0 {
            guard errno == ENOENT || errno == ENOTDIR, let slash = place.lastIndex(of: "/"), place != "/" else {
                guard errno == ENOENT, place != "." else { return nil }
                place = "."
                continue
            }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
        let unit = UInt64(status.f_frsize)
        freeBytes = UInt64(status.f_bavail) * unit
        totalBytes = UInt64(status.f_blocks) * unit
        freeFiles = UInt64(status.f_favail)
        totalFiles = UInt64(status.f_files)
    }

    /// "12.0 kB of 3.1 MB are free", or what else has run out.
    public var description: String {
        totalFiles > 0 && freeFiles == 0
            ? "\(byteText(freeBytes)) are free, but none of its \(totalFiles) inodes"
            : "\(byteText(freeBytes)) of \(byteText(totalBytes)) are free"
    }
}
