/// Which links fail, who stands beside whom for it, and what takes the ring's place where no ring is left.
extension CoordinatorMachine {
    /// One member's word against another.
    struct Suspicion: Sendable {
        var by: ConnectionID
        var of: ConnectionID?
        /// Which of the view's summation servers it is of, where these are processes of their own.
        var server: Int?
        /// Who dials, and who is dialled; 0 is the summation server.
        var pair: RingOrder.Pair
        var kind: LinkReport.Kind
        var sentence: String
    }

    /// Suspicions kept of one view: two a member are what there can be.
    private static let maximumSuspicions = 2 * maximumWorkers

    /// A link of a member broke, or could not be made. A suspicion: the verdict is the control connection's, whose end
    /// follows at once if that process died, its silence in seconds.
    mutating func linkFailed(
        _ connection: ConnectionID, _ number: UInt64, _ report: LinkReport, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard number == view, formed.contains(connection), let worker = workers[connection],
            suspicions.count < Self.maximumSuspicions
        else { return [] }
        let other = report.suspect.flatMap { formed.indices.contains($0) ? formed[$0] : nil }
        let server = other == nil && !serving.isEmpty ? report.server : nil
        let named = other.map(name) ?? serverName(part: report.server)
        let (mine, theirs) = (worker.number, other.flatMap { workers[$0]?.number } ?? 0)
        let pair = report.incoming ? RingOrder.Pair(from: theirs, to: mine) : RingOrder.Pair(from: mine, to: theirs)
        let what =
            switch (report.kind, report.incoming) {
            case (.neverUp, false): "\(name(connection)) cannot reach \(named)"
            case (.neverUp, true): "\(name(connection)) was not reached by \(named)"
            case (.closed, _), (.observed, _): "\(name(connection)) lost its gradient link to \(named)"
            }
        suspicions.append(
            Suspicion(
                by: connection, of: other, server: server, pair: pair, kind: report.kind, sentence: "\(what): \(report.reason)"))
        // A run that has done nothing, and whose server nobody reaches, twice: a mistake in the set-up, which its user wants to hear at
        // once; one member's word ends no run. Where it is a pair of neighbours the server stands in for their ring.
        if report.kind == .neverUp, other == nil, server == nil, hasDoneNothing,
            failures[pair, default: 0] + 1 >= rules.pairPatience,
            nobodyReachesServer
        {
            return fail("\(what): \(report.reason)")
        }
        guard ranks.contains(connection) else { return [] }
        return regroup(admitting: false, cause: "a gradient link broke", now)
    }

    /// Every member says so of this view.
    private var nobodyReachesServer: Bool {
        formed.allSatisfy { member in suspicions.contains { $0.kind == .neverUp && $0.by == member && $0.of == nil } }
    }

    private var hasDoneNothing: Bool { completed == plan.firstStep && base == plan.firstStep * UInt64(plan.phases) }

    /// Why the last view ended, where nobody's death says it, and which links are to blame.
    ///
    /// Whoever loses one neighbour lets go of the other too, who then sees its link closed: that alone is no evidence, unless both
    /// say it. What one side saw itself counts by itself, and so does the summation server's link, which has one end here.
    mutating func explainBreak() -> [CoordinatorDirective] {
        defer { suspicions = [] }
        guard !hasLostMember, let first = suspicions.first else { return [] }
        for (index, suspicion) in suspicions.enumerated() {
            if let number = suspicion.server {
                blame(server: number)
                continue
            }
            let pair = suspicion.pair
            let isMutual = suspicions[..<index].contains { $0.pair.unordered == pair.unordered && $0.by != suspicion.by }
            switch suspicion.kind {
            case .neverUp: if rules.oneSidedEvidence || isMutual { blame(pair, isObserved: false) }
            case .observed: if rules.oneSidedEvidence || isMutual { blame(pair, isObserved: true) }
            case .closed: if isMutual || pair.from == 0 || pair.to == 0 { blame(pair, isObserved: true) }
            }
        }
        return [.log(.warning, (suspicions.first { $0.kind != .closed } ?? first).sentence)] + dropServers()
    }

    /// Counts a failure. A link that was up and failed says nothing good of the same two the other way round; one that could not
    /// be dialled does not keep the other from dialling, unless the same two had failed before.
    mutating func blame(_ pair: RingOrder.Pair, isObserved: Bool) {
        let pair = pair.from == 0 ? pair.reversed : pair
        guard blamed.insert(pair.unordered).inserted else { return }
        failures[pair, default: 0] += 1
        guard pair.to != 0, isObserved || failures[pair.reversed] != nil else { return }
        failures[pair.reversed] = max(failures[pair.reversed, default: 0], failures[pair]!)
    }

    /// Members in order of rank, by number, and whether they make up a ring. Pairs that failed each other once are kept apart where
    /// that costs nothing; those that did twice stand beside each other no more, and where no ring is left without them, or the
    /// ring gets nowhere, the summation server stands in for it.
    func arrange(_ level: [ConnectionID], _ now: Duration) -> (order: [UInt32], ring: Bool) {
        let numbers = level.map { workers[$0]!.number }.sorted()
        if finishesAlone {
            let quick = level.first { !workers[$0]!.isLastChoice } ?? level[0]
            return ([workers[quick]!.number], true)
        }
        let barred = Set(failures.filter { $0.value >= rules.pairPatience }.keys)
        let served = numbers.filter { !barred.contains(.init(from: $0, to: 0)) }
        guard plan.ring else { return (served, false) }
        if numbers.count == 1 { return (numbers, true) }
        let mayServe = rules.serverStandsIn && !cannotServe && !served.isEmpty
        let isServed = standIn.map { now < $0.until } ?? false
        if !isServed || !mayServe {
            let last = formed.map { workers[$0]?.number }
            for avoided in [Set(failures.keys), barred] {
                let ring = RingOrder(members: numbers, barred: avoided).arranged()
                // An order that has not been tried is, for a while; the same again not for ever.
                let isNew = last != ring && now - barrenSince < rules.orderPatience
                let patience = isNew ? 2 * rules.barrenViews : rules.barrenViews
                if ring.count == numbers.count, barren < patience { return (ring, true) }
            }
            if !mayServe { return (RingOrder(members: numbers, barred: barred).arranged(), true) }
        }
        return (served, false)
    }

    /// Enters, and says, that the summation server stands in for the ring, or no longer does.
    mutating func standsIn(for ring: Bool, of members: Int, _ now: Duration) -> [CoordinatorDirective] {
        guard plan.ring, !finishesAlone else { return [] }
        if ring {
            guard let before = standIn, now >= before.until, members > 1 else { return [] }
            // Kept until the ring has shown that it holds: it stands in for longer the next time.
            return [.log(.info, "the ring is tried again")]
        }
        if let before = standIn, now < before.until { return [] }
        let length = standIn?.next ?? rules.ringRetry
        standIn = (now + length, min(length * 2, .seconds(3600)))
        barren = 0
        let pairs = troubles(among: Set(failures.keys.flatMap { [$0.from, $0.to] }))
        let why = pairs.isEmpty ? "the ring gets nowhere" : "no ring is left without \(pairs)"
        return [
            .log(
                .warning,
                "\(why): the summation server in this coordinator stands in for it, with the same bits, and the ring is tried again in \(length.components.seconds) s; look at the network between them, or use --topology server"
            )
        ]
    }

    /// Whether the time has come to try the ring again.
    func shouldRetryRing(_ now: Duration) -> Bool {
        guard plan.ring, !isRing, let standIn else { return false }
        return now >= standIn.until
    }

    /// The links of this view have held for long.
    mutating func linksAreSound() {
        failures = failures.filter { $0.value >= rules.pairPatience }
        for connection in serving { servers[connection]?.failures = 0 }
        if isRing, ranks.count > 1 { standIn = nil }
    }

    mutating func noServer(_ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        guard plan.ring else { return fail("no summation server is there, and this coordinator's own cannot be had: \(reason)") }
        guard !isRing, !cannotServe else { return [] }
        cannotServe = true
        standIn = nil
        return [.log(.warning, "the summation server cannot stand in for the ring: \(reason)")]
            + regroup(admitting: false, cause: "the summation server cannot be had", now)
    }

    /// "worker 1 (…) and worker 2 (…)", of the pairs that have failed each other.
    func troubles(among numbers: Set<UInt32>) -> String {
        let named = { (number: UInt32) -> String in
            if number == 0 { return "the summation server" }
            return self.workers.first { $0.value.number == number }.map { self.name($0.key) } ?? "a worker that is gone"
        }
        let pairs = failures.filter { $0.value >= rules.pairPatience }.keys.filter {
            numbers.contains($0.from) || numbers.contains($0.to)
        }
        return Set(pairs.map(\.unordered)).sorted { ($0.from, $0.to) < ($1.from, $1.to) }
            .map { "\(named($0.from)) and \(named($0.to))" }.joined(separator: "; ")
    }
}
