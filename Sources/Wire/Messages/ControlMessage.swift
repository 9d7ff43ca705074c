import NIOCore
import SwiftProtobuf

/// A decoded control frame: one case for each kind, so that every switch over it is exhaustive.
public enum ControlMessage: Sendable {
    case hello(ControlHello)
    case welcome(ControlWelcome)
    case refusal(ControlRefusal)
    case ready(ControlReady)
    case view(ControlView)
    case linksUp(ControlLinksUp)
    case linkFailed(ControlLinkFailed)
    case batch(ControlBatch)
    case snapshotRequest(ControlSnapshotRequest)
    case stateChunk(ControlStateChunk)
    case stepReport(ControlStepReport)
    case heartbeat(ControlHeartbeat)
    case farewell(ControlFarewell)
    case stop(ControlStop)
    case challenge(ControlChallenge)
    case proof(ControlProof)
    case position(ControlPosition)
    case halt(ControlHalt)
    case sumRequest(ControlSumRequest)
    case sumChunk(ControlSumChunk)
    case phaseReport(ControlPhaseReport)
    case notice(ControlNotice)
    case serverHello(ControlServerHello)
    case serverView(ControlServerView)
    case serverBeat(ControlServerBeat)

    /// Reads the payload by the frame's kind.
    ///
    /// - Throws: `ControlMessageError` for bytes that are not the message the header names.
    public init(_ frame: ControlFrame) throws {
        func parse<Payload: Message>(_: Payload.Type) throws -> Payload {
            do {
                return try Payload(serializedBytes: Array(frame.payload.readableBytesView))
            } catch {
                throw ControlMessageError(kind: frame.kind, bytes: frame.payload.readableBytes, reason: "\(error)")
            }
        }
        switch frame.kind {
        case .hello: self = .hello(try parse(ControlHello.self))
        case .welcome: self = .welcome(try parse(ControlWelcome.self))
        case .refuse: self = .refusal(try parse(ControlRefusal.self))
        case .ready: self = .ready(try parse(ControlReady.self))
        case .view: self = .view(try parse(ControlView.self))
        case .linksUp: self = .linksUp(try parse(ControlLinksUp.self))
        case .linkFailed: self = .linkFailed(try parse(ControlLinkFailed.self))
        case .batch: self = .batch(try parse(ControlBatch.self))
        case .snapshotRequest: self = .snapshotRequest(try parse(ControlSnapshotRequest.self))
        case .stateChunk: self = .stateChunk(try parse(ControlStateChunk.self))
        case .stepReport: self = .stepReport(try parse(ControlStepReport.self))
        case .heartbeat: self = .heartbeat(try parse(ControlHeartbeat.self))
        case .farewell: self = .farewell(try parse(ControlFarewell.self))
        case .stop: self = .stop(try parse(ControlStop.self))
        case .challenge: self = .challenge(try parse(ControlChallenge.self))
        case .proof: self = .proof(try parse(ControlProof.self))
        case .position: self = .position(try parse(ControlPosition.self))
        case .halt: self = .halt(try parse(ControlHalt.self))
        case .sumRequest: self = .sumRequest(try parse(ControlSumRequest.self))
        case .sumChunk: self = .sumChunk(try parse(ControlSumChunk.self))
        case .phaseReport: self = .phaseReport(try parse(ControlPhaseReport.self))
        case .notice: self = .notice(try parse(ControlNotice.self))
        case .serverHello: self = .serverHello(try parse(ControlServerHello.self))
        case .serverView: self = .serverView(try parse(ControlServerView.self))
        case .serverBeat: self = .serverBeat(try parse(ControlServerBeat.self))
        }
    }

    /// The frame that carries this message.
    public func frame(view: UInt64) throws -> ControlFrame {
        let (kind, payload): (MessageKind, any Message) =
            switch self {
            case .hello(let message): (.hello, message)
            case .welcome(let message): (.welcome, message)
            case .refusal(let message): (.refuse, message)
            case .ready(let message): (.ready, message)
            case .view(let message): (.view, message)
            case .linksUp(let message): (.linksUp, message)
            case .linkFailed(let message): (.linkFailed, message)
            case .batch(let message): (.batch, message)
            case .snapshotRequest(let message): (.snapshotRequest, message)
            case .stateChunk(let message): (.stateChunk, message)
            case .stepReport(let message): (.stepReport, message)
            case .heartbeat(let message): (.heartbeat, message)
            case .farewell(let message): (.farewell, message)
            case .stop(let message): (.stop, message)
            case .challenge(let message): (.challenge, message)
            case .proof(let message): (.proof, message)
            case .position(let message): (.position, message)
            case .halt(let message): (.halt, message)
            case .sumRequest(let message): (.sumRequest, message)
            case .sumChunk(let message): (.sumChunk, message)
            case .phaseReport(let message): (.phaseReport, message)
            case .notice(let message): (.notice, message)
            case .serverHello(let message): (.serverHello, message)
            case .serverView(let message): (.serverView, message)
            case .serverBeat(let message): (.serverBeat, message)
            }
        let bytes: [UInt8] = try payload.serializedBytes()
        return ControlFrame(kind: kind, view: view, payload: ByteBuffer(bytes: bytes))
    }
}

/// A payload that is not what its header says.
public struct ControlMessageError: Error, CustomStringConvertible, Sendable {
    public let kind: MessageKind
    public let bytes: Int
    public let reason: String

    public var description: String {
        "a control frame of kind \(kind) holds \(bytes) bytes that are no such message (\(reason)); "
            + "the peer is of another build, or no Lockstep process"
    }
}
