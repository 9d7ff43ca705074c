extension Disk {
    /// The suffix of the name of a file that is still being written.
    package static let temporarySuffix = ".partial"

    /// Writes a file that gets its name only when all of it is on the device (`WholeFile`).
    ///
    /// - Throws: `DiskError` that names `path` itself, not the temporary name; what `produce` throws.
    package func writeWhole(_ path: String, produce: (WholeFile) throws -> Void) throws {
        let file = try WholeFile(path, disk: self)
        defer { file.discard() }
        try produce(file)
        try file.commit()
    }

    /// Replaces a small file as a whole, in the manner of `writeWhole`.
    package func replace(_ path: String, with bytes: [UInt8]) throws {
        try writeWhole(path) { try $0.write(bytes) }
    }
}
