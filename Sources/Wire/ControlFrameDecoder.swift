import Kernels
import NIOCore

/// Cuts the bytes of one direction of a control connection into frames.
///
/// ```
///        +--------------------+   header whole, checked    +--------------------+
///   ---> | header: 40 bytes   | -------------------------> | payload: `length`  | ---> frame
///        +--------------------+                            +--------------------+
///                  ^                                                  |
///                  +--------------------------------------------------+
/// ```
/// The header is checked in full (magic, its checksum, version, kind, flags, sequence, length against the kind's limit,
/// and `admits`) before its payload is waited for, so a peer cannot make us hold more than the limit of a kind that
/// it may send now.
public struct ControlFrameDecoder: NIOSingleStepByteToMessageDecoder {
    public typealias InboundOut = ControlFrame

    private enum State {
        case header
        case payload(ControlFrame, length: Int, checksum: UInt32)
    }

    private var state = State.header
    private var next: UInt64 = 0
    private let admits: @Sendable (MessageKind) -> Bool

    /// `admits` is asked at each header whether the peer may send this kind now.
    public init(admits: @escaping @Sendable (MessageKind) -> Bool = { _ in true }) {
        self.admits = admits
    }

    public mutating func decode(buffer: inout ByteBuffer) throws -> ControlFrame? {
        if case .header = state {
            guard let header = buffer.readSlice(length: ControlFrame.headerBytes) else { return nil }
            state = try check(header)
        }
        guard case .payload(var frame, let length, let checksum) = state,
            let payload = buffer.readSlice(length: length)
        else { return nil }
        let found = payload.checksum(at: payload.readerIndex, length: length)
        guard found == checksum else {
            throw ControlFrameError.payloadChecksum(kind: frame.kind, found: found, expected: checksum)
        }
        frame.payload = payload
        state = .header
        return frame
    }

    public mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> ControlFrame? {
        if let frame = try decode(buffer: &buffer) { return frame }
        var bytes = buffer.readableBytes
        if case .payload = state { bytes += ControlFrame.headerBytes }
        if seenEOF, bytes > 0 { throw ControlFrameError.endedInsideFrame(bytes: bytes) }
        return nil
    }

    private mutating func check(_ bytes: ByteBuffer) throws(ControlFrameError) -> State {
        var header = bytes
        let expected = bytes.checksum(at: bytes.readerIndex, length: ControlFrame.headerBytes - 4)
        guard
            let (magic, version, rawKind, rawFlags) = header.readMultipleIntegers(
                endianness: .little, as: (UInt32, UInt16, UInt16, UInt32).self),
            let (view, sequence) = header.readMultipleIntegers(endianness: .little, as: (UInt64, UInt64).self),
            let (length, payloadChecksum, headerChecksum) = header.readMultipleIntegers(
                endianness: .little, as: (UInt32, UInt32, UInt32).self)
        else { preconditionFailure("a header slice of \(ControlFrame.headerBytes) bytes") }

        guard magic == ControlFrame.magic else { throw .badMagic(found: magic) }
        guard version == ProtocolVersion.current else {
            throw .version(found: version, expected: ProtocolVersion.current)
        }
        guard headerChecksum == expected else { throw .headerChecksum(found: headerChecksum, expected: expected) }
        guard let kind = MessageKind(rawValue: rawKind) else { throw .unknownKind(rawKind) }
        let flags = ControlFrame.Flags(rawValue: rawFlags)
        guard flags.isSubset(of: .compressed) else { throw .unknownFlags(rawFlags) }
        guard admits(kind) else { throw .notAdmitted(kind) }
        let limit = Limits.payload(of: kind)
        guard Int(length) <= limit else { throw .tooLong(kind: kind, bytes: Int(length), limit: limit) }
        guard sequence == next else { throw .sequence(found: sequence, expected: next) }
        next += 1

        var frame = ControlFrame(kind: kind, flags: flags, view: view)
        frame.sequence = sequence
        return .payload(frame, length: Int(length), checksum: payloadChecksum)
    }
}
