/// From the end of a view to the next: where everybody stands, who is brought level, who stands beside whom.
extension CoordinatorMachine {
    /// How often a pair may fail each other before it is not made neighbours again.
    static let pairPatience = 2

    /// What the state of the run allows next, after anything that may have changed it.
    mutating func proceed(_ now: Duration) -> [CoordinatorDirective] {
        switch stage {
        case .gathering, .regrouping: settle(now)
        case .running: refill(now)
        case .linking, .ended: []
        }
    }

    /// Ends the view: every member is asked to stand still and to say where.
    mutating func regroup(admitting: Bool, cause: String, _ now: Duration) -> [CoordinatorDirective] {
        order += 1
        self.admitting = admitting
        if regrouping == nil { regrouping = (now, cause) }
        let members = ranks.filter { workers[$0] != nil }
        for connection in members {
            workers[connection]?.standing = .halting
            workers[connection]?.order = order
            workers[connection]?.worked = now
        }
        ranks = []
        stage = members.isEmpty ? .gathering : .regrouping
        if members.isEmpty { firstReady = workers.values.contains { $0.standing == .still } ? now : nil }
        return (members.isEmpty ? [] : [.halt(members, order: order)]) + settle(now)
    }

    /// An answer to a halt or a levelling.
    mutating func stood(
        _ connection: ConnectionID, _ order: UInt64, _ position: Position, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard let worker = workers[connection] else { return [] }
        workers[connection]?.position = position
        workers[connection]?.worked = now
        guard worker.order == order, worker.standing == .halting || worker.standing == .levelling else { return [] }
        workers[connection]?.standing = .still
        return settle(now)
    }

    /// The highest phase that a live replica has applied; with the checkpoint newer, or no replica, the checkpoint's.
    private var truth: UInt64 {
        let checkpoint = newestCheckpoint * UInt64(plan.phases)
        let replicas = workers.values.filter { $0.standing == .still && isOnTheWay($0.position) }
        return max(replicas.map(\.position.applied).max() ?? 0, checkpoint)
    }

    /// With those who stand here the run would go back behind what it has done.
    var goesBack: Bool { truth < max(max(completed, hasLed ? 0 : plan.bookedStep) * UInt64(plan.phases), base) }

    /// Whether this position is one the run passes: a fresh replica's only where the run begins with the seed.
    private func isOnTheWay(_ position: Position) -> Bool { !position.isFresh || plan.beginsWithSeed }

    /// Takes the next step towards a new view, as soon as everybody who was asked has answered.
    mutating func settle(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .gathering || stage == .regrouping, !hasEnded else { return [] }
        let left = dismissLeaving()
        if workers.values.contains(where: { $0.standing == .halting || $0.standing == .levelling }) { return left }
        if !workers.values.contains(where: { $0.standing == .still }) {
            (stage, firstReady) = (.gathering, nil)
        }
        if stage == .gathering {
            // Whoever comes back with a state may still be taking the welcome up.
            if stopReason != nil, !workers.values.contains(where: { !$0.position.isFresh }) {
                return left + endStopped()
            }
            if let noReplacement, workers.isEmpty { return left + fail(noReplacement) }
            guard isEnough(now) else { return left + waitNotice(now) }
            admitting = true
        }
        let truth = truth
        // Whoever has come back with more than anybody here is waited for: it only has to say that it is ready.
        if workers.values.contains(where: { $0.bringsState && $0.position.applied > truth }) { return left }
        let still = workers.filter { $0.value.standing == .still }.keys.sorted()
        let level = still.filter { position($0).applied == truth && isOnTheWay(position($0)) }
        let levelling = bringLevel(still, truth, level, now)
        if !levelling.isEmpty { return left + levelling }
        if let objection = disagreement(level) { return left + objection }
        return left + form(level, truth, now)
    }

    private func position(_ connection: ConnectionID) -> Position { workers[connection]!.position }

    /// Sums to those who are one phase behind; at a boundary, and where newcomers are due, states to all others.
    private mutating func bringLevel(
        _ still: [ConnectionID], _ truth: UInt64, _ level: [ConnectionID], _ now: Duration
    ) -> [CoordinatorDirective] {
        var rest = still.filter { !level.contains($0) }
        var directives: [CoordinatorDirective] = []
        if let holder = level.first(where: { position($0).holdsSum }) {
            let behind = rest.filter { position($0).applied + 1 == truth && isOnTheWay(position($0)) }
            if !behind.isEmpty {
                rest.removeAll { behind.contains($0) }
                expect(behind, now)
                let named = behind.map(name).joined(separator: ", ")
                directives = [
                    .relaySum(from: holder, to: behind, applied: truth, order: order),
                    .log(
                        .info,
                        "\(named) \(behind.count == 1 ? "is" : "are") one phase behind and \(behind.count == 1 ? "takes" : "take") its sum from \(name(holder))"
                    ),
                ]
            }
        }
        let phases = UInt64(plan.phases)
        guard !rest.isEmpty, truth % phases == 0, admitting || level.isEmpty else { return directives }
        let step = truth / phases
        if level.isEmpty {
            expect(rest, now)
            return directives + [.relayState(from: nil, to: rest, step: step, order: order)]
        }
        expect(rest + [level[0]], now)
        return directives + [.relayState(from: level[0], to: rest, step: step, order: order)]
    }

    private mutating func expect(_ connections: [ConnectionID], _ now: Duration) {
        if !workers.values.contains(where: { $0.standing == .levelling }) { order += 1 }
        for connection in connections {
            workers[connection]?.standing = .levelling
            workers[connection]?.order = order
            workers[connection]?.worked = now
            workers[connection]?.position.digest = []
        }
        stage = .regrouping
    }

    /// Replicas at one position must be the same bits: by the chain of their sums, and by the digest where a state was sent.
    private mutating func disagreement(_ level: [ConnectionID]) -> [CoordinatorDirective]? {
        guard let first = level.first else { return nil }
        if let other = level.first(where: { position($0).chain != position(first).chain }) {
            return fail(
                "at \(place(position(first).applied)) the sums of \(name(other)) differ from those of \(name(first)): one of the "
                    + "two computes or remembers wrongly; the weights since the newest checkpoint are not to be trusted, "
                    + "resume without that host")
        }
        let told = level.filter { !position($0).digest.isEmpty && workers[$0]?.order == order }
        guard let reference = told.first,
            let other = told.first(where: { position($0).digest != position(reference).digest })
        else { return nil }
        return turnAway(
            other,
            "the state it received at \(place(position(other).applied)) differs from that of \(name(reference)): one of the two "
                + "hosts has faulty memory or a different build; check both with `lockstep doctor`")
    }

    /// Begins a view at `applied` with those who stand there.
    private mutating func form(_ level: [ConnectionID], _ applied: UInt64, _ now: Duration) -> [CoordinatorDirective] {
        var directives = explainBreak()
        let numbers = Dictionary(uniqueKeysWithValues: level.map { (workers[$0]!.number, $0) })
        var arranged = arrange(numbers.keys.sorted())
        if arranged.isEmpty {
            // Nobody can keep a link to the summation server: all may try again, once where the run stands.
            guard forgiven != applied else { return fail(cannotBeArranged(level)) }
            (forgiven, failures) = (applied, [:])
            arranged = numbers.keys.sorted()
        }
        let aside = level.filter { !arranged.contains(workers[$0]!.number) }
        if !aside.isEmpty, !hasLed || arranged.isEmpty { return fail(cannotBeArranged(aside)) }
        view += 1
        let phases = UInt64(plan.phases)
        directives += goesBack(to: applied)
        // A coordinator that took over has ended no view: what its workers waited for is its own start.
        if !hasLed, regrouping == nil, level.contains(where: { !position($0).isFresh }), let began {
            regrouping = (began, "the coordinator was started again")
        }
        (ranks, lastWorld, base) = (arranged.compactMap { numbers[$0] }, arranged.count, applied)
        (formed, hasLostMember) = (ranks, false)
        stage = .linking(since: now)
        directives += recordUpTo(applied / phases)
        completed = applied / phases
        sent = completed
        if stopReason != nil { goal = min(plan.lastStep, (applied + phases - 1) / phases) }
        settlePending(applied)
        let members = ranks.enumerated().map { rank, connection in
            let shards = plan.shards(ofRank: rank, world: ranks.count)
            if !workers[connection]!.wasMember, hasLed {
                let worker = workers[connection]!
                directives.append(
                    .record(.join(worker: worker.number, host: worker.identity.host, pid: worker.identity.pid, step: completed)))
            }
            workers[connection]?.rank = rank
            workers[connection]?.wasMember = true
            workers[connection]?.standing = .linking
            workers[connection]?.reported = completed
            workers[connection]?.beat.applied = applied
            workers[connection]?.beat.contributed = applied
            workers[connection]?.worked = now
            return ViewPlan.Member(
                connection: connection, worker: workers[connection]!.number, identity: workers[connection]!.identity,
                shards: shards)
        }
        for connection in aside { workers[connection]?.rank = nil }
        let spares = members.filter(\.shards.isEmpty).count
        let note = spares == 0 ? "" : " (\(spares) without a shard: S is \(plan.shards))"
        let from = applied == 0 ? "" : " from \(place(applied))"
        directives += [
            .form(ViewPlan(number: view, members: members, applied: applied)),
            .log(.info, "view \(view): \(Self.counted(ranks.count))\(note)\(from)"),
            .record(.view(number: view, workers: ranks.count, applied: applied)),
        ]
        if !aside.isEmpty { directives.append(.log(.warning, cannotBeArranged(aside))) }
        hasLed = true
        return directives
    }

    /// Why the last view ended, where nobody's death says it, and who is to blame.
    ///
    /// Whoever loses one neighbour lets go of the other too, who then suspects it. Only two who accuse each other have a
    /// broken link between them; a dial that failed, or the summation server's link, is one side's word.
    private mutating func explainBreak() -> [CoordinatorDirective] {
        defer { suspicions = [] }
        guard !hasLostMember, let first = suspicions.first else { return [] }
        let accused = Set(suspicions.map(\.pair))
        for suspicion in suspicions {
            let pair = suspicion.pair
            guard suspicion.dialling || pair.to == 0 || accused.contains(pair.reversed) else { continue }
            failures[pair, default: 0] += 1
        }
        return [.log(.warning, first.sentence)]
    }

    /// Whether a view that begins at `applied` does again what was done before.
    private func goesBack(to applied: UInt64) -> [CoordinatorDirective] {
        let phases = UInt64(plan.phases)
        guard hasLed, applied < max(base, completed * phases) else { return [] }
        return [
            .log(
                .warning,
                "every replica that was further was lost after step \(completed): the run goes back to \(place(applied)) and does "
                    + "again what lies between"),
            .record(.restart(from: completed, to: applied / phases)),
        ]
    }

    /// Members in order of rank, by number: without pairs that cannot reach each other.
    private func arrange(_ numbers: [UInt32]) -> [UInt32] {
        let barred = Set(failures.filter { $0.value >= Self.pairPatience }.keys)
        guard plan.ring else { return numbers.filter { !barred.contains(.init(from: $0, to: 0)) } }
        return RingOrder(members: numbers, barred: barred).arranged()
    }

    private func cannotBeArranged(_ aside: [ConnectionID]) -> String {
        let numbers = Set(aside.map { workers[$0]!.number })
        let pairs = failures.filter { $0.value >= Self.pairPatience }.keys.filter {
            numbers.contains($0.from) || numbers.contains($0.to)
        }
        let named = { (number: UInt32) -> String in
            if number == 0 { return "the summation server" }
            return self.workers.first { $0.value.number == number }.map { self.name($0.key) } ?? "worker \(number)"
        }
        let words = pairs.sorted { ($0.from, $0.to) < ($1.from, $1.to) }.map { "\(named($0.from)) and \(named($0.to))" }
        let who = aside.map(name).joined(separator: ", ")
        let way =
            plan.ring
            ? "check --advertise, --data-port and the firewall, or use --topology server"
            : "check the coordinator's --data-port and the firewall"
        return "\(who) stands aside: \(words.joined(separator: "; ")) cannot keep a gradient link; \(way)"
    }

    mutating func linksUp(_ connection: ConnectionID, _ number: UInt64, _ now: Duration) -> [CoordinatorDirective] {
        guard number == view, case .linking = stage, workers[connection]?.standing == .linking else { return [] }
        workers[connection]?.standing = .linked
        guard ranks.allSatisfy({ workers[$0]?.standing == .linked }) else { return [] }
        stage = .running
        if lastCheckpoint == .zero { lastCheckpoint = now }
        for rank in ranks { workers[rank]?.worked = now }
        return refill(now)
    }

    /// A link of a member broke, or could not be made. A suspicion: the verdict is the control connection's, whose end
    /// follows at once if that process died, its silence in seconds.
    mutating func linkFailed(
        _ connection: ConnectionID, _ number: UInt64, _ suspect: Int?, _ reason: String, _ dialling: Bool, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard number == view, formed.contains(connection), let worker = workers[connection] else { return [] }
        let other = suspect.flatMap { formed.indices.contains($0) ? formed[$0] : nil }
        let named = other.map(name) ?? "the summation server"
        let pair = RingOrder.Pair(from: worker.number, to: other.flatMap { workers[$0]?.number } ?? 0)
        let what = dialling ? "\(name(connection)) cannot reach \(named)" : "\(name(connection)) lost its gradient link to \(named)"
        suspicions.append(
            Suspicion(by: connection, of: other, pair: pair, dialling: dialling, sentence: "\(what): \(reason)"))
        // A run that has done nothing, and the same two again: a mistake in the set-up, which its user wants to hear at once.
        // The first time it may be that the other one has just died.
        if dialling, hasDoneNothing, failures[pair, default: 0] + 1 >= Self.pairPatience { return fail("\(what): \(reason)") }
        guard ranks.contains(connection) else { return [] }
        return regroup(admitting: false, cause: "a gradient link broke", now)
    }

    private var hasDoneNothing: Bool { completed == plan.firstStep && base == plan.firstStep * UInt64(plan.phases) }
}
