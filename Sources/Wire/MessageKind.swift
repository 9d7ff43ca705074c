/// What a control frame carries; the number is what travels, so a case is never renumbered, only added.
public enum MessageKind: UInt16, Sendable, Hashable, CaseIterable {
    case hello = 1
    case challenge = 2
    case proof = 3
    case welcome = 4
    case refuse = 5
    case ready = 6
    case view = 7
    case linksUp = 8
    case start = 9
    case batch = 10
    case snapshotRequest = 11
    case stateChunk = 12
    case stateEnd = 13
    case stepReport = 14
    case linkFailed = 15
    case heartbeat = 16
    case stop = 17
    case goodbye = 18
    case applied = 19
    case sumRequest = 20
    case sumChunk = 21
    case sumEnd = 22
    case pause = 23
}
