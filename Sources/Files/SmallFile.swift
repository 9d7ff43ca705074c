import Glibc
import Waiting

/// A small file that the user has named, read as a whole: a list of hosts, a secret.
///
/// Whatever kind of file has that name, reading takes no longer than `patience` and no more memory than the limit. Besides regular files,
/// descriptors that this process inherited are read: /dev/stdin, /dev/fd/N, and so the `<(…)` of a shell.
public struct SmallFile: Sendable {
    /// Why the file cannot be read, as text to follow "cannot be read: ".
    public struct Refusal: Error, CustomStringConvertible, Sendable, Equatable {
        public let description: String

        init(_ description: String) { self.description = description }

        init(code: Int32) { description = String(cString: strerror(code)) }
    }

    public let bytes: [UInt8]
    /// Whether it is a regular file, which can be read again.
    public let isRegular: Bool
    /// Who may do what with it: the permission bits of its mode.
    public let permissions: mode_t

    /// - Parameters:
    ///   - limit: most bytes of such a file.
    ///   - endsWithLine: only the first line is read of anything but a regular file, since its other end may stay open after it.
    public init(_ path: String, limit: Int, endsWithLine: Bool = false, _ patience: Patience) throws(Refusal) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw errno == ENXIO ? Self.notAFile : Refusal(code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Refusal(code: errno) }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFDIR else { throw Refusal("it is a folder, where a file is due") }
        guard kind == S_IFREG || Self.inheritedDescriptor(path) != nil else { throw Self.notAFile }
        isRegular = kind == S_IFREG
        permissions = status.st_mode & 0o777
        bytes = try Self.content(
            of: descriptor, limit: limit, stopsAtLineEnd: endsWithLine && kind != S_IFREG, patience.fixed)
    }

    private static var notAFile: Refusal {
        Refusal(
            "it is a device, a pipe or a socket, where a file is due; what is handed down as /dev/stdin or /dev/fd/N is read too")
    }

    /// The number in a path that stands for a descriptor of this process.
    public static func inheritedDescriptor(_ path: String) -> Int32? {
        if path == "/dev/stdin" { return 0 }
        return ["/dev/fd/", "/proc/self/fd/"].lazy.filter(path.hasPrefix).compactMap { Int32(path.dropFirst($0.count)) }.first
    }

    private static func content(
        of descriptor: Int32, limit: Int, stopsAtLineEnd: Bool, _ patience: Patience
    ) throws(Refusal) -> [UInt8] {
        var bytes: [UInt8] = []
        // Byte by byte where the rest is for another reader.
        var piece = [UInt8](repeating: 0, count: stopsAtLineEnd ? 1 : 4096)
        while bytes.count <= limit {
            errno = 0
            guard let count = piece.withUnsafeMutableBytes({ Descriptor.read(descriptor, into: $0, patience) }) else {
                if patience.deadline?.hasPassed ?? false {
                    throw Refusal("its other end sent no more, and no end of it, for too long")
                }
                throw Refusal(code: errno)
            }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            if stopsAtLineEnd, piece[0] == UInt8(ascii: "\n") { return bytes }
        }
        throw Refusal("it has more than \(limit) bytes, which no such file needs")
    }
}
