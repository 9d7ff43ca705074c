/// Who is dead, since when, and of what.
extension CoordinatorMachine {
    /// A heartbeat is due every second; after three missed ones a peer is silent.
    public static let silence: Duration = .seconds(4)
    /// A worker that owes a contribution and whose work counter stands still so long is stuck.
    public static let standstill: Duration = .seconds(8)
    /// How long the links of a view may take to come up.
    public static let linkPatience: Duration = .seconds(20)
    /// A monitor that itself comes so late restarts its clocks instead of judging.
    public static let lateTick: Duration = .seconds(2)
    /// Building a replica and probing its products takes time that no heartbeat covers.
    public static let preparation: Duration = .seconds(120)

    /// One member's word against another.
    struct Suspicion: Sendable {
        var by: ConnectionID
        var of: ConnectionID?
        var reason: String
    }

    mutating func heartbeat(
        _ connection: ConnectionID, _ work: UInt64, _ applied: UInt64, _ contributed: UInt64, _ now: Duration
    ) {
        guard let worker = workers[connection] else { return }
        if work != worker.work || applied != worker.applied || contributed != worker.contributed {
            workers[connection]?.worked = now
        }
        workers[connection]?.work = work
        workers[connection]?.applied = applied
        workers[connection]?.contributed = contributed
    }

    mutating func tick(_ now: Duration) -> [CoordinatorDirective] {
        defer { lastTick = now }
        guard !hasEnded else { return [] }
        if let lastTick, now - lastTick > Self.lateTick {
            for connection in workers.keys {
                workers[connection]?.heard = now
                workers[connection]?.worked = now
            }
            return [.log(.warning, "the coordinator itself stood still for \(now - lastTick); nobody is judged by that time")]
        }
        for (connection, worker) in workers.sorted(by: { $0.key < $1.key }) {
            let limit = worker.standing == .preparing ? Self.preparation : Self.silence
            if now - worker.heard > limit {
                return lost(
                    connection,
                    "it has been silent for \((now - worker.heard).components.seconds) s (stopped, swapped out or cut off)", now)
            }
            if owes(worker), now - worker.worked > Self.standstill {
                return lost(
                    connection, "it answers but has computed nothing for \((now - worker.worked).components.seconds) s", now)
            }
        }
        if case .linking(let since) = stage, now - since > Self.linkPatience {
            let missing = ranks.filter { workers[$0]?.standing != .linked }.map(name).joined(separator: ", ")
            return fail(
                "the gradient links of \(missing) did not come up within \(Self.linkPatience); check that the workers can dial each other, or use --topology server"
            )
        }
        return formIfEnough(now) + periodicCheckpoint(now)
    }

    /// It has images to work on, its own part of the phase is not complete, and nobody else holds it up.
    func owes(_ worker: Worker) -> Bool {
        guard stage == .running || isDraining, worker.standing == .linked else { return false }
        return worker.applied < sent * UInt64(plan.phases) && worker.contributed <= worker.applied
    }

    var isDraining: Bool { if case .draining = stage { true } else { false } }

    mutating func periodicCheckpoint(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .running, plan.checkpointEverySeconds > 0, pending.isEmpty, sent > completed || sent > plan.firstStep,
            now - lastCheckpoint >= .seconds(plan.checkpointEverySeconds)
        else { return [] }
        lastCheckpoint = now
        guard !storedSteps.contains(sent) else { return [] }
        return requestSnapshot(after: sent, .checkpoint)
    }

    mutating func farewell(
        _ connection: ConnectionID, _ reason: String, _ leaving: Bool, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard workers[connection] != nil, !hasEnded else { return [] }
        if leaving { return stopRequested("\(name(connection)) was asked to leave (\(reason))", now) }
        // Before the run one worker's trouble (a port taken, memory short) is its own: another may take its place.
        if !plan.supervised, stage == .gathering { return lost(connection, "it cannot go on: \(reason)", now) }
        return fail("\(name(connection)) cannot go on: \(reason)")
    }

    mutating func closed(_ connection: ConnectionID, _ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        if refused.remove(connection) != nil { return [] }
        guard workers[connection] != nil else { return [] }
        return lost(connection, reason, now)
    }

    mutating func childExited(_ pid: UInt32, _ cause: String, _ now: Duration) -> [CoordinatorDirective] {
        causes[pid] = cause
        guard plan.supervised, !hasEnded, case .gathering = stage else { return [] }
        guard !workers.values.contains(where: { $0.identity.pid == pid }) else { return [] }
        return fail("the worker process with pid \(pid) ended before the run began (\(cause)); its log in the run folder says why")
    }

    /// A member is gone. Before the run it is replaced by whoever comes next; in a run this version stops with a sentence.
    mutating func lost(_ connection: ConnectionID, _ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        guard !hasEnded, let worker = workers[connection] else { return [] }
        let named = name(connection)
        let wasMember = ranks.contains(connection)
        let cause = causes[worker.identity.pid].map { ", \($0)" } ?? ""
        workers[connection] = nil
        switch stage {
        case .ended: return []
        case .gathering where !plan.supervised, .linking where !plan.supervised && wasMember:
            stage = .gathering
            ranks = []
            for other in workers.keys where workers[other]?.standing == .linked { workers[other]?.standing = .ready }
            return [
                .close(connection), .log(.warning, "lost \(named) before the run began: \(reason)\(cause); waiting for another"),
            ]
                + formIfEnough(now)
        case .closing:
            // The steps are done and every member has the state: another is asked where the lost one was the source.
            guard snapshotSource == connection, !pending.isEmpty else { return [.close(connection)] }
            guard let next = ranks.first(where: { workers[$0] != nil }) else { break }
            snapshotSource = next
            let again = pending.filter { $0.key == completed }.map {
                CoordinatorDirective.snapshot(next, step: $0.key, purposes: $0.value)
            }
            pending = pending.filter { $0.key == completed }
            return [
                .close(connection),
                .log(.warning, "lost \(named): \(reason)\(cause); \(name(next)) is asked for the state instead"),
            ]
                + again + endIfStored()
        default: break
        }
        let suspicion = suspicions.first { $0.of == connection }.map { "; \(name($0.by)) had lost its link to it" } ?? ""
        return [.close(connection)]
            + fail(
                "lost \(named) after step \(completed): \(reason)\(cause)\(suspicion); the newest checkpoint is whole, "
                    + "`lockstep resume \(plan.runName)` goes on from it")
    }
}
