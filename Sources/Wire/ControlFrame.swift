import Kernels
import NIOCore

/// One message of a control connection: a fixed header and a payload.
///
/// ```
///  0        4         6      8       12     16      24         32       36           40
///  | "LKST" | version | kind | flags | view | sequence | length | payload | header | payload …
///  |        |  u16    | u16  |  u32  | u64  |   u64    |  u32   |   CRC   |  CRC   |
/// ```
/// Numbers are little-endian (offsets: flags 8, view 12, sequence 20, length 28, payload CRC 32, header CRC 36; payload
/// from 40). Both checksums are CRC-32C; the header's covers the 36 bytes before it, so a length is believed only
/// after it.
public struct ControlFrame: Sendable, Equatable {
    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        /// The payload is a zstd frame of the message.
        public static let compressed = Flags(rawValue: 1)
    }

    public static let headerBytes = 40
    /// "LKST", as the first four bytes.
    static let magic: UInt32 = 0x5453_4B4C

    public var kind: MessageKind
    public var flags: Flags
    /// The membership view the message belongs to; 0 before the first.
    public var view: UInt64
    /// Position in this direction of the connection, from 0; the encoder writes it, the decoder checks it.
    public var sequence: UInt64
    public var payload: ByteBuffer

    public init(kind: MessageKind, flags: Flags = [], view: UInt64, payload: ByteBuffer = ByteBuffer()) {
        self.kind = kind
        self.flags = flags
        self.view = view
        self.sequence = 0
        self.payload = payload
    }
}

/// Writes control frames and numbers them; one for each direction of a connection.
public final class ControlFrameEncoder: MessageToByteEncoder {
    public typealias OutboundIn = ControlFrame

    private var next: UInt64 = 0

    public init() {}

    /// Appends the frame to `out`. Throws `ControlFrameError.tooLong` for a payload past its kind's limit.
    public func encode(data frame: ControlFrame, out: inout ByteBuffer) throws {
        let bytes = frame.payload.readableBytes
        let limit = Limits.payload(of: frame.kind)
        guard bytes <= limit else {
            throw ControlFrameError.tooLong(kind: frame.kind, bytes: bytes, limit: limit)
        }
        out.reserveCapacity(minimumWritableBytes: ControlFrame.headerBytes + bytes)
        let start = out.writerIndex
        out.writeInteger(ControlFrame.magic, endianness: .little)
        out.writeInteger(ProtocolVersion.current, endianness: .little)
        out.writeInteger(frame.kind.rawValue, endianness: .little)
        out.writeInteger(frame.flags.rawValue, endianness: .little)
        out.writeInteger(frame.view, endianness: .little)
        out.writeInteger(next, endianness: .little)
        out.writeInteger(UInt32(bytes), endianness: .little)
        out.writeInteger(frame.payload.checksum(at: frame.payload.readerIndex, length: bytes), endianness: .little)
        out.writeInteger(out.checksum(at: start, length: ControlFrame.headerBytes - 4), endianness: .little)
        out.writeImmutableBuffer(frame.payload)
        next += 1
    }
}

extension ByteBuffer {
    /// CRC-32C of `length` bytes from the absolute index `index`.
    func checksum(at index: Int, length: Int) -> UInt32 {
        guard length > 0, let view = viewBytes(at: index, length: length) else { return CRC32C.checksum([]) }
        return view.withUnsafeBytes { CRC32C.checksum($0) }
    }
}
