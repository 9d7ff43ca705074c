/// Which links fail, how the members are ordered because of it, and what replaces the ring where no ring is possible.
extension CoordinatorMachine {
    /// Suspicions kept of one view: two per member are the most there can be.
    private static let maximumSuspicions = 2 * RunPlan.maximumWorkers

    /// A link of a member broke, or could not be made. This is only a suspicion. The control connection gives the verdict: it ends at
    /// once if that process died, or is silent for seconds.
    mutating func linkFailed(
        _ connection: ConnectionID, _ number: UInt64, _ report: LinkReport, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard number == view, formed.contains(connection), let worker = workers[connection],
            links.suspicions.count < Self.maximumSuspicions
        else { return [] }
        let other = report.suspect.flatMap { formed.indices.contains($0) ? formed[$0] : nil }
        let server = other == nil && !servers.serving.isEmpty ? report.server : nil
        let named = other.map(name) ?? serverName(part: report.server)
        let (mine, theirs) = (worker.number, other.flatMap { workers[$0]?.number } ?? 0)
        let pair = report.incoming ? RingOrder.Pair(from: theirs, to: mine) : RingOrder.Pair(from: mine, to: theirs)
        let what =
            switch (report.kind, report.incoming) {
            case (.neverUp, false): "\(name(connection)) cannot reach \(named)"
            case (.neverUp, true): "\(name(connection)) was not reached by \(named)"
            case (.closed, _), (.observed, _): "\(name(connection)) lost its gradient link to \(named)"
            }
        links.suspect(
            .init(
                by: connection, of: other, server: server, pair: pair, kind: report.kind, sentence: "\(what): \(report.reason)"))
        // A run that has done nothing, and whose server nobody reaches, twice: a mistake in the set-up, of which the user wants to hear at once.
        // One member's word ends no run. Where a pair of neighbours fails, the server stands in for their ring.
        if report.kind == .neverUp, other == nil, server == nil, hasDoneNothing,
            links.failures[pair, default: 0] + 1 >= rules.pairPatience,
            links.nobodyReachesServer(of: formed)
        {
            return fail("\(what): \(report.reason)", forLinks: true)
        }
        guard ranks.contains(connection) else { return [] }
        return regroup(admitting: false, cause: "a gradient link broke", now)
    }

    private var hasDoneNothing: Bool { steps.completed == plan.firstStep && steps.base == plan.firstStep * UInt64(plan.phases) }

    /// Says why the last view ended, where no lost member explains it, and counts that against the links or servers to blame.
    mutating func explainBreak() -> [CoordinatorDirective] {
        guard let found = links.explain(hasLostMember: hasLostMember) else { return [] }
        for number in found.servers { servers.blame(number) }
        return [.log(.warning, found.sentence)] + dropServers()
    }

    /// Members in order of rank, by number, and whether they make up a ring.
    func arrange(_ level: [ConnectionID], _ now: Duration) -> (order: [UInt32], ring: Bool) {
        if stop.finishesAlone {
            let quick = level.first { !workers[$0]!.isLastChoice } ?? level[0]
            return ([workers[quick]!.number], true)
        }
        return links.arrange(
            level.map { workers[$0]!.number }, last: formed.map { workers[$0]?.number }, wantsRing: plan.ring, now)
    }

    /// Records, and says, that the summation server stands in for the ring, or no longer does.
    mutating func standsIn(for ring: Bool, of members: Int, _ now: Duration) -> [CoordinatorDirective] {
        guard plan.ring, !stop.finishesAlone else { return [] }
        let length: Duration
        switch links.standsIn(ring: ring, members: members, now) {
        case .nothingNew: return []
        case .ringIsTriedAgain: return [.log(.info, "the ring is tried again")]
        case .begins(let time): length = time
        }
        let pairs = troubles(among: Set(links.failures.keys.flatMap { [$0.from, $0.to] }))
        let why = pairs.isEmpty ? "the ring gets nowhere" : "no ring is left without \(pairs)"
        return [
            .log(
                .warning,
                "\(why): the summation server in this coordinator stands in for it, with the same bits, and the ring is tried again in \(length.components.seconds) s; look at the network between them, or use --topology server",
                about: .serverStandsIn)
        ]
    }

    /// Whether the time has come to try the ring again.
    func shouldRetryRing(_ now: Duration) -> Bool {
        plan.ring && !isRing && links.standInIsOver(now)
    }

    /// The links of this view have held for long.
    mutating func linksAreSound() {
        links.areSound(isRing: isRing && ranks.count > 1)
        servers.areSound()
    }

    mutating func noServer(_ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        guard plan.ring else { return fail("no summation server is there, and this coordinator's own cannot be had: \(reason)") }
        guard !isRing, !links.cannotServe else { return [] }
        links.serverCannotBeHad()
        return [.log(.warning, "the summation server cannot stand in for the ring: \(reason)")]
            + regroup(admitting: false, cause: "the summation server cannot be had", now)
    }

    /// "worker 1 (…) and worker 2 (…)", of the pairs that have failed each other.
    func troubles(among numbers: Set<UInt32>) -> String {
        let named = { (number: UInt32) -> String in
            if number == 0 { return "the summation server" }
            return self.workers.first { $0.value.number == number }.map { self.name($0.key) } ?? "a worker that is gone"
        }
        return links.troubles(among: numbers).map { "\(named($0.from)) and \(named($0.to))" }.joined(separator: "; ")
    }
}
