import Wire

/// Summation servers in processes of their own: who is there, which of them a view has, and what their failures come to.
///
/// None of them holds anything of the run: a view without one goes on from where the members stand, and without any of them this
/// coordinator sums.
extension CoordinatorMachine {
    /// One that is connected.
    struct Server: Sendable {
        /// What words call it.
        var label: UInt32
        var identity: ServerIdentity
        var heard: Duration
        /// Views that broke by a link to it while it answered, since links were last sound.
        var failures = 0
    }

    mutating func greet(server connection: ConnectionID, _ identity: ServerIdentity, _ now: Duration) -> [CoordinatorDirective] {
        guard servers[connection] == nil, workers[connection] == nil else { return protocolViolation(connection, "a second hello") }
        // The same process on a new connection: the old one is gone, though its end may not have come through yet.
        let former = servers.first { $0.value.identity.process == identity.process }?.key
        if let reason = objection(to: identity, replacing: former) {
            refused.insert(connection)
            return [
                .refuse(connection, reason: reason),
                .log(.warning, "refused a summation server on host \(identity.host), pid \(identity.pid): \(reason)"),
            ]
        }
        let taken = Set(servers.filter { $0.key != former }.map(\.value.label))
        let label = identity.number.flatMap { taken.contains($0) ? nil : $0 } ?? (0...).first { !taken.contains($0) }!
        servers[connection] = Server(label: label, identity: identity, heard: now)
        return [
            .log(plan.supervised && !hasLed ? .detail : .info, "\(serverName(connection)) is in")
        ] + (former.map { lost(server: $0, .dialledAnew, now) } ?? []) + proceed(now)
    }

    private func objection(to identity: ServerIdentity, replacing former: ConnectionID?) -> String? {
        guard plan.servers > 0 else {
            return "this run has no summation servers: start its coordinator with --topology server --servers N"
        }
        guard servers.count - (former == nil ? 0 : 1) >= Limits.servers else { return nil }
        return "the run has \(Limits.servers) summation servers, the most there may be"
    }

    /// Those that a view formed now would have, in the order of its parts.
    var availableServers: [ConnectionID] {
        Array(servers.sorted { ($0.value.label, $0.key) < ($1.value.label, $1.key) }.map(\.key).prefix(plan.servers))
    }

    /// The wanted number is there.
    var hasServers: Bool { availableServers.count >= plan.servers }

    /// Another view would have one more.
    var serverJoins: Bool { !isRing && availableServers.count > serving.count }

    /// Chooses the servers of the view that is formed.
    mutating func takeServers(ring: Bool) -> [CoordinatorDirective] {
        serving = ring ? [] : availableServers
        let former = servedBy
        servedBy = serving.count
        guard plan.servers > 0, !ring, serving.count < plan.servers, former != serving.count else { return [] }
        let there =
            serving.isEmpty
            ? "no summation server is there, of \(plan.servers): this coordinator sums until one comes"
            : "\(serving.count) of \(plan.servers) summation servers \(serving.count == 1 ? "is" : "are") there: the run goes on with \(serving.count == 1 ? "it" : "them")"
        return [.log(.warning, there)]
    }

    /// A server is gone, or given up. Where it was one of the view's, the members go on without it.
    mutating func lost(server connection: ConnectionID, _ cause: LossCause, _ now: Duration) -> [CoordinatorDirective] {
        guard !hasEnded, let server = servers[connection] else { return [] }
        let named = serverName(connection)
        servers[connection] = nil
        let place = hasLed ? "after step \(completed)" : "before the run began"
        let directives: [CoordinatorDirective] = [
            .close(connection), .log(.warning, "lost \(named) \(place): \(cause.words)"),
            .record(
                .serverDeath(
                    server: server.label, host: server.identity.host, pid: server.identity.pid, step: completed, cause: cause)),
        ]
        guard serving.contains(connection) else { return directives }
        // What its members say of their links is explained by this.
        hasLostMember = true
        switch stage {
        case .linking, .running: return directives + regroup(admitting: false, cause: "lost \(named)", now)
        case .gathering, .regrouping, .ended: return directives
        }
    }

    /// Those that have said nothing for long.
    mutating func silentServers(_ now: Duration) -> [CoordinatorDirective] {
        servers.keys.sorted().flatMap { connection -> [CoordinatorDirective] in
            guard let server = servers[connection], now - server.heard > Self.silence else { return [] }
            let seconds = (now - server.heard).components.seconds
            return lost(server: connection, .silent(seconds: seconds), now)
        }
    }

    /// Counts a view that broke by a link to one of its servers, while both ends answer.
    mutating func blame(server number: Int) {
        guard serving.indices.contains(number), blamedServers.insert(number).inserted else { return }
        servers[serving[number]]?.failures += 1
    }

    /// Lets those go to which links fail again and again.
    mutating func dropServers() -> [CoordinatorDirective] {
        servers.keys.sorted().flatMap { connection -> [CoordinatorDirective] in
            guard let server = servers[connection], server.failures >= rules.pairPatience else { return [] }
            let cause = LossCause.linksFail
            let named = serverName(connection)
            servers[connection] = nil
            refused.insert(connection)
            return [
                .stop([connection], reason: "the coordinator has given this summation server up: \(cause.words)", failed: true),
                .log(.warning, "\(named) is given up: \(cause.words)"),
                .record(
                    .serverDeath(
                        server: server.label, host: server.identity.host, pid: server.identity.pid, step: completed, cause: cause)),
            ]
        }
    }

    /// "summation server 0 (host alpha, pid 4711)".
    func serverName(_ connection: ConnectionID) -> String {
        guard let server = servers[connection] else { return "\(connection)" }
        return "summation server \(server.label) (host \(server.identity.host), pid \(server.identity.pid))"
    }

    /// Of the present view, by its part.
    func serverName(part: Int) -> String {
        serving.indices.contains(part) ? serverName(serving[part]) : "the summation server"
    }

    /// ", 2 summation servers", of the present view; nothing where it has none.
    var countedServers: String {
        serving.isEmpty ? "" : serving.count == 1 ? ", 1 summation server" : ", \(serving.count) summation servers"
    }

    /// All who are to hear that the run is over.
    var everybody: [ConnectionID] { workers.keys.sorted() + servers.keys.sorted() }
}
