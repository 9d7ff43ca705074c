import Kernels

/// From the end of a view to the next: where everybody stands, who is brought level, who stands beside whom.
extension CoordinatorMachine {
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
        if !admitting { links.viewBroke() }
        let members = ranks.filter { workers[$0] != nil }
        for connection in members {
            workers[connection]?.standing = .halting
            workers[connection]?.order = order
            (workers[connection]!.worked, workers[connection]!.asked) = (now, now)
        }
        // The run was asked to stop long ago, and a link broke: the links are not tried once more.
        var lines: [CoordinatorDirective] = []
        if !admitting, !stop.finishesAlone, members.count > 1 || !isRing, stop.hasWaited(rules.stopPatience / 2, since: .zero, now)
        {
            lines = finishesWithOne(now)
        }
        ranks = []
        enter(members.isEmpty ? .gathering : .regrouping)
        if members.isEmpty { firstReady = workers.values.contains { $0.standing == .still } ? now : nil }
        return lines + [.dissolve(view: view)] + (members.isEmpty ? [] : [.halt(members, order: order)]) + settle(now)
    }

    /// An answer to a halt or a levelling.
    mutating func stood(
        _ connection: ConnectionID, _ order: UInt64, _ position: Position, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard let worker = workers[connection] else { return [] }
        workers[connection]?.worked = now
        guard worker.order == order, worker.resigned == nil, worker.standing == .halting || worker.standing == .levelling else {
            return []
        }
        workers[connection]?.position = position
        // A worker that was in no view yet gets further by what it is sent, not by what it claims.
        if !worker.wasMember, worker.promised == nil, worker.mayHoldTruth, position.applied > worker.position.applied {
            let isPossible = mayHoldTruth(worker.identity, position)
            workers[connection]?.mayHoldTruth = isPossible
        }
        workers[connection]?.standing = .still
        guard let promised = worker.promised else { return settle(now) }
        if position.applied == promised.applied, promised.chain == 0 || promised.chain == position.chain {
            workers[connection]?.mayHoldTruth = true
            workers[connection]?.promised = nil
            return settle(now)
        }
        guard worker.standing == .levelling else { return settle(now) }
        // What the worker was sent did not bring it there: a replica takes on nothing that is not whole.
        workers[connection]?.promised = nil
        guard worker.wasMember || worker.position.isFresh, position.applied != promised.applied else {
            return lost(connection, .notLevel(place(promised.applied)), now)
        }
        guard let index = handouts.firstIndex(where: { $0.to.contains(connection) }) else { return settle(now) }
        let source = handouts.remove(at: index).source
        let accuser = workers[source]?.accuser ?? worker.identity.process
        if !worker.wasMember, accuser == worker.identity.process {
            // One newcomer's complaint costs that newcomer its place. The next one gets the state from another member where there is one.
            workers[source]?.accuser = accuser
            workers[source]?.isLastChoice = true
            processes.doPenance(worker.identity.process, at: now)
            return lost(connection, .notLevel(place(promised.applied)), now)
        }
        return lost(source, .unusable(name(connection)), now) + settle(now)
    }

    /// The highest phase that a live replica has applied, or the checkpoint's where that is newer or no replica is left.
    var truth: UInt64 {
        let checkpoint = snapshots.newest * UInt64(plan.phases)
        let replicas = workers.values.filter { $0.standing == .still && counts($0) }
        return max(replicas.map(\.position.applied).max() ?? 0, checkpoint)
    }

    /// Whether the run, with the workers that stand here, would go back behind what it has done.
    var goesBack: Bool { truth < max(steps.applied, hasLed ? 0 : plan.recordedStep * UInt64(plan.phases)) }

    /// Whether this position is one the run passes: a fresh replica's only where the run begins with the seed.
    private func isOnTheWay(_ position: Position) -> Bool { !position.isFresh || plan.beginsWithSeed }

    /// Whether the worker's state counts. A claim that nobody can check does not, unless it says only that the worker is fresh.
    package func counts(_ worker: Worker) -> Bool {
        isOnTheWay(worker.position) && (worker.mayHoldTruth || worker.wasMember || worker.position.isFresh)
    }

    /// Whether the worker has yet to say where it stands. A newcomer that stands by is not waited for.
    private func isWaitedFor(_ worker: Worker, _ now: Duration) -> Bool {
        guard worker.standing == .halting || worker.standing == .levelling, worker.resigned == nil else { return false }
        return worker.wasMember || worker.aside.map { $0.until <= now } ?? true
    }

    /// Takes the next step towards a new view, as soon as everybody who was asked has answered.
    mutating func settle(_ now: Duration) -> [CoordinatorDirective] {
        guard stage.isBetweenViews, !hasEnded else { return [] }
        let left = dismissLeaving()
        let isOneThere = workers.values.contains { $0.standing == .still && counts($0) && !$0.position.isFresh }
        if !(isOneThere && stop.hasBeenAlone(rules.lonePatience, now)),
            workers.values.contains(where: { isWaitedFor($0, now) })
        {
            return left
        }
        if !workers.values.contains(where: { $0.standing == .still }) {
            enter(.gathering)
            firstReady = nil
        }
        // Nobody is left whose state is the run's, and there is no checkpoint to send: the run waits for another worker.
        if !hasCheckpoint, !workers.values.contains(where: { $0.standing == .still && counts($0) }) {
            if stage != .gathering { firstReady = now }
            enter(.gathering)
            believeTheLast(now)
        }
        if stage == .gathering {
            // A worker that comes back with a state may still be busy with the welcome.
            if stop.reason != nil, !workers.values.contains(where: { !$0.position.isFresh }) {
                return left + endStopped()
            }
            if let reason = children.noReplacement, workers.isEmpty { return left + fail(reason) }
            if firstReady == nil, workers.values.contains(where: { $0.standing == .still }) { firstReady = now }
            guard isEnough(now) else { return left + waitNotice(now) }
            admitting = true
        }
        let odd = hasMember ? [] : sortOut()
        if !odd.isEmpty { return left + odd + settle(now) }
        let truth = truth
        // A worker that has come back with more than anybody here is waited for: it only has to say that it is ready.
        if !stop.finishesAlone, workers.values.contains(where: { $0.bringsState && $0.position.applied > truth }) { return left }
        let still = workers.filter { $0.value.standing == .still }.keys.sorted()
        let all = still.filter { position($0).applied == truth && counts(workers[$0]!) }
        // Workers that stand by take part where nobody else can.
        let free = all.filter { connection in workers[connection]!.aside.map { $0.until <= now } ?? true }
        let level = free.isEmpty ? all : free
        let levelling = stop.finishesAlone && !level.isEmpty ? [] : bringLevel(still, truth, level, now)
        if !levelling.isEmpty { return left + levelling }
        if let objection = disagreement(level, now) { return left + objection }
        return left + form(level, truth, now)
    }

    private func position(_ connection: ConnectionID) -> Position { workers[connection]!.position }

    /// Sends sums to those that are one phase behind, and at a boundary, where newcomers are due, states to all others.
    private mutating func bringLevel(
        _ still: [ConnectionID], _ truth: UInt64, _ level: [ConnectionID], _ now: Duration
    ) -> [CoordinatorDirective] {
        var rest = still.filter { connection in
            guard !level.contains(connection) else { return false }
            // A worker that was set aside stands by for its time, as long as others can go on.
            return level.isEmpty || workers[connection]?.aside.map { $0.until <= now } ?? true
        }
        var directives: [CoordinatorDirective] = []
        let holders = level.filter { position($0).holdsSum }
        if let holder = holders.first(where: { !workers[$0]!.isLastChoice }) ?? holders.first {
            let behind = rest.filter { position($0).applied + 1 == truth && counts(workers[$0]!) }
            if !behind.isEmpty {
                rest.removeAll { behind.contains($0) }
                (handouts, transfer) = ([], nil)
                expect(behind, now)
                promise(behind, ChainMark(applied: truth, chain: position(holder).chain))
                handouts.append(Handout(source: holder, isSum: true, to: behind, since: now))
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
        if directives.isEmpty { (handouts, transfer) = ([], nil) }
        if level.isEmpty {
            expect(rest, now)
            promise(rest, ChainMark(applied: truth, chain: 0))
            beginTransfer(from: nil, to: rest, now)
            return directives + [.relayState(from: nil, to: rest, step: step, order: order)]
        }
        // Of equal sources, one whose copies come quickly.
        let source = level.first { !workers[$0]!.isLastChoice } ?? level[0]
        expect(rest + [source], now)
        promise(rest, ChainMark(applied: truth, chain: position(source).chain))
        handouts.append(Handout(source: source, isSum: false, to: rest, since: now))
        beginTransfer(from: source, to: rest, now)
        return directives + [.relayState(from: source, to: rest, step: step, order: order)]
    }

    private mutating func promise(_ connections: [ConnectionID], _ mark: ChainMark) {
        for connection in connections { workers[connection]?.promised = mark }
    }

    private mutating func expect(_ connections: [ConnectionID], _ now: Duration) {
        if !workers.values.contains(where: { $0.standing == .levelling }) { order += 1 }
        for connection in connections {
            workers[connection]?.standing = .levelling
            workers[connection]?.order = order
            (workers[connection]!.worked, workers[connection]!.asked) = (now, now)
            workers[connection]?.position.digest = []
        }
        enter(.regrouping)
    }

    /// Replicas at one position must hold the same bits. The chain of their sums shows it, and the digest where a state was sent.
    private mutating func disagreement(_ level: [ConnectionID], _ now: Duration) -> [CoordinatorDirective]? {
        let member = level.first { workers[$0]!.wasMember }
        if member == nil, truth > snapshots.newest * UInt64(plan.phases), let first = level.first,
            let other = level.first(where: { position($0).chain != position(first).chain }),
            hasCheckpoint || workers.values.contains(where: { $0.standing == .still && $0.position.isFresh })
        {
            return contradicted(level, name(first), name(other), now)
        }
        // Members of this coordinator's views are believed before strangers. Where there are no members, and nothing on the disk to go back
        // to, the majority is believed.
        let trusted = member ?? ofMost(level)
        guard let first = trusted ?? level.first else { return nil }
        if let other = level.first(where: { position($0).chain != position(first).chain }) {
            guard workers[other]!.wasMember || trusted == nil else {
                return turnAway(
                    other,
                    "the state it says it holds at \(place(position(other).applied)) is not the run's: its sums differ from those of "
                        + "\(name(first))\(member == nil ? " and of most who have come back" : "")")
            }
            return fail(
                "at \(place(position(first).applied)) the sums of \(name(other)) differ from those of \(name(first)): one of the "
                    + "two computes or remembers wrongly; the weights since the newest checkpoint are not to be trusted, "
                    + "resume without that host")
        }
        let told = level.filter { !position($0).digest.isEmpty && workers[$0]?.order == order }
        guard
            let reference = told.first(where: { one in handouts.contains { $0.source == one } }) ?? told.first(where: {
                workers[$0]!.wasMember
            }) ?? told.first,
            let other = told.first(where: { position($0).digest != position(reference).digest })
        else { return nil }
        return turnAway(
            other,
            "the state it received at \(place(position(other).applied)) differs from that of \(name(reference)): one of the two "
                + "hosts has faulty memory or a different build; check both with `lockstep doctor`")
    }

    /// One worker of the majority, where more than half of these hold the same state.
    private func ofMost(_ level: [ConnectionID]) -> ConnectionID? {
        let alike = Dictionary(grouping: level) { position($0).chain }.values
        return alike.first { 2 * $0.count > level.count }?.first
    }

    /// Workers have come with states that cannot both be the run's, and nobody here has been in a view to tell which: the run goes on
    /// from what is on the disk.
    private mutating func contradicted(
        _ level: [ConnectionID], _ one: String, _ other: String, _ now: Duration
    ) -> [CoordinatorDirective] {
        let line = CoordinatorDirective.log(
            .error,
            "\(one) and \(other) bring states of \(place(position(level[0]).applied)) with different sums: one of the two computes or remembers wrongly, or lies; neither is believed, and the run goes on from its newest checkpoint"
        )
        for connection in level { workers[connection]?.mayHoldTruth = false }
        return [line] + settle(now)
    }

    /// Begins a view at `applied` with those who stand there.
    private mutating func form(_ level: [ConnectionID], _ applied: UInt64, _ now: Duration) -> [CoordinatorDirective] {
        links.viewForms(at: applied, base: steps.base, admits: admitting, hasLostMember: hasLostMember, now)
        var directives = explainBreak()
        let numbers = Dictionary(uniqueKeysWithValues: level.map { (workers[$0]!.number, $0) })
        var (arranged, ring) = arrange(level, now)
        if arranged.isEmpty {
            // Nobody can keep a link to the summation server: all may try again, once at each position of the run.
            guard links.forgive(at: applied) else { return fail(cannotBeArranged(level), forLinks: true) }
            (arranged, ring) = arrange(level, now)
        }
        let aside = stop.finishesAlone ? [] : level.filter { !arranged.contains(workers[$0]!.number) }
        if !aside.isEmpty, !hasLed || arranged.isEmpty { return fail(cannotBeArranged(aside), forLinks: true) }
        directives += standsIn(for: ring, of: arranged.count, now)
        view += 1
        let phases = UInt64(plan.phases)
        directives += goesBack(to: applied)
        // Steps that somebody only claimed to have done are not in the records.
        records.viewBegins(after: applied / phases)
        // A coordinator that took over has ended no view: what its workers waited for is its own start.
        if !hasLed, regrouping == nil, level.contains(where: { !position($0).isFresh }), let began {
            regrouping = (began, "the coordinator was started again")
        }
        (ranks, lastWorld) = (arranged.compactMap { numbers[$0] }, arranged.count)
        (formed, hasLostMember) = (ranks, false)
        links.viewBegins()
        directives += chooseServers(ring: ring, now)
        (isRing, handouts, transfer) = (ring, [], nil)
        // Once asked to stop, a further view is no progress.
        if stop.reason == nil { progressed = now }
        finished = (applied, now, finished.longest)
        enter(.linking(since: now))
        for (rank, connection) in ranks.enumerated() { workers[connection]?.rank = rank }
        directives += recordUpTo(applied / phases)
        steps.begin(at: applied)
        if stop.isAsked { steps.endAtBoundary(from: applied, last: plan.lastStep) }
        snapshots.settle(at: applied, phases: phases) { workers[$0]?.position.copied }
        for connection in ranks where !workers[connection]!.wasMember && hasLed {
            let worker = workers[connection]!
            directives.append(
                .record(.join(worker: worker.label, host: worker.identity.host, pid: worker.identity.pid, step: steps.completed)))
        }
        let members = ranks.indices.map { takeIn($0, applied, now) }
        for connection in workers.keys where !ranks.contains(connection) { workers[connection]?.rank = nil }
        let spares = ShardGeometry.spares(of: ranks.count, shards: plan.shards)
        let note = spares == 0 ? "" : " (\(spares) without a shard: S is \(plan.shards))"
        let from = applied == 0 ? "" : " from \(place(applied))"
        directives += [
            .form(ViewPlan(number: view, members: members, applied: applied, ring: ring, servers: servers.serving)),
            .log(.info, "view \(view): \(Self.counted(ranks.count))\(countedServers)\(note)\(from)\(kinds(of: members))"),
            .record(.view(number: view, workers: ranks.count, applied: applied)),
        ]
        if !aside.isEmpty { directives.append(.log(.warning, cannotBeArranged(aside), about: .standsAside)) }
        hasLed = true
        return directives
    }

    /// Makes the worker of a rank a member of the view that is formed.
    private mutating func takeIn(_ rank: Int, _ applied: UInt64, _ now: Duration) -> ViewPlan.Member {
        let connection = ranks[rank]
        workers[connection]?.rank = rank
        workers[connection]?.wasMember = true
        workers[connection]?.aside = nil
        workers[connection]?.promised = nil
        processes.isMember(workers[connection]!.identity.process)
        workers[connection]?.standing = .linking
        workers[connection]?.reported = steps.completed
        workers[connection]?.beat.applied = applied
        workers[connection]?.beat.contributed = applied
        workers[connection]?.worked = now
        return ViewPlan.Member(
            connection: connection, worker: workers[connection]!.label, identity: workers[connection]!.identity,
            shards: ShardGeometry.owned(by: rank, of: ranks.count, shards: plan.shards))
    }

    /// Says that a view that begins at `applied` does again what was done before, if so.
    private func goesBack(to applied: UInt64) -> [CoordinatorDirective] {
        let phases = UInt64(plan.phases)
        guard hasLed, applied < steps.applied else { return [] }
        return [
            .log(
                .warning,
                "every replica that was further was lost after step \(steps.completed): the run goes back to \(place(applied)) and does "
                    + "again what lies between"),
            .record(.restart(from: steps.completed, to: applied / phases)),
        ]
    }

    func cannotBeArranged(_ aside: [ConnectionID]) -> String {
        let numbers = Set(aside.map { workers[$0]!.number })
        let who = aside.map(name).joined(separator: ", ")
        let way =
            plan.ring
            ? "check --advertise, --data-port and the firewall, or use --topology server"
            : "check the coordinator's --data-port and the firewall"
        return "\(who) stands aside: \(troubles(among: numbers)) cannot keep a gradient link; \(way)"
    }

    mutating func linksUp(_ connection: ConnectionID, _ number: UInt64, _ now: Duration) -> [CoordinatorDirective] {
        guard number == view, case .linking = stage, workers[connection]?.standing == .linking else { return [] }
        workers[connection]?.standing = .linked
        guard ranks.allSatisfy({ workers[$0]?.standing == .linked }) else { return [] }
        enter(.running)
        finished.since = now
        snapshots.beginTime(at: now)
        for rank in ranks { workers[rank]?.worked = now }
        return refill(now)
    }
}
