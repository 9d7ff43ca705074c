import Glibc

/// Makes folders, and reports the system's own reason where one cannot be made.
public enum Folder {
    /// Makes a folder inside an existing one; a folder that is already there stays as it is.
    ///
    /// - Returns: the system's reason; nil where the folder is there now.
    public static func make(_ path: String, mode: mode_t) -> Int32? {
        guard mkdir(path, mode) != 0 else { return nil }
        let code = errno
        var status = stat()
        let isThere = code == EEXIST && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        return isThere ? nil : code
    }

    /// Makes a folder and those above it that are missing, each by `make`.
    ///
    /// - Parameter isMissing: whether an error says that the folder above is not there.
    public static func makeWithParents<Failure: Error>(
        _ path: String, isMissing: (Failure) -> Bool, make: (String) throws(Failure) -> Void
    ) throws(Failure) {
        do {
            try make(path)
        } catch {
            guard isMissing(error), FilePath.folder(of: path) != path else { throw error }
            try makeWithParents(FilePath.folder(of: path), isMissing: isMissing, make: make)
            // Tries only once more: some file systems report a missing parent although it is there (/proc).
            try make(path)
        }
    }
}
