import Kernels

/// The bytes of a safetensors file, piece by piece: eight bytes of header length, a JSON header padded with spaces to a multiple of eight,
/// then the tensors without gaps.
///
/// One stream serves the disk and the network, so a checkpoint that travelled has the same bytes as one that was written in place.
/// Tensors of wide elements come first (their order otherwise stays), which keeps every tensor aligned in a file that is mapped.
public struct SafetensorsStream: Sequence, IteratorProtocol, Sendable {
    /// Header and tensors, in bytes.
    public let totalBytes: Int
    private let header: [UInt8]
    private let tensors: [Tensor]
    private let chunkBytes: Int
    private var headerIsSent = false
    private var tensor = 0
    private var offset = 0

    /// - Parameters:
    ///   - tensors: distinct names; `__metadata__` is not a name.
    ///   - metadata: text by name, written in the order of the names' bytes.
    ///   - chunkBytes: longest piece.
    /// - Throws: `SafetensorsError` when a name stands twice or the header would be longer than `Safetensors.maximumHeaderBytes`.
    public init(_ tensors: [Tensor], metadata: [String: String], chunkBytes: Int = 1 << 20) throws {
        precondition(chunkBytes > 0, "a piece must hold at least one byte")
        let order = tensors.indices.sorted {
            let (a, b) = (tensors[$0].values.type.size, tensors[$1].values.type.size)
            return a == b ? $0 < $1 : a > b
        }
        self.tensors = order.map { tensors[$0] }
        self.chunkBytes = chunkBytes
        header = try Self.header(of: self.tensors, metadata: metadata)
        totalBytes = header.count + self.tensors.reduce(0) { $0 + $1.values.byteCount }
    }

    private static func header(of tensors: [Tensor], metadata: [String: String]) throws -> [UInt8] {
        var members: [JSON.Member] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            members.append(JSON.Member(Safetensors.metadataKey, .object(pairs.map { JSON.Member($0.key, .string($0.value)) })))
        }
        var names: Set<String> = [Safetensors.metadataKey]
        var offset = 0
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else {
                throw SafetensorsError(
                    file: "the stream", offset: nil, problem: "two tensors are named \(tensor.name)", expected: "distinct names")
            }
            let description: JSON = [
                "dtype": .string(tensor.values.type.safetensorsName),
                "shape": .array(tensor.shape.map { JSON($0) }),
                "data_offsets": .array([JSON(offset), JSON(offset + tensor.values.byteCount)]),
            ]
            members.append(JSON.Member(tensor.name, description))
            offset += tensor.values.byteCount
        }
        var text = Array(JSON.object(members).text.utf8)
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
        guard text.count <= Safetensors.maximumHeaderBytes else {
            throw SafetensorsError(
                file: "the stream", offset: nil, problem: "the header takes \(text.count) bytes",
                expected: "at most \(Safetensors.maximumHeaderBytes)")
        }
        let length = UInt64(text.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + text
    }

    /// The next piece; the first is the header, a later one holds bytes of as many tensors as fit.
    public mutating func next() -> [UInt8]? {
        guard headerIsSent else {
            headerIsSent = true
            return header
        }
        var piece: [UInt8] = []
        piece.reserveCapacity(chunkBytes)
        while tensor < tensors.count, piece.count < chunkBytes {
            let end = Swift.min(tensors[tensor].values.byteCount, offset + chunkBytes - piece.count)
            tensors[tensor].values.withBytes { piece.append(contentsOf: $0[offset..<end]) }
            offset = end
            if offset == tensors[tensor].values.byteCount {
                tensor += 1
                offset = 0
            }
        }
        return piece.isEmpty ? nil : piece
    }
}
