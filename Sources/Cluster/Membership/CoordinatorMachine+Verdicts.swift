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
    /// Building a replica and probing its products takes time that no heartbeat covers.
    public static let preparation: Duration = .seconds(120)

    /// One member's word against another.
    struct Suspicion: Sendable {
        var by: ConnectionID
        var of: ConnectionID?
        var pair: RingOrder.Pair
        var dialling: Bool
        var sentence: String
    }

    mutating func heartbeat(_ connection: ConnectionID, _ beat: Beat, _ now: Duration) -> [CoordinatorDirective] {
        guard let worker = workers[connection] else { return [] }
        if beat != worker.beat { workers[connection]?.worked = now }
        workers[connection]?.beat = beat
        guard stage == .running, beat.view == view, beat.applied > base, let since = regrouping else { return [] }
        regrouping = nil
        let milliseconds = (now - since.since).milliseconds
        return [.record(.goesOn(view: view, milliseconds: milliseconds, cause: since.cause))]
    }

    mutating func tick(_ now: Duration) -> [CoordinatorDirective] {
        defer { lastTick = now }
        if let lastTick, now - lastTick > Self.lateTick {
            for connection in workers.keys {
                workers[connection]?.heard = now
                workers[connection]?.worked = now
            }
            if case .linking = stage { stage = .linking(since: now) }
            return [.log(.warning, "the coordinator itself stood still for \(now - lastTick); nobody is judged by that time")]
        }
        var directives: [CoordinatorDirective] = []
        for connection in workers.keys.sorted() {
            guard let reason = verdict(on: connection, now) else { continue }
            directives += lost(connection, reason, now)
        }
        if case .linking(let since) = stage, now - since > Self.linkPatience {
            for connection in ranks where workers[connection]?.standing == .linking {
                directives += lost(connection, "its gradient links did not come up within \(Self.linkPatience)", now)
            }
        }
        return directives + periodicCheckpoint(now) + proceed(now)
    }

    /// Why this worker is given up, or nil.
    private func verdict(on connection: ConnectionID, _ now: Duration) -> String? {
        guard let worker = workers[connection] else { return nil }
        let limit = worker.standing == .preparing && !worker.bringsState ? Self.preparation : Self.silence
        if now - worker.heard > limit {
            return "it has been silent for \((now - worker.heard).components.seconds) s (stopped, swapped out or cut off)"
        }
        let idle = now - worker.worked
        let seconds = idle.components.seconds
        switch worker.standing {
        case .linked where owes(worker) && idle > Self.standstill:
            return "it answers but has computed nothing for \(seconds) s"
        case .halting where idle > Self.standstill:
            return "it was asked to stand still and has not said where for \(seconds) s"
        case .levelling where idle > Self.levelPatience:
            return "it is being brought level and has moved nothing for \(seconds) s"
        default: return nil
        }
    }

    /// It has images to work on, its own part of the phase is not complete, and nobody else holds it up.
    private func owes(_ worker: Worker) -> Bool {
        stage == .running && worker.beat.applied < sent * UInt64(plan.phases) && worker.beat.contributed <= worker.beat.applied
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
        // On one machine all workers would meet it, and nothing is lost yet: its user wants to hear it at once.
        if plan.supervised, !hasLed, !workers.values.contains(where: { !$0.position.isFresh }) {
            return fail("\(name(connection)) cannot go on: \(reason)")
        }
        return lost(connection, "it cannot go on: \(reason)", now)
    }

    /// Lets those go who were asked to leave, once somebody else, or the disk, has what they have.
    mutating func dismissLeaving() -> [CoordinatorDirective] {
        var directives: [CoordinatorDirective] = []
        for connection in workers.keys.sorted() {
            guard let worker = workers[connection], worker.leaving, canBeSpared(worker) else { continue }
            directives += [
                .stop([connection], reason: "it left the run as it was asked to", failed: false),
                .log(.info, "\(name(connection)) has left"),
                .record(.leave(worker: worker.number, host: worker.identity.host, pid: worker.identity.pid, step: completed)),
            ]
            workers[connection] = nil
        }
        return directives
    }

    private func canBeSpared(_ worker: Worker) -> Bool {
        guard worker.standing == .still else { return worker.standing == .preparing }
        if worker.position.isFresh || worker.position.applied <= newestCheckpoint * UInt64(plan.phases) { return true }
        return workers.values.contains {
            !$0.leaving && $0.standing == .still && !$0.position.isFresh && $0.position.applied >= worker.position.applied
        }
    }

    mutating func closed(_ connection: ConnectionID, _ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        if refused.remove(connection) != nil { return [] }
        guard workers[connection] != nil else { return [] }
        return lost(connection, reason, now)
    }

    mutating func childExited(_ pid: UInt32, _ cause: String) -> [CoordinatorDirective] {
        causes[pid] = cause
        guard plan.supervised, !hasLed, workers.isEmpty || !workers.values.contains(where: { !$0.position.isFresh }),
            cause.hasPrefix("exit status"), cause != "exit status 0", !workers.values.contains(where: { $0.identity.pid == pid })
        else { return [] }
        return fail("the worker process with pid \(pid) ended before the run began (\(cause)); its log in the run folder says why")
    }

    /// Whoever was being brought level may have been so by the lost one, and may stand at either end of the transfer by now.
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
    mutating func lost(_ connection: ConnectionID, _ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        guard !hasEnded, let worker = workers[connection] else { return [] }
        let named = name(connection)
        let cause = causes[worker.identity.pid].map { ", \($0)" } ?? ""
        let suspicion =
            suspicions.first { $0.of == connection }.flatMap {
                workers[$0.by] == nil ? nil : "; \(name($0.by)) had lost its link to it"
            } ?? ""
        let forgotten = forgetSnapshots(from: connection)
        workers[connection] = nil
        if formed.contains(connection) { hasLostMember = true }
        let rest = workers.values.count { $0.wasMember && $0.standing != .preparing }
        let outlook: String
        switch (hasLed, rest) {
        case (false, _): outlook = "waiting for another"
        case (true, 0): outlook = "no worker is left, waiting for one"
        case (true, let rest): outlook = "going on with \(Self.counted(rest))"
        }
        let place = hasLed ? "after step \(completed)" : "before the run began"
        var directives: [CoordinatorDirective] = [
            .close(connection), .log(.warning, "lost \(named) \(place): \(reason)\(cause)\(suspicion); \(outlook)"),
            .record(
                .death(
                    worker: worker.number, host: worker.identity.host, pid: worker.identity.pid, rank: worker.rank,
                    step: completed, cause: reason + cause)),
        ]
        directives += forgotten
        switch stage {
        case .linking, .running:
            guard ranks.contains(connection) else {
                // No new view follows that would see to what it was streaming.
                carrySnapshots(from: connection)
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
