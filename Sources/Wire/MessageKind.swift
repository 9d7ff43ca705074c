/// What a control frame carries; the number is what travels, so a case is never renumbered, only added.
public enum MessageKind: UInt16, Sendable, Hashable, CaseIterable {
    case hello = 1
    case welcome = 2
    case refuse = 3
    case ready = 4
    case view = 5
    case linksUp = 6
    case linkFailed = 7
    case batch = 8
    case snapshotRequest = 9
    case stateChunk = 10
    case stepReport = 11
    case heartbeat = 12
    case farewell = 13
    case stop = 14
    case challenge = 15
    case proof = 16
    case position = 17
    case halt = 18
    case sumRequest = 19
    case sumChunk = 20
    case phaseReport = 21
    case notice = 22
    case serverHello = 23
    case serverView = 24
    case serverBeat = 25
}
