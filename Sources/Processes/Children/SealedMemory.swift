import CProcess
import Glibc
import Waiting

/// Bytes in a nameless file that nobody can change, to be handed down to children: each reads them from the start, as often as it likes.
package struct SealedMemory: ~Copyable {
    private let descriptor: Int32

    /// - Throws: `LocalError` where the kernel refuses.
    package init(_ text: String) throws { try self.init(Array(text.utf8)) }

    /// - Throws: `LocalError` where the kernel refuses.
    package init(_ bytes: [UInt8]) throws {
        descriptor = bytes.withUnsafeBytes { cprocess_sealed_memory("lockstep", $0.baseAddress, $0.count) }
        guard descriptor >= 0 else {
            throw LocalError("cannot hand a secret down in memory: \(String(cString: strerror(-descriptor)))")
        }
    }

    /// Calls `body` with the descriptor, which is open until it returns.
    package func withDescriptor<Result>(_ body: (Int32) throws -> Result) rethrows -> Result { try body(descriptor) }

    deinit { close(descriptor) }
}
