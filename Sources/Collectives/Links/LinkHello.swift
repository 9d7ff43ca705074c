import Kernels
import Wire

/// The first bytes on a gradient link, from the side that dials.
///
/// ```
///  0        4         6          8     24           32     40     44   48       80    84
///  | "LKHL" | version | 0 (u16)  | run | generation | view | from | to | secret | CRC |
/// ```
/// Little-endian; fixed size, so a stranger can make nobody hold more. A link lives for one view: a dialler left over from an
/// older view does not know the secret and names that older view.
public struct LinkHello: Sendable, Equatable {
    public static let runBytes = 16
    public static let secretBytes = 32
    package static let byteCount = 84
    private static let magic: UInt32 = 0x4C48_4B4C

    public var run: [UInt8]
    public var generation: UInt64
    public var view: UInt64
    public var from: LinkEnd
    public var to: LinkEnd
    public var secret: [UInt8]

    /// Preconditions: `run` has 16 bytes, `secret` 32.
    public init(run: [UInt8], generation: UInt64, view: UInt64, from: LinkEnd, to: LinkEnd, secret: [UInt8]) {
        precondition(run.count == LinkHello.runBytes && secret.count == LinkHello.secretBytes)
        self.run = run
        self.generation = generation
        self.view = view
        self.from = from
        self.to = to
        self.secret = secret
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(LinkHello.byteCount)
        bytes.append(littleEndian: LinkHello.magic)
        bytes.append(littleEndian: ProtocolVersion.current)
        bytes.append(littleEndian: UInt16(0))
        bytes += run
        bytes.append(littleEndian: generation)
        bytes.append(littleEndian: view)
        bytes.append(littleEndian: from.number)
        bytes.append(littleEndian: to.number)
        bytes += secret
        bytes.append(littleEndian: CRC32C.checksum(bytes))
        return bytes
    }

    /// The hello in `bytes`, or why they are none. Precondition: `byteCount` bytes.
    package static func read(_ bytes: [UInt8]) -> Result<LinkHello, HelloRefusal> {
        precondition(bytes.count == byteCount)
        guard bytes.integer(at: 0, as: UInt32.self) == magic else { return .failure(.notLockstep) }
        guard bytes.integer(at: 4, as: UInt16.self) == ProtocolVersion.current else { return .failure(.version) }
        guard bytes.integer(at: 80, as: UInt32.self) == CRC32C.checksum(Array(bytes[..<80])),
            bytes.integer(at: 6, as: UInt16.self) == 0
        else { return .failure(.notLockstep) }
        return .success(
            LinkHello(
                run: Array(bytes[8..<24]), generation: bytes.integer(at: 24, as: UInt64.self),
                view: bytes.integer(at: 32, as: UInt64.self),
                from: LinkEnd(number: bytes.integer(at: 40, as: UInt32.self)),
                to: LinkEnd(number: bytes.integer(at: 44, as: UInt32.self)), secret: Array(bytes[48..<80])))
    }
}

/// The acceptor's answer when it is not "welcome".
public enum HelloRefusal: UInt16, Error, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// The view has not begun on the other side: try again.
    case notYet = 1
    case notLockstep = 2
    case version = 3
    case run = 4
    case generation = 5
    case view = 6
    case secret = 7
    case wrongEnd = 8
    case duplicate = 9
    case tooMany = 10
    case tooSlow = 11

    public var description: String {
        switch self {
        case .notYet: "it does not expect this view yet"
        case .notLockstep: "the bytes are no hello of lockstep"
        case .version: "it speaks another protocol version than \(ProtocolVersion.current): run the same build on every host"
        case .run: "it belongs to another run"
        case .generation: "the generation of the coordinator is over"
        case .view: "the view is over"
        case .secret: "the secret of the view is wrong"
        case .wrongEnd: "it is not a neighbour of the one who called in this view"
        case .duplicate: "this link exists already"
        case .tooMany: "too many connections have not introduced themselves"
        case .tooSlow: "no hello came within the deadline"
        }
    }
}

/// The eight bytes that answer a hello: magic, version, code (0 = welcome).
package enum HelloAnswer {
    package static let byteCount = 8
    private static let magic: UInt32 = 0x4E41_4B4C

    package static func bytes(_ refusal: HelloRefusal?) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: magic)
        bytes.append(littleEndian: ProtocolVersion.current)
        bytes.append(littleEndian: refusal?.rawValue ?? 0)
        return bytes
    }

    /// Nil for a welcome.
    package static func read(_ bytes: [UInt8]) -> HelloRefusal? {
        guard bytes.count == byteCount, bytes.integer(at: 0, as: UInt32.self) == magic else { return .notLockstep }
        guard bytes.integer(at: 4, as: UInt16.self) == ProtocolVersion.current else { return .version }
        let code = bytes.integer(at: 6, as: UInt16.self)
        if code == 0 { return nil }
        return HelloRefusal(rawValue: code) ?? .version
    }
}

extension [UInt8] {
    mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    func integer<T: FixedWidthInteger>(at offset: Int, as: T.Type) -> T {
        withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
    }

    /// Whether both are equal, in a time that does not tell where they differ.
    func equalsInConstantTime(_ other: [UInt8]) -> Bool {
        count == other.count && zip(self, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
