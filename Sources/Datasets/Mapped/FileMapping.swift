import Foundation
import Waiting

/// A file's bytes as memory, read by the kernel on access. All processes of a host that map the file share them.
final class FileMapping: Sendable {
    let count: Int
    private nonisolated(unsafe) let start: UnsafeRawPointer

    /// Nil where there is no such file, or it has another size; throws `DataError` where it is there and cannot be mapped.
    init?(_ path: String, bytes: Int) throws {
        precondition(bytes > 0, "nothing cannot be mapped")
        let descriptor = Descriptor.openFile(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == bytes else { return nil }
        guard let start = mmap(nil, bytes, PROT_READ, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
            throw DataError.system(doing: "map", file: path, reason: String(cString: strerror(errno)))
        }
        self.start = UnsafeRawPointer(start)
        count = bytes
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: start), count) }

    /// The bytes of a range, good until `body` returns.
    func withBytes<Value>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes \(range) of \(count)")
        return body(UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count))
    }

    subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "byte \(index) of \(count)")
        return start.load(fromByteOffset: index, as: UInt8.self)
    }

    func copy(_ range: Range<Int>, into bytes: inout [UInt8], at offset: Int) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes \(range) of \(count)")
        precondition(offset >= 0 && offset + range.count <= bytes.count, "room for \(range.count) bytes at \(offset)")
        bytes.withUnsafeMutableBytes { target in
            UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + range.count])
                .copyMemory(from: UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count))
        }
    }
}
