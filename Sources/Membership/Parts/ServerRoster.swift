/// Summation servers in processes of their own: who is connected, which of them the present view has, and how their links come on.
package struct ServerRoster: Sendable {
    /// A connected server.
    package struct Server: Sendable {
        /// The number used in sentences.
        package let label: UInt32
        package let identity: ServerIdentity
        package fileprivate(set) var heard: Duration
        /// Views that broke by a link to it while it answered, since links were last sound.
        package fileprivate(set) var failures = 0
    }

    package private(set) var connected: [ConnectionID: Server] = [:]
    /// The servers of the present view, by their parts.
    package private(set) var serving: [ConnectionID] = []
    /// Parts for which a failure of the present view is counted already.
    private var blamed: Set<Int> = []
    /// How many servers the last view had.
    private var before: Int?
    /// The servers' ends of the present view's links, by part and rank, and when one of them last moved.
    package private(set) var links: [Int: [Int: LinkProgress]] = [:]
    package private(set) var moved: Duration = .zero

    package init() {}

    package subscript(_ connection: ConnectionID) -> Server? { connected[connection] }

    package func connection(ofProcess process: UInt64) -> ConnectionID? {
        connected.first { $0.value.identity.process == process }?.key
    }

    /// The servers that a view formed now would have, in the order of its parts.
    package func available(_ wanted: Int) -> [ConnectionID] {
        Array(connected.sorted { ($0.value.label, $0.key) < ($1.value.label, $1.key) }.map(\.key).prefix(wanted))
    }

    /// Takes a server in. It keeps its own number where no other has that.
    package mutating func admit(
        _ connection: ConnectionID, _ identity: ServerIdentity, replacing former: ConnectionID?, at now: Duration
    ) {
        let taken = Set(connected.filter { $0.key != former }.map(\.value.label))
        let label = identity.number.flatMap { taken.contains($0) ? nil : $0 } ?? (0...).first { !taken.contains($0) }!
        connected[connection] = Server(label: label, identity: identity, heard: now)
    }

    package mutating func remove(_ connection: ConnectionID) -> Server? { connected.removeValue(forKey: connection) }

    package mutating func heard(_ connection: ConnectionID, at now: Duration) { connected[connection]?.heard = now }

    /// Chooses the servers of the view that begins; a ring has none.
    ///
    /// - Returns: whether there are as many as in the last view.
    package mutating func viewBegins(ring: Bool, wanted: Int, at now: Duration) -> Bool {
        serving = ring ? [] : available(wanted)
        blamed = []
        (links, moved) = ([:], now)
        defer { before = serving.count }
        return before == serving.count
    }

    /// A server tells how its links have come on; nil is this coordinator's own.
    package mutating func tells(_ connection: ConnectionID?, _ now: [Int: LinkProgress], at time: Duration) {
        guard let part = connection.map({ serving.firstIndex(of: $0) }) ?? 0, links[part] != now else { return }
        links[part] = now
        moved = time
    }

    /// Counts a view that broke by a link to one of its servers, while both ends answer.
    package mutating func blame(_ part: Int) {
        guard serving.indices.contains(part), blamed.insert(part).inserted else { return }
        connected[serving[part]]?.failures += 1
    }

    /// The links of this view have held for long.
    package mutating func areSound() { for connection in serving { connected[connection]?.failures = 0 } }

    /// Nobody is judged by the time before `now`.
    package mutating func forgetTime(before now: Duration) {
        for connection in connected.keys { connected[connection]?.heard = now }
        moved = now
    }
}
