import Waiting
import Wire

/// Encodes and writes what one member sends: the link's compression policy, codec and sender together; one thread.
final class FrameWriter {
    private let sender: FrameSender
    private let codec = GradientCodec()
    private var policy: CompressionPolicy
    private var payload: [UnsafeRawBufferPointer] = []

    init(_ link: GradientLink, compression: LinkCompression) {
        sender = FrameSender(link)
        policy = CompressionPolicy(compression)
    }

    /// Sends the pieces of a sum, coded as the policy chooses or as `forced`.
    func write(
        _ header: GradientFrameHeader, base: UnsafePointer<Int32>, pieces: [Range<Int>], rows: [PieceRows],
        forced: GradientCoding? = nil
    ) throws(LinkFailure) -> FrameCost {
        var header = header
        let elements = header.elements
        let key = CompressionPolicy.Key(buckets: header.buckets, bucket: header.bucket, elements: elements)
        let wanted = forced ?? policy.choose(key)
        let start = ThreadTime.nanoseconds
        payload.removeAll(keepingCapacity: true)
        switch wanted {
        case .empty:
            header.coding = .empty
        case .raw:
            let zero = forced == nil && GradientCodec.isZero(base, pieces: pieces)
            header.coding = zero ? .empty : .raw
            if !zero {
                pieces.forEachJoined {
                    payload.append(UnsafeRawBufferPointer(start: base + $0.lowerBound, count: 4 * $0.count))
                }
            }
        case .packed, .packedZstd, .entropy:
            let encoded = codec.encode(base, pieces: pieces, rows: rows, coding: wanted)
            header.coding = encoded.coding
            payload.append(encoded.bytes)
        }
        let packed = ThreadTime.nanoseconds - start
        header.seal(payload)
        let bytes = try sender.send(header, payload: payload)
        if forced == nil, header.coding != .empty {
            policy.packed(
                key, coding: wanted, elements: elements, bytes: bytes - header.byteCount,
                packSeconds: Double(packed) * 1e-9)
            if let cost = sender.secondsPerByte { policy.link(secondsPerByte: cost) }
        }
        return FrameCost(bytes: bytes, elements: elements, coding: header.coding, packNanoseconds: packed)
    }

    /// Sends bytes as they came, with the checksum they came with: damage in this member's memory is found by the next.
    func forward(_ header: GradientFrameHeader, payload: UnsafeRawBufferPointer) throws(LinkFailure) -> FrameCost {
        let bytes = try sender.send(header, payload: CollectionOfOne(payload))
        return FrameCost(bytes: bytes, elements: header.elements, coding: header.coding, packNanoseconds: 0)
    }
}
