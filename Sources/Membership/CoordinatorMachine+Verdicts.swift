/// Who is dead, since when, and of what.
extension CoordinatorMachine {
    /// A heartbeat is due every second; after three missed ones a peer is silent.
    public static let silence: Duration = .seconds(4)
    /// A worker that owes a contribution and whose work counter stands still so long is stuck.
    public static let standstill: Duration = .seconds(8)
    /// A worker that is being brought level, and moves nothing for so long, is dropped.
    public static let levelPatience: Duration = .seconds(5)
    /// How long the links of a view may take to come up: longer than a dial, whose end says which two cannot reach each other.
    public static let linkPatience: Duration = .seconds(8)
    /// A monitor that itself comes so late restarts its clocks instead of judging.
    public static let lateTick: Duration = .seconds(2)

    mutating func heartbeat(_ connection: ConnectionID, _ beat: Beat, _ now: Duration) -> [CoordinatorDirective] {
        guard let worker = workers[connection] else { return [] }
        // Heartbeats of a worker that brings a state do not show that it got this welcome: it had one before.
        if worker.position.isFresh { isWelcomed(connection) }
        // Bytes of a copy, sent in the background, say nothing of the training: they may move for minutes while a gradient link swallows.
        var known = worker.beat
        if worker.standing == .linked { known.moved = beat.moved }
        if beat != known { workers[connection]?.worked = now }
        if beat.moved != worker.beat.moved { workers[connection]?.moved = now }
        if worker.rank != nil, beat.view == view, beat.applied > finished.applied, beat.applied <= steps.sent * UInt64(plan.phases)
        {
            finished = (beat.applied, now, max(finished.longest, now - finished.since))
            haveMoved()
        }
        workers[connection]?.beat = beat
        guard stage == .running, beat.view == view, beat.applied > steps.base, let since = regrouping else { return [] }
        regrouping = nil
        let milliseconds = (now - since.since) / .milliseconds(1)
        return [.record(.goesOn(view: view, milliseconds: milliseconds, cause: since.cause))]
    }

    mutating func tick(_ now: Duration) -> [CoordinatorDirective] {
        defer { lastTick = now }
        if let lastTick, now - lastTick > Self.lateTick {
            for connection in workers.keys {
                workers[connection]?.heard = now
                workers[connection]?.worked = now
                workers[connection]?.asked = now
                if workers[connection]?.standing == .preparing { workers[connection]?.came = now }
            }
            servers.forgetTime(before: now)
            if case .linking = stage { enter(.linking(since: now)) }
            finished.since = now
            stop.forgetTime(before: now)
            transfer?.since = now
            for index in handouts.indices { handouts[index].since = now }
            if resignation != nil { resignation = now }
            snapshots.forgetTime(before: now)
            return [
                .log(
                    .warning,
                    "the coordinator itself stood still for \((now - lastTick).components.seconds) s; nobody is judged by that time"
                )
            ]
        }
        var directives = silentSources(now) + silentServers(now)
        for connection in workers.keys.sorted() {
            guard let cause = verdict(on: connection, now) else { continue }
            if let worker = workers[connection], worker.rank != nil, now - worker.heard <= Self.silence {
                processes.doPenance(worker.identity.process, at: now)
            }
            directives += isUnready(connection, now) ? unready(connection, cause, now) : lost(connection, cause, now)
        }
        directives += nobodyCame(now)
        if case .linking(let since) = stage, now - since > Self.linkPatience {
            for connection in ranks where workers[connection]?.standing == .linking {
                directives += lost(connection, .linksDown, now)
            }
        }
        directives +=
            overdue(now) + resignations(now) + standstill(now) + slowTransfer(now) + slowCopies(now) + slowEnd(now)
            + finishAlone(now)
        return directives + periodicCheckpoint(now) + proceed(now)
    }

    /// Why this worker is given up, or nil.
    private func verdict(on connection: ConnectionID, _ now: Duration) -> LossCause? {
        guard let worker = workers[connection], worker.resigned == nil else { return nil }
        let limit = worker.standing == .preparing && !worker.bringsState ? rules.preparation : Self.silence
        if now - worker.heard > limit {
            return .silent(seconds: (now - worker.heard).components.seconds)
        }
        // A worker that says that it works is believed for long, but not for ever.
        let longest = max(rules.phasePatience, finished.longest * 16)
        let othersWait = workers.contains { $0.key != connection && $0.value.standing == .still && counts($0.value) }
        let idle = now - worker.worked
        let seconds = idle.components.seconds
        switch worker.standing {
        case .preparing where worker.bringsState && now - worker.came > rules.takeUpPatience:
            return .stuck(.takeUp, seconds: (now - worker.came).components.seconds)
        case .preparing where idle > rules.preparation:
            return .stuck(.preparation(advice: memoryAdvice), seconds: (now - worker.came).components.seconds)
        case .linked where owes(worker) && idle > Self.standstill:
            return .stuck(.contribution, seconds: seconds)
        case .halting where idle > Self.standstill:
            return .stuck(.standstill, seconds: seconds)
        case .halting where now - worker.asked > longest, .levelling where now - worker.asked > longest && othersWait:
            return .stuck(.position, seconds: (now - worker.asked).components.seconds)
        case .levelling where idle > Self.levelPatience:
            return .stuck(.level, seconds: seconds)
        default: return nil
        }
    }

    /// Whether the worker owes its part: it has images, its own part of the phase is not complete, and nobody delays it.
    private func owes(_ worker: Worker) -> Bool {
        stage == .running && worker.beat.applied < steps.sent * UInt64(plan.phases)
            && worker.beat.contributed <= worker.beat.applied
    }

    /// Gives up members that say that they work, after the others have waited far longer than anything ever took, and members that were
    /// asked for the last state and do not send it.
    private mutating func overdue(_ now: Duration) -> [CoordinatorDirective] {
        let limit = max(rules.phasePatience, finished.longest * 16)
        guard stage == .running, now - max(finished.since, progressed) > limit else { return [] }
        let seconds = limit.components.seconds
        guard steps.sent > steps.completed else {
            let late = Set(snapshots.pending.values.filter { !$0.hasArrived && now - $0.since > limit }.map(\.source)).sorted()
            return late.filter { workers[$0].map { now - $0.moved > limit } ?? false }.flatMap { source in
                lost(source, .stuck(.state, seconds: seconds), now)
            }
        }
        let owing = ranks.filter { workers[$0].map(owes) ?? false }
        let busy = owing.isEmpty ? ranks.filter { workers[$0].map { now - $0.worked < rules.exchangePatience } ?? false } : owing
        finished.since = now
        return busy.flatMap { lost($0, .stuck(.progress, seconds: seconds), now) }
    }

    /// Every member has done its part, none can go on, and no link moves a byte: one of the links swallows what it is given. No member owes
    /// anything, so the links are to blame.
    private mutating func standstill(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .running, steps.sent > steps.completed, ranks.count > 1 || !isRing else { return [] }
        let members = ranks.compactMap { workers[$0] }
        // Half the time is enough where the view before broke too, and this one has come no further than one phase, whose sum some had
        // already.
        let patience =
            !links.isAfterBreak || finished.applied > steps.base + 1 ? rules.exchangePatience : rules.exchangePatience / 2
        guard !members.contains(where: owes), now - servers.moved > patience, members.allSatisfy({ now - $0.worked > patience })
        else {
            return []
        }
        let silent = silentLinks()
        let seconds = patience.components.seconds
        let between =
            silent.isEmpty
            ? "all members wait for each other and no gradient link has moved a byte for \(seconds) s"
            : silent.map { link in
                "the gradient link from \(link.from) to \(link.to) stands still: what was written has not arrived for \(seconds) s although both answer"
            }.joined(separator: "; ") + ": what lies between them (a tunnel, a proxy, a firewall) swallows it"
        for link in silent {
            if let number = link.server { servers.blame(number) } else { links.blame(link.pair, isObserved: true) }
        }
        return [.log(.warning, between), .record(.standstill(view: view, cause: between))]
            + dropServers() + regroup(admitting: false, cause: "nothing moved", now)
    }

    /// Links of which one end has written what the other has not read, by the last heartbeats.
    private func silentLinks() -> [(pair: RingOrder.Pair, server: Int?, from: String, to: String)] {
        let here = ranks.map { connection in (workers[connection]?.beat.links ?? []).filter { $0.view == view } }
        let none = LinkProgress()
        return ranks.indices.flatMap { rank -> [(pair: RingOrder.Pair, server: Int?, from: String, to: String)] in
            guard let number = workers[ranks[rank]]?.number else { return [] }
            if isRing {
                let next = (rank + 1) % ranks.count
                guard (here[rank].first ?? none).sent > (here[next].first ?? none).received,
                    let other = workers[ranks[next]]?.number
                else { return [] }
                return [(.init(from: number, to: other), nil, name(ranks[rank]), name(ranks[next]))]
            }
            let pair = RingOrder.Pair(from: number, to: 0)
            return (0..<max(servers.serving.count, 1)).compactMap { part in
                let (own, its) = (here[rank].dropFirst(part).first ?? none, servers.links[part]?[rank] ?? none)
                let (worker, named, outside) = (name(ranks[rank]), serverName(part: part), servers.serving.isEmpty ? nil : part)
                if own.sent > its.received { return (pair, outside, worker, named) }
                return its.sent > own.received ? (pair, outside, named, worker) : nil
            }
        }
    }

    /// A member says that what ends it meets all of them. It is believed when the others say so too; alone it is lost like any other.
    mutating func resign(_ connection: ConnectionID, _ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        guard let worker = workers[connection] else { return [] }
        guard worker.rank != nil || formed.contains(connection), stage != .gathering else {
            return lost(connection, .gaveUp(reason), now)
        }
        guard rules.farewellsAreUnanimous else { return fail(reason) }
        workers[connection]?.resigned = reason
        // It is in no further view, whether it is gone already or not.
        workers[connection]?.standing = .halting
        if resignation == nil { resignation = now }
        return unanimous() ?? []
    }

    /// The reason to end the run, where all who are left of the view say the same.
    func unanimousReason() -> String? {
        let members = formed.compactMap { workers[$0] }
        // Nobody knows what the lost members would have said, so more than half must be there: one of two is not all.
        guard 2 * members.count > formed.count, members.allSatisfy({ $0.resigned != nil }) else { return nil }
        return members.first?.resigned
    }

    private mutating func unanimous() -> [CoordinatorDirective]? { unanimousReason().map { fail($0) } }

    /// The others went on, so those that resigned had reasons of their own.
    private mutating func resignations(_ now: Duration) -> [CoordinatorDirective] {
        guard let since = resignation, now - since > rules.resignationPatience else { return [] }
        resignation = nil
        return workers.keys.sorted().flatMap { connection -> [CoordinatorDirective] in
            guard let reason = workers[connection]?.resigned else { return [] }
            return lost(connection, .gaveUp(reason), now)
        }
    }

    mutating func farewell(
        _ connection: ConnectionID, _ reason: String, _ leaving: Bool, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard let worker = workers[connection] else { return [] }
        if leaving {
            guard !worker.leaving else { return [] }
            workers[connection]?.leaving = true
            let note = CoordinatorDirective.log(
                .info, "\(name(connection)) was asked to leave (\(reason)): it does at the next boundary")
            return [note] + dismissLeaving() + proceed(now)
        }
        // On one machine all workers would meet the same, and nothing is lost yet: the user hears of it as soon as the child has ended.
        if plan.supervised, !hasLed { children.said(worker.identity.pid, "\(name(connection)) cannot go on: \(reason)") }
        return lost(connection, .gaveUp(reason), now)
    }

    /// Dismisses workers that were asked to leave, once another worker or the disk has what they hold.
    mutating func dismissLeaving() -> [CoordinatorDirective] {
        var directives: [CoordinatorDirective] = []
        for connection in workers.keys.sorted() {
            guard let worker = workers[connection], worker.leaving, canBeSpared(worker) else { continue }
            directives += [
                .stop([connection], reason: "it left the run as it was asked to", failed: false),
                .log(.info, "\(name(connection)) has left"),
                .record(.leave(worker: worker.label, host: worker.identity.host, pid: worker.identity.pid, step: steps.completed)),
            ]
            workers[connection] = nil
        }
        return directives
    }

    private func canBeSpared(_ worker: Worker) -> Bool {
        guard worker.standing == .still else { return worker.standing == .preparing }
        if worker.position.isFresh || worker.position.applied <= snapshots.newest * UInt64(plan.phases) { return true }
        return workers.values.contains {
            !$0.leaving && $0.standing == .still && counts($0) && !$0.position.isFresh
                && $0.position.applied >= worker.position.applied
        }
    }

    mutating func closed(_ connection: ConnectionID, _ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        if refused.remove(connection) != nil { return [] }
        if servers[connection] != nil { return lost(server: connection, .closed(reason), now) }
        // A worker that resigned has ended; the others have their time to say the same.
        guard let worker = workers[connection], worker.resigned == nil else { return [] }
        return leftByItself(connection, .closed(reason), now)
    }

    mutating func childExited(_ pid: UInt32, _ end: ChildEnd, _ now: Duration) -> [CoordinatorDirective] {
        children.ended(pid, end)
        if !hasLed { lastSign = now }
        guard plan.supervised, !hasLed, workers.isEmpty || !workers.values.contains(where: { !$0.position.isFresh }),
            !end.isClean, !workers.values.contains(where: { $0.identity.pid == pid })
        else { return [] }
        let words = children.words(of: pid)
        guard case .exited = end.kind else {
            // For a child that had come to the run, its loss is logged.
            guard !children.hasArrived(pid) else { return [] }
            let log = words.map { "; \($0)" } ?? ""
            return [.log(.warning, "the worker process with pid \(pid) ended before it came to the run (\(end.words))\(log)")]
        }
        if let words, !words.hasPrefix(ChildRecords.logWords) { return fail(words) }
        return fail(
            "the worker process with pid \(pid) ended before the run began (\(end.words)); "
                + (words ?? "its log in the run folder says why"))
    }

    mutating func childSaid(_ pid: UInt32, _ words: String) -> [CoordinatorDirective] {
        if plan.supervised, !hasLed { children.logged(pid, words) }
        return []
    }

    /// On one machine the limits of this process are the workers' too.
    private var memoryAdvice: String {
        plan.supervised && !plan.addressLimits.isEmpty ? " (\(plan.addressLimits); raise it)" : ""
    }

    /// Whether the worker answers, brings no state and does not get ready. A stopped process may come back instead.
    private func isUnready(_ connection: ConnectionID, _ now: Duration) -> Bool {
        guard let worker = workers[connection] else { return false }
        return worker.standing == .preparing && !worker.bringsState && now - worker.heard <= Self.silence
    }

    /// The worker came and cannot take part. It is told to end, so that its supervisor starts another, or says that it no longer does.
    private mutating func unready(_ connection: ConnectionID, _ cause: LossCause, _ now: Duration) -> [CoordinatorDirective] {
        let directives = lost(connection, cause, now).filter { $0 != .close(connection) }
        // What it may still say is not listened to; its end closes the connection.
        refused.insert(connection)
        // Its end is a sign too, and is waited for.
        lastSign = now
        return [.stop([connection], reason: "the coordinator has given this worker up: \(cause.words)", failed: true)] + directives
    }

    /// On one machine the started workers come within a moment: if nothing is heard of them for long, nothing ever will be.
    private mutating func nobodyCame(_ now: Duration) -> [CoordinatorDirective] {
        guard plan.supervised, !hasLed, stage == .gathering, let began, now - max(lastSign ?? began, began) > rules.preparation,
            !workers.values.contains(where: { $0.standing == .preparing })
        else { return [] }
        let ready = workers.values.count { $0.standing == .still }
        return fail(
            "\(ready) of \(plan.workers.lowerBound) workers are ready, and of the others nothing was heard for \(rules.preparation.components.seconds) s: their logs in the run folder say what they do\(memoryAdvice)"
        )
    }

    /// Asks again those that were being brought level: the lost worker may have served them, and the transfer may be done or not.
    mutating func askAgain(_ now: Duration) -> [CoordinatorDirective] {
        let unsure = workers.filter { $0.value.standing == .levelling }.keys.sorted()
        guard !unsure.isEmpty else { return [] }
        order += 1
        for connection in unsure {
            workers[connection]?.standing = .halting
            workers[connection]?.order = order
            workers[connection]?.worked = now
        }
        return [.halt(unsure, order: order)]
    }

    /// A worker is gone. If it was a member the others stand still, and go on without it.
    mutating func lost(_ connection: ConnectionID, _ cause: LossCause, _ now: Duration) -> [CoordinatorDirective] {
        guard !hasEnded, let worker = workers[connection] else { return [] }
        let named = name(connection)
        let end = children.end(of: worker.identity.pid)
        let words = cause.words(end)
        let suspicion =
            links.suspicions.first { $0.of == connection }.flatMap {
                workers[$0.by] == nil ? nil : "; \(name($0.by)) had lost its link to it"
            } ?? ""
        let forgotten = forgetSnapshots(from: connection)
        workers[connection] = nil
        if formed.contains(connection) { hasLostMember = true }
        if let reason = unanimousReason() { return fail(reason) }
        let rest = workers.values.count { $0.wasMember && $0.standing != .preparing }
        let outlook: String
        switch (hasLed, rest) {
        case (false, _): outlook = "waiting for another"
        case (true, 0): outlook = "no worker is left, waiting for one"
        case (true, let rest): outlook = "going on with \(Self.counted(rest))"
        }
        let place = hasLed ? "after step \(steps.completed)" : "before the run began"
        var directives: [CoordinatorDirective] = [
            .close(connection), .log(.warning, "lost \(named) \(place): \(words)\(suspicion); \(outlook)"),
            .record(
                .death(
                    worker: worker.label, host: worker.identity.host, pid: worker.identity.pid, rank: worker.rank,
                    step: steps.completed, cause: cause, end: end)),
        ]
        directives += forgotten
        switch stage {
        case .linking, .running:
            guard ranks.contains(connection) else {
                // No new view follows that would see to what it was streaming.
                _ = snapshots.giveUp(from: connection)
                return directives + proceed(now)
            }
            return directives + regroup(admitting: false, cause: "lost \(named)", now)
        case .regrouping:
            return directives + askAgain(now) + settle(now)
        case .gathering: return directives + settle(now)
        case .ended: return directives
        }
    }
}
