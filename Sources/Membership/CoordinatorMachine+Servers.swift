import Wire

/// Summation servers in processes of their own: who is there, which of them a view has, and what their failures come to.
///
/// None of them holds anything of the run. If one is lost, the next view goes on from where the members stand; if all are lost, this
/// coordinator sums.
extension CoordinatorMachine {
    mutating func greet(server connection: ConnectionID, _ identity: ServerIdentity, _ now: Duration) -> [CoordinatorDirective] {
        guard servers[connection] == nil, workers[connection] == nil else { return protocolViolation(connection, "a second hello") }
        // The same process on a new connection: the old one is gone, though its end may not have come through yet.
        let former = servers.connection(ofProcess: identity.process)
        if let reason = objection(to: identity, replacing: former) {
            refused.insert(connection)
            return [
                .refuse(connection, reason: reason),
                .log(.warning, "refused a summation server on host \(identity.host), pid \(identity.pid): \(reason)"),
            ]
        }
        servers.admit(connection, identity, replacing: former, at: now)
        return [
            .log(plan.supervised && !hasLed ? .detail : .info, "\(serverName(connection)) is in")
        ] + (former.map { lost(server: $0, .dialledAnew, now) } ?? []) + proceed(now)
    }

    private func objection(to identity: ServerIdentity, replacing former: ConnectionID?) -> String? {
        guard plan.servers > 0 else {
            return "this run has no summation servers: start its coordinator with --topology server --servers N"
        }
        guard servers.connected.count - (former == nil ? 0 : 1) >= Limits.servers else { return nil }
        return "the run has \(Limits.servers) summation servers, the most there may be"
    }

    /// Whether as many servers are there as the plan wants.
    var hasServers: Bool { servers.available(plan.servers).count >= plan.servers }

    /// Whether a new view would have more servers.
    var serverJoins: Bool { !isRing && servers.available(plan.servers).count > servers.serving.count }

    /// Chooses the servers of the view that is formed.
    mutating func chooseServers(ring: Bool, _ now: Duration) -> [CoordinatorDirective] {
        let isAsBefore = servers.viewBegins(ring: ring, wanted: plan.servers, at: now)
        let serving = servers.serving
        guard plan.servers > 0, !ring, serving.count < plan.servers, !isAsBefore else { return [] }
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
        _ = servers.remove(connection)
        let place = hasLed ? "after step \(steps.completed)" : "before the run began"
        let directives: [CoordinatorDirective] = [
            .close(connection), .log(.warning, "lost \(named) \(place): \(cause.words)"),
            .record(
                .serverDeath(
                    server: server.label, host: server.identity.host, pid: server.identity.pid, step: steps.completed, cause: cause)
            ),
        ]
        guard servers.serving.contains(connection) else { return directives }
        // This loss explains what the members say of their links.
        hasLostMember = true
        switch stage {
        case .linking, .running: return directives + regroup(admitting: false, cause: "lost \(named)", now)
        case .gathering, .regrouping, .ended: return directives
        }
    }

    /// Gives up the servers that have said nothing for long.
    mutating func silentServers(_ now: Duration) -> [CoordinatorDirective] {
        servers.connected.keys.sorted().flatMap { connection -> [CoordinatorDirective] in
            guard let server = servers[connection], now - server.heard > Self.silence else { return [] }
            let seconds = (now - server.heard).components.seconds
            return lost(server: connection, .silent(seconds: seconds), now)
        }
    }

    /// Gives up the servers to which links fail again and again.
    mutating func dropServers() -> [CoordinatorDirective] {
        servers.connected.keys.sorted().flatMap { connection -> [CoordinatorDirective] in
            guard let server = servers[connection], server.failures >= rules.pairPatience else { return [] }
            let cause = LossCause.linksFail
            let named = serverName(connection)
            _ = servers.remove(connection)
            refused.insert(connection)
            return [
                .stop([connection], reason: "the coordinator has given this summation server up: \(cause.words)", failed: true),
                .log(.warning, "\(named) is given up: \(cause.words)"),
                .record(
                    .serverDeath(
                        server: server.label, host: server.identity.host, pid: server.identity.pid, step: steps.completed,
                        cause: cause)),
            ]
        }
    }

    /// "summation server 0 (host alpha, pid 4711)".
    func serverName(_ connection: ConnectionID) -> String {
        guard let server = servers[connection] else { return "\(connection)" }
        return "summation server \(server.label) (host \(server.identity.host), pid \(server.identity.pid))"
    }

    /// The present view's server of this part.
    func serverName(part: Int) -> String {
        servers.serving.indices.contains(part) ? serverName(servers.serving[part]) : "the summation server"
    }

    /// ", 2 summation servers", of the present view; nothing where it has none.
    var countedServers: String {
        servers.serving.isEmpty
            ? "" : servers.serving.count == 1 ? ", 1 summation server" : ", \(servers.serving.count) summation servers"
    }

    /// All who are to hear that the run is over.
    var everybody: [ConnectionID] { workers.keys.sorted() + servers.connected.keys.sorted() }
}
