import Glibc

extension Descriptor {
    /// Opens a regular file without waiting: a pipe of its name might have no other end, and a device no end at all. To be used for every
    /// path that a person has named, or where a person may have put something else.
    ///
    /// - Returns: -1, with `errno` set, where it cannot be opened: EISDIR for a folder, EOPNOTSUPP for a pipe, a device or a socket.
    public static func openFile(_ path: String, _ flags: Int32, mode: mode_t = 0) -> Int32 {
        let descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK, mode)
        guard descriptor >= 0 else {
            // A socket, or a pipe to write to that nobody reads.
            if errno == ENXIO { errno = EOPNOTSUPP }
            return -1
        }
        var status = stat()
        var code: Int32 = 0
        if fstat(descriptor, &status) != 0 {
            code = errno
        } else if status.st_mode & S_IFMT != S_IFREG {
            code = status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EOPNOTSUPP
        }
        guard code != 0 else { return descriptor }
        close(descriptor)
        errno = code
        return -1
    }
}
