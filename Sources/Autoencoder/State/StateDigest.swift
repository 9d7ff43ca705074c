import Crypto
import Kernels

/// The digest of a list of tensors: SHA-256 over each tensor, in order of name,
/// as u32 length, name, u32 rank, u64 dimensions, values, all little-endian.
///
/// It streams, so that a checkpoint file is digested without a replica.
public struct StateDigest {
    private var hash = SHA256()
    private var last: String?

    public init() {}

    public mutating func add(_ tensor: Tensor) {
        addHeader(name: tensor.name, shape: tensor.shape)
        tensor.values.withBytes { hash.update(bufferPointer: $0) }
    }

    /// - Parameter bytes: the values, little-endian.
    public mutating func add(name: String, shape: [Int], bytes: [UInt8]) {
        addHeader(name: name, shape: shape)
        hash.update(data: bytes)
    }

    private mutating func addHeader(name: String, shape: [Int]) {
        precondition(last.map { StateNames.precedes($0, name) } ?? true, "\(name) comes before \(last ?? "")")
        last = name
        addInteger(UInt32(name.utf8.count))
        hash.update(data: Array(name.utf8))
        addInteger(UInt32(shape.count))
        for dimension in shape { addInteger(UInt64(dimension)) }
    }

    private mutating func addInteger(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { hash.update(bufferPointer: $0) }
    }

    /// The digest of the parameters: 32 bytes.
    public func finish() -> [UInt8] { Array(hash.finalize()) }

    /// The digest of a whole state, closed by step and epoch as u64 each: 32 bytes.
    public mutating func finish(step: UInt64, epoch: Int) -> [UInt8] {
        addInteger(step)
        addInteger(UInt64(epoch))
        return finish()
    }

    /// Digests the parameters among some tensors, in whatever order they come.
    public static func parameters(of tensors: [Tensor]) -> [UInt8] {
        digest(tensors.filter { StateNames.isParameter($0.name) }).finish()
    }

    /// Digests a whole state.
    public static func full(of tensors: [Tensor], step: UInt64, epoch: Int) -> [UInt8] {
        var digest = digest(tensors)
        return digest.finish(step: step, epoch: epoch)
    }

    private static func digest(_ tensors: [Tensor]) -> StateDigest {
        var digest = StateDigest()
        for tensor in tensors.sorted(by: { StateNames.precedes($0.name, $1.name) }) { digest.add(tensor) }
        return digest
    }
}
