import Files
import Glibc
import Waiting

/// A pipe that this process inherits as an open descriptor (`/dev/stdin`, the `<(…)` of a shell) can be read only once. Here its content is put in
/// the pipe's place, so that the path can be opened again: by a program that executes itself anew, and by its children.
public enum KeptInput {
    /// Does nothing for any other path; the later reader reports what cannot be read.
    ///
    /// - Throws: `SmallFile.Refusal` where the other end sends too much, or nothing for too long.
    public static func keep(_ path: String, limit: Int) throws {
        guard let number = SmallFile.inheritedDescriptor(path) else { return }
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
        let file = try SmallFile(path, limit: limit, .atMost(.seconds(30)))
        // As they came: the later reader says what is wrong with bytes that are no text.
        leave(file.bytes, at: number)
    }

    /// Makes the descriptor one that gives these bytes.
    package static func leave(_ bytes: [UInt8], at number: Int32) {
        guard let memory = try? SealedMemory(bytes) else { return }
        memory.withDescriptor { _ = dup2($0, number) }
    }
}
