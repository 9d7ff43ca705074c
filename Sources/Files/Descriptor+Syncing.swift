import Glibc
import Waiting

extension Descriptor {
    /// Returns true when what was written to a file, or the names in a folder, are on the device. Returns false, with `errno` set, where
    /// they may not be.
    ///
    /// Some network file systems have no sync for files or for folders, and answer EINVAL. That counts as success: no more can be
    /// had there.
    public static func sync(_ descriptor: Int32) -> Bool {
        while fsync(descriptor) != 0 {
            if errno == EINVAL { return true }
            guard errno == EINTR else { return false }
        }
        return true
    }
}
