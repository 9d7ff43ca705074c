/// Copies of the state, and the end that waits for the last of them.
extension CoordinatorMachine {
    /// Asks the lowest-ranked member that has no other copy to send, and sends them quickly, for the state after `step` steps.
    mutating func requestSnapshot(
        after step: UInt64, _ purposes: SnapshotPurposes, _ now: Duration
    ) -> [CoordinatorDirective] {
        let purposes = purposes.union(carried)
        let living = ranks.filter { workers[$0] != nil }
        let free = living.first { source in
            !workers[source]!.isLastChoice || purposes.contains(.last) || coming(from: source).isEmpty
        }
        guard !living.isEmpty, let source = free ?? (pending[step] == nil ? nil : living[0]) else {
            // Everybody is slow and at one already: the next boundary serves it.
            if !living.isEmpty { carried = purposes.subtracting(.last) }
            return []
        }
        carried = []
        // It is on its way already: what it does not serve is asked for when it is there.
        guard pending[step] == nil else {
            pending[step]?.purposes.formUnion(purposes)
            return []
        }
        // A slow source gives up what it is at for the last state.
        let obsolete = workers[source]!.isLastChoice ? coming(from: source).filter { $0.key < step } : [:]
        for earlier in obsolete.keys { pending[earlier] = nil }
        let given = obsolete.values.reduce(purposes) { $0.union($1.purposes) }
        pending[step] = Pending(purposes: given, source: source, since: now, before: workers[source]!.beat.moved)
        return obsolete.keys.sorted().map { .forgetSnapshot(step: $0) } + [.snapshot(source, step: step, purposes: given)]
    }

    /// Copies that the source has yet to send, or is sending.
    private func coming(from source: ConnectionID) -> [UInt64: Pending] {
        pending.filter { $0.value.source == source && !$0.value.hasArrived }
    }

    /// At the start of a view: which of the snapshots asked for in the last one will still come.
    ///
    /// A request that its source had not reached when it was halted is gone. What lies behind this boundary is asked for
    /// again on the way; what lies before it is served by the next boundary.
    mutating func settlePending(_ applied: UInt64) {
        for (step, asked) in pending where !asked.hasArrived {
            // Where the same step was asked for before, its source cannot be known to have come to the second request.
            if let source = workers[asked.source], source.position.copied >= step, served[step] == nil { continue }
            pending[step] = nil
            if step * UInt64(plan.phases) <= applied { carried.formUnion(asked.purposes) }
        }
    }

    /// A source is gone: what it was streaming will not come.
    mutating func forgetSnapshots(from source: ConnectionID) -> [CoordinatorDirective] {
        coming(from: source).keys.sorted().map { .forgetSnapshot(step: $0) }
    }

    /// The next boundary serves what a source that stood aside took with it.
    mutating func carrySnapshots(from source: ConnectionID) {
        for (step, asked) in coming(from: source) {
            pending[step] = nil
            carried.formUnion(asked.purposes.subtracting(.last))
        }
    }

    mutating func periodicCheckpoint(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .running, plan.checkpointEverySeconds > 0, awaited.isEmpty, completed < goal, isAtBoundary,
            sent > completed || sent > plan.firstStep, now - lastCheckpoint >= .seconds(plan.checkpointEverySeconds)
        else { return [] }
        lastCheckpoint = now
        guard served[sent] == nil else { return [] }
        return requestSnapshot(after: sent, .checkpoint, now)
    }

    /// Copies that the run waits for: one that comes over a slow uplink it does not.
    var awaited: [UInt64: Pending] {
        pending.filter { $0.value.hasArrived || (workers[$0.value.source].map { !$0.isLastChoice } ?? false) }
    }

    /// A copy that does not come for long holds nobody up, and the next is asked of another.
    mutating func slowCopies(_ now: Duration) -> [CoordinatorDirective] {
        pending.sorted { $0.key < $1.key }.flatMap { step, asked -> [CoordinatorDirective] in
            guard pending[step] != nil, !asked.hasArrived, now - asked.since > rules.copyPatience,
                let source = workers[asked.source],
                !source.isLastChoice
            else { return [] }
            workers[asked.source]?.isLastChoice = true
            // It is at the newest of them; what else it was asked for, the next boundary serves.
            let newest = coming(from: asked.source).keys.max() ?? step
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
        let given = coming(from: source).filter { $0.key < step }
        for (earlier, asked) in given {
            pending[earlier] = nil
            carried.formUnion(asked.purposes.subtracting(.last))
        }
        return given.keys.sorted().map { .forgetSnapshot(step: $0) }
    }

    /// A copy has come in: what it waits for now is no matter of its source.
    mutating func arrived(_ step: UInt64, _ now: Duration) -> [CoordinatorDirective] {
        guard let asked = pending[step], !asked.hasArrived else { return [] }
        pending[step]?.hasArrived = true
        // For whoever waits for it, what comes now begins now.
        pending[step]?.since = now
        if now - asked.since <= rules.copyPatience { workers[asked.source]?.isLastChoice = false }
        // Its copies come one after the other.
        return giveUp(from: asked.source, before: step)
    }

    /// Whoever waits for the end of the run hears for what.
    mutating func slowEnd(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .running, completed >= goal, let asked = pending[completed], now - asked.since > rules.endPatience,
            !asked.isSaid
        else { return [] }
        pending[completed]?.isSaid = true
        guard !asked.hasArrived else {
            return [
                .log(
                    .info,
                    "the state after step \(completed), the last one, is here and waits for the disk, or for the evaluation of an earlier one: the run ends when it is stored"
                )
            ]
        }
        guard let source = workers[asked.source] else { return [] }
        let rate = Int(Double(source.beat.moved &- asked.before) / ((now - asked.since) / .milliseconds(1)))
        var way = ""
        if stopReason != nil {
            let rest =
                hasCheckpoint
                ? "and `lockstep resume \(plan.runName)` goes on from step \(newestCheckpoint)" : "without a checkpoint"
            way = "; a second Control-C ends it at once, \(rest)"
        }
        return [
            .log(
                .info,
                "the state after step \(completed), the last one, is on its way from \(name(asked.source)), with \(rate) kB/s so far: the run ends when it is here"
                    + way)
        ]
    }

    /// Every step is done: make sure that the last state reaches the disk, then end.
    mutating func closeDown(_ now: Duration) -> [CoordinatorDirective] {
        let wanted: SnapshotPurposes = completed >= plan.lastStep ? plan.purposes(after: completed) : [.checkpoint, .last]
        var due = wanted.subtracting(served[completed] ?? []).subtracting(.last)
        if newestCheckpoint == completed { due.remove(.checkpoint) }
        if due.isEmpty { return awaited.isEmpty ? endRun() : [] }
        return pending[completed] == nil ? requestSnapshot(after: completed, due.union(carried).union(.last), now) : []
    }

    private mutating func endRun() -> [CoordinatorDirective] {
        stage = .ended
        guard completed < plan.lastStep else {
            return [.stop(everybody, reason: "the run is done", failed: false), .end(.finished(step: completed))]
        }
        let reason = stopReason ?? "asked to stop"
        return [
            .stop(everybody, reason: "the run was stopped after step \(completed) (\(reason))", failed: false),
            .end(.stopped(step: completed, reason: reason)),
        ]
    }

    /// A snapshot is where it was wanted, for these purposes (nil: for all it was asked for).
    mutating func stored(_ step: UInt64, _ purposes: SnapshotPurposes?, _ now: Duration) -> [CoordinatorDirective] {
        let given = arrived(step, now)
        let asked = pending.removeValue(forKey: step)
        // A copy of an earlier step that comes in brings no step to its end: whoever asked to stop is not to wait for it.
        if stopReason == nil || completed >= goal { progressed = now }
        let purposes = purposes ?? asked?.purposes ?? []
        if purposes.contains(.checkpoint) {
            lastCheckpoint = now
            newestCheckpoint = max(newestCheckpoint, step)
        }
        served = served.filter { $0.key + 8 * Self.window > step }
        served[step, default: []].formUnion(purposes)
        carried.formUnion((asked?.purposes ?? []).subtracting(purposes).subtracting(.last))
        return given + proceed(now)
    }

    mutating func snapshotFailed(_ step: UInt64, _ reason: String) -> [CoordinatorDirective] {
        guard !hasEnded, pending[step] != nil else { return [] }
        let rest =
            hasCheckpoint
            ? "the older checkpoints are kept, and `lockstep resume \(plan.runName)` goes on from the newest"
            : "there is no older checkpoint, and `lockstep resume \(plan.runName)` begins at the start"
        return fail("the state after step \(step) could not be stored: \(reason); \(rest)")
    }

    mutating func stopRequested(_ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        guard stopReason == nil else { return [] }
        stopReason = reason
        stopAsked = now
        switch stage {
        case .ended: return []
        case .gathering: return settle(now)
        case .regrouping, .linking:
            // The view that comes sets the goal at the boundary it can reach.
            if stage != .regrouping { goal = min(plan.lastStep, (base + UInt64(plan.phases) - 1) / UInt64(plan.phases)) }
            return [
                .log(.info, "\(reason): the workers are finding each other again; the next step is finished, then a checkpoint")
            ]
        case .running:
            guard completed < goal else { return [] }
            goal = isAtBoundary ? sent : sent + 1
            let note = CoordinatorDirective.log(.info, "\(reason): finishing step \(goal), then a checkpoint")
            if completed == sent { return [note] + refill(now) }
            return [note] + requestSnapshot(after: sent, [.checkpoint, .last], now)
        }
    }

    /// Asked to stop, and nothing gets finished: whoever is furthest finishes its step alone, for which it needs no link, and nobody
    /// is waited for who does not answer. The bits are the same.
    mutating func finishAlone(_ now: Duration) -> [CoordinatorDirective] {
        guard stopReason != nil, now - max(stopAsked, progressed) > rules.stopPatience else { return [] }
        // As long as somebody computes, the step comes to its end sooner so.
        if stage == .running, ranks.contains(where: { workers[$0].map { now - $0.worked < rules.stopPatience } ?? false }) {
            return []
        }
        switch stage {
        case .ended: return []
        case .gathering, .regrouping:
            guard !finishesAlone else { return [] }
            (finishesAlone, alone) = (true, now)
            let late = workers.filter { $0.value.bringsState }.keys.sorted()
            return late.flatMap { lost($0, .late, now) } + settle(now)
        case .linking, .running:
            guard !finishesAlone, ranks.count > 1 || !isRing, completed < goal || stage != .running else { return [] }
            return finishesWithOne(now)
                + regroup(admitting: false, cause: "asked to stop while nothing moved", now)
        }
    }

    mutating func finishesWithOne(_ now: Duration) -> [CoordinatorDirective] {
        (finishesAlone, alone) = (true, now)
        return [.log(.info, "nothing moves: one worker finishes the step alone")]
    }

    /// Asked to stop while no worker holds anything that the disk does not.
    mutating func endStopped() -> [CoordinatorDirective] {
        stage = .ended
        return recordUpTo(newestCheckpoint) + [
            .stop(everybody, reason: stopReason ?? "asked to stop", failed: false),
            .end(.stopped(step: newestCheckpoint, reason: stopReason ?? "asked to stop")),
        ]
    }
}
