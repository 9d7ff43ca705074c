/// Why the bytes of a control connection are not frames; any of them ends the connection.
public enum ControlFrameError: Error, Sendable, Equatable, CustomStringConvertible {
    case badMagic(found: UInt32)
    case version(found: UInt16, expected: UInt16)
    case unknownKind(UInt16)
    case unknownFlags(UInt32)
    case notAdmitted(MessageKind)
    case tooLong(kind: MessageKind, bytes: Int, limit: Int)
    case sequence(found: UInt64, expected: UInt64)
    case headerChecksum(found: UInt32, expected: UInt32)
    case payloadChecksum(kind: MessageKind, found: UInt32, expected: UInt32)
    case endedInsideFrame(bytes: Int)

    public var description: String {
        switch self {
        case .badMagic(let found):
            "the peer's bytes do not begin a control frame (0x\(hex(found)) instead of \"LKST\"): is it lockstep, and the control port?"
        case .version(let found, let expected):
            "the peer speaks protocol version \(found), this build \(expected): run the same build on every host"
        case .unknownKind(let kind):
            "the peer sent a control frame of unknown kind \(kind): run the same build on every host"
        case .unknownFlags(let flags):
            "the peer sent a control frame with unknown flags 0x\(hex(flags)): run the same build on every host"
        case .notAdmitted(let kind):
            "the peer sent a control frame of kind \(kind) before it may: it has to introduce itself first"
        case .tooLong(let kind, let bytes, let limit):
            "a control frame of kind \(kind) has \(bytes) bytes, the limit is \(limit): use a smaller minibatch or smaller chunks"
        case .sequence(let found, let expected):
            "control frame \(found) came where \(expected) was due: a frame was lost or repeated, so the connection is closed; reconnect"
        case .headerChecksum(let found, let expected):
            "a control frame's header was damaged on the way (CRC-32C 0x\(hex(found)), expected 0x\(hex(expected))): reconnect"
        case .payloadChecksum(let kind, let found, let expected):
            "the payload of a control frame of kind \(kind) was damaged on the way (CRC-32C 0x\(hex(found)), expected 0x\(hex(expected))): reconnect"
        case .endedInsideFrame(let bytes):
            "the peer closed the control connection inside a frame, with \(bytes) bytes of it received: look in the peer's log"
        }
    }
}

private func hex(_ value: UInt32) -> String { String(value, radix: 16) }
