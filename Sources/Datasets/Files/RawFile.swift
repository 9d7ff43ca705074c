import Foundation
import Waiting

/// A file on the disk, read in pieces.
final class RawFile {
    let path: String
    /// The file's size in bytes when it was opened.
    let size: Int
    private let handle: FileHandle

    init(_ path: String) throws {
        self.path = path
        let descriptor = Descriptor.openFile(path, O_RDONLY)
        guard descriptor >= 0 else {
            switch errno {
            case EISDIR: throw DataError.system(doing: "read", file: path, reason: "it is a folder, a file was expected")
            case EOPNOTSUPP:
                throw DataError.system(doing: "read", file: path, reason: "it is a device or a pipe, a file was expected")
            case let code: throw DataError.system(doing: "open", file: path, reason: String(cString: strerror(code)))
            }
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            size = Int(try handle.seekToEnd())
            try handle.seek(toOffset: 0)
        } catch {
            throw DataError.system(doing: "open", file: path, reason: reasonText(error))
        }
    }

    deinit { try? handle.close() }

    /// Up to `count` bytes from where the last read ended; fewer only at the end of the file.
    func read(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            while bytes.count < count, let piece = try handle.read(upToCount: count - bytes.count), !piece.isEmpty {
                if bytes.isEmpty { bytes = Array(piece) } else { bytes.append(contentsOf: piece) }
            }
        } catch {
            throw DataError.system(doing: "read", file: path, reason: reasonText(error))
        }
        return bytes
    }

    /// The next read starts here.
    func seek(_ offset: Int) throws {
        do { try handle.seek(toOffset: UInt64(offset)) } catch {
            throw DataError.system(doing: "read", file: path, reason: reasonText(error))
        }
    }
}

/// The operating system's own reason where Foundation passes it on, otherwise Foundation's description.
func reasonText(_ error: any Error) -> String {
    let outer = error as NSError
    if let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError, inner.domain == NSPOSIXErrorDomain {
        return String(cString: strerror(Int32(inner.code)))
    }
    if outer.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(outer.code))) }
    return outer.localizedDescription
}
