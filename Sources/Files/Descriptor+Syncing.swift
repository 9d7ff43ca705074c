import Glibc
import Waiting

extension Descriptor {
    /// Returns when what was written to a file, or the names in a folder, are on the device; false, with `errno` set, where they
    /// may not be.
    ///
    /// Some file systems of networks know no sync of theirs, of files or of folders, and say EINVAL: what they keep by themselves
    /// is all one can have there.
    public static func sync(_ descriptor: Int32) -> Bool {
        while fsync(descriptor) != 0 {
            if errno == EINVAL { return true }
            guard errno == EINTR else { return false }
        }
        return true
    }
}
