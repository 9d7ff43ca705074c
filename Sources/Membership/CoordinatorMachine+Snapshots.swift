/// Copies of the state, and the end that waits for the last of them.
extension CoordinatorMachine {
    /// Asks the lowest-ranked member that has no other copy to send, and sends them quickly, for the state after `step` steps.
    mutating func requestSnapshot(
        after step: UInt64, _ purposes: SnapshotPurposes, _ now: Duration
    ) -> [CoordinatorDirective] {
        let isLast = purposes.union(snapshots.carried).contains(.last)
        let living = ranks.filter { workers[$0] != nil }
        let free = living.first { source in
            !workers[source]!.isLastChoice || isLast || snapshots.coming(from: source).isEmpty
        }
        guard !living.isEmpty, let source = free ?? (snapshots.pending[step] == nil ? nil : living[0]) else {
            // Every member is slow and busy with a copy already: the next boundary serves this.
            if !living.isEmpty { snapshots.postpone(purposes) }
            return []
        }
        // This copy is on its way already: purposes that it does not serve are left to a later copy.
        guard !snapshots.extend(step, purposes) else { return [] }
        // For the last state, a slow source gives up the copies it is still sending.
        let obsolete = workers[source]!.isLastChoice ? snapshots.coming(from: source).filter { $0.key < step } : [:]
        let given = snapshots.ask(
            source, for: step, purposes, insteadOf: obsolete, moved: workers[source]!.beat.moved, at: now)
        return obsolete.keys.sorted().map { .forgetSnapshot(step: $0) } + [.snapshot(source, step: step, purposes: given)]
    }

    /// A source is gone: what it was streaming will not come.
    mutating func forgetSnapshots(from source: ConnectionID) -> [CoordinatorDirective] {
        snapshots.coming(from: source).keys.sorted().map { .forgetSnapshot(step: $0) }
    }

    mutating func periodicCheckpoint(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .running, awaited.isEmpty, !steps.isDone, steps.isAtBoundary, !steps.isIdle || steps.sent > plan.firstStep,
            snapshots.isDue(at: steps.sent, every: plan.checkpointEverySeconds, now)
        else { return [] }
        return requestSnapshot(after: steps.sent, .checkpoint, now)
    }

    /// Copies that the run waits for: all but those that come over a slow uplink.
    var awaited: [UInt64: SnapshotSchedule.Pending] {
        snapshots.pending.filter { $0.value.hasArrived || (workers[$0.value.source].map { !$0.isLastChoice } ?? false) }
    }

    /// A copy that takes long delays nobody, and the next one is asked of another member.
    mutating func slowCopies(_ now: Duration) -> [CoordinatorDirective] {
        snapshots.pending.sorted { $0.key < $1.key }.flatMap { step, asked -> [CoordinatorDirective] in
            guard snapshots.pending[step] != nil, !asked.hasArrived, now - asked.since > rules.copyPatience,
                let source = workers[asked.source],
                !source.isLastChoice
            else { return [] }
            workers[asked.source]?.isLastChoice = true
            // The source is busy with the newest copy; the next boundary serves what the others were for.
            let newest = snapshots.coming(from: asked.source).keys.max() ?? step
            return giveUp(from: asked.source, before: newest) + [
                .log(
                    .info,
                    "the state after step \(step) takes long to come from \(name(asked.source)): its host or its uplink is slow; the run goes on meanwhile, and further copies are asked of others where there are any"
                )
            ]
        }
    }

    /// Copies of earlier steps that the source has not sent and will not: what they were for, the next boundary serves.
    private mutating func giveUp(from source: ConnectionID, before step: UInt64) -> [CoordinatorDirective] {
        snapshots.giveUp(from: source, before: step).map { .forgetSnapshot(step: $0) }
    }

    /// A copy has come in: its source is not responsible for what it waits for now.
    mutating func arrived(_ step: UInt64, _ now: Duration) -> [CoordinatorDirective] {
        guard let asked = snapshots.arrived(step, at: now) else { return [] }
        if now - asked.since <= rules.copyPatience { workers[asked.source]?.isLastChoice = false }
        // Its copies come one after the other.
        return giveUp(from: asked.source, before: step)
    }

    /// Tells the user, who waits for the end of the run, the reason.
    mutating func slowEnd(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .running, steps.completed >= steps.goal, let asked = snapshots.pending[steps.completed],
            now - asked.since > rules.endPatience,
            !asked.isSaid
        else { return [] }
        snapshots.isSaid(steps.completed)
        guard !asked.hasArrived else {
            return [
                .log(
                    .info,
                    "the state after step \(steps.completed), the last one, is here and waits for the disk, or for the evaluation of an earlier one: the run ends when it is stored"
                )
            ]
        }
        guard let source = workers[asked.source] else { return [] }
        let rate = Int(Double(source.beat.moved &- asked.before) / ((now - asked.since) / .milliseconds(1)))
        var way = ""
        if stop.reason != nil {
            let rest =
                hasCheckpoint
                ? "and `lockstep resume \(plan.runName)` goes on from step \(snapshots.newest)" : "without a checkpoint"
            way = "; a second Control-C ends it at once, \(rest)"
        }
        return [
            .log(
                .info,
                "the state after step \(steps.completed), the last one, is on its way from \(name(asked.source)), with \(rate) kB/s so far: the run ends when it is here"
                    + way)
        ]
    }

    /// Every step is done: make sure that the last state reaches the disk, then end.
    mutating func closeDown(_ now: Duration) -> [CoordinatorDirective] {
        let wanted: SnapshotPurposes =
            steps.completed >= plan.lastStep ? plan.purposes(after: steps.completed) : [.checkpoint, .last]
        var due = wanted.subtracting(snapshots.purposes(servedAt: steps.completed) ?? []).subtracting(.last)
        if snapshots.newest == steps.completed { due.remove(.checkpoint) }
        if due.isEmpty { return awaited.isEmpty ? endRun() : [] }
        return snapshots.pending[steps.completed] == nil ? requestSnapshot(after: steps.completed, due.union(.last), now) : []
    }

    private mutating func endRun() -> [CoordinatorDirective] {
        enter(.ended)
        guard steps.completed < plan.lastStep else {
            return [.stop(everybody, reason: "the run is done", failed: false), .end(.finished(step: steps.completed))]
        }
        let reason = stop.words
        return [
            .stop(everybody, reason: "the run was stopped after step \(steps.completed) (\(reason))", failed: false),
            .end(.stopped(step: steps.completed, reason: reason)),
        ]
    }

    /// A snapshot is where it was wanted, for these purposes (nil: for all it was asked for).
    mutating func stored(_ step: UInt64, _ purposes: SnapshotPurposes?, _ now: Duration) -> [CoordinatorDirective] {
        let given = arrived(step, now)
        // A copy of an earlier step that comes in finishes no step: a requested stop does not wait for it.
        if !stop.isAsked || steps.isDone { progressed = now }
        snapshots.stored(step, purposes, at: now, memory: 8 * Self.window)
        return given + proceed(now)
    }

    mutating func snapshotFailed(_ step: UInt64, _ reason: String) -> [CoordinatorDirective] {
        guard !hasEnded, snapshots.pending[step] != nil else { return [] }
        let rest =
            hasCheckpoint
            ? "the older checkpoints are kept, and `lockstep resume \(plan.runName)` goes on from the newest"
            : "there is no older checkpoint, and `lockstep resume \(plan.runName)` begins at the start"
        return fail("the state after step \(step) could not be stored: \(reason); \(rest)")
    }

    mutating func stopRequested(_ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        guard !stop.isAsked else { return [] }
        stop.ask(reason, at: now)
        switch stage {
        case .ended: return []
        case .gathering: return settle(now)
        case .regrouping, .linking:
            // The view that comes sets the goal at the boundary it can reach.
            if stage != .regrouping { steps.endAtBoundary(from: steps.base, last: plan.lastStep) }
            return [
                .log(.info, "\(reason): the workers are finding each other again; the next step is finished, then a checkpoint")
            ]
        case .running:
            guard steps.completed < steps.goal else { return [] }
            steps.endSoon()
            let note = CoordinatorDirective.log(.info, "\(reason): finishing step \(steps.goal), then a checkpoint")
            if steps.completed == steps.sent { return [note] + refill(now) }
            return [note] + requestSnapshot(after: steps.sent, [.checkpoint, .last], now)
        }
    }

    /// The run was asked to stop, and nothing gets finished. The worker that is furthest finishes its step alone, for which it needs no
    /// link, and nobody who does not answer is waited for. The bits are the same.
    mutating func finishAlone(_ now: Duration) -> [CoordinatorDirective] {
        guard stop.hasWaited(rules.stopPatience, since: progressed, now) else { return [] }
        // As long as somebody computes, the step is finished sooner without this.
        if stage == .running, ranks.contains(where: { workers[$0].map { now - $0.worked < rules.stopPatience } ?? false }) {
            return []
        }
        switch stage {
        case .ended: return []
        case .gathering, .regrouping:
            guard !stop.finishesAlone else { return [] }
            stop.finishAlone(at: now)
            let late = workers.filter { $0.value.bringsState }.keys.sorted()
            return late.flatMap { lost($0, .late, now) } + settle(now)
        case .linking, .running:
            guard !stop.finishesAlone, ranks.count > 1 || !isRing, steps.completed < steps.goal || stage != .running else {
                return []
            }
            return finishesWithOne(now)
                + regroup(admitting: false, cause: "asked to stop while nothing moved", now)
        }
    }

    mutating func finishesWithOne(_ now: Duration) -> [CoordinatorDirective] {
        stop.finishAlone(at: now)
        return [.log(.info, "nothing moves: one worker finishes the step alone", about: .finishesAlone)]
    }

    /// Ends a run that was asked to stop while no worker holds anything that the disk does not.
    mutating func endStopped() -> [CoordinatorDirective] {
        enter(.ended)
        return recordUpTo(snapshots.newest) + [
            .stop(everybody, reason: stop.words, failed: false),
            .end(.stopped(step: snapshots.newest, reason: stop.words)),
        ]
    }
}
