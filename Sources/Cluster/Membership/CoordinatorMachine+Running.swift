/// Steps and what the books say of them.
extension CoordinatorMachine {
    /// After so many steps a view's links are sound: single failures of before are forgotten, so that they do not add up over
    /// the weeks of a long run.
    static let soundSteps: UInt64 = 16

    /// Sends batches up to the window, each boundary's snapshot request right behind its batch; or makes a boundary, where
    /// somebody waits for one.
    mutating func refill(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .running else { return [] }
        if completed >= goal { return closeDown(now) }
        var ahead = Self.window
        if let cause = pauseCause(now) {
            guard completed == sent else { return [] }
            if isAtBoundary { return pause(cause, now) }
            ahead = 1  // the view began within a step, which is finished first
        }
        let wereIdle = sent == completed
        var directives: [CoordinatorDirective] = []
        while sent < goal, sent < completed + ahead, awaited.count <= Self.pendingSnapshots {
            directives.append(.batch(step: sent))
            sent += 1
            var purposes = plan.purposes(after: sent)
            // Of the step that a stop waits for one copy serves the plan and the end: a second one would cost as long again.
            if !purposes.isEmpty, stopReason != nil, sent == goal { purposes.formUnion([.checkpoint, .last]) }
            if !purposes.isEmpty || !carried.isEmpty { directives += requestSnapshot(after: sent, purposes, now) }
        }
        // Whoever had nothing to do begins to owe something now.
        if wereIdle, sent > completed { for rank in ranks { workers[rank]?.worked = now } }
        return directives
    }

    /// The last batch sent ends at a boundary that this view has or will have: it may have begun within a step.
    var isAtBoundary: Bool { sent * UInt64(plan.phases) >= base }

    /// Why no further batch is sent: somebody wants to come in or to leave.
    private func pauseCause(_ now: Duration) -> String? {
        if finishesAlone { return nil }
        if workers.values.contains(where: { $0.leaving && $0.rank != nil }) { return "a worker leaves" }
        if !owesStep, workers.values.contains(where: { canBeTakenIn($0, now) }) { return "a worker joins" }
        if !owesStep, serverJoins { return "a summation server joins" }
        return shouldRetryRing(now) ? "the ring is tried again" : nil
    }

    /// Views before this one broke without a step, and this one has not made one yet. A newcomer is sent the whole state first, over a link that may
    /// be slow, while everybody waits who has waited long already: it comes in behind the next step.
    private var owesStep: Bool { barren > 0 && completed * UInt64(plan.phases) <= base }

    /// A newcomer, and not one who stands aside for want of a neighbour.
    private func canBeTakenIn(_ worker: Worker, _ now: Duration) -> Bool {
        guard worker.standing == .still, !worker.leaving, worker.aside.map({ $0.until <= now }) ?? true else { return false }
        // The summation server takes whoever can reach it.
        if plan.ring, !isRing || !cannotServe { return !isBarredFromServer(worker) }
        let here = Set(workers.values.map(\.number) + [0])  // 0: the summation server
        return !failures.contains { pair, count in
            count >= rules.pairPatience && (pair.from == worker.number || pair.to == worker.number)
                && here.contains(pair.from) && here.contains(pair.to)
        }
    }

    private func isBarredFromServer(_ worker: Worker) -> Bool {
        failures[.init(from: worker.number, to: 0), default: 0] >= rules.pairPatience
    }

    /// Everybody stands still at a boundary.
    private mutating func pause(_ cause: String, _ now: Duration) -> [CoordinatorDirective] {
        if shouldRetryRing(now) { (failures, barren) = ([:], 0) }
        let staying = workers.values.contains { !$0.leaving && ($0.standing == .still || $0.standing == .linked) }
        if !staying, newestCheckpoint < completed {
            // The last replica leaves with all there is: first it goes to the disk.
            return pending[completed] == nil ? requestSnapshot(after: completed, .checkpoint, now) : []
        }
        return regroup(admitting: true, cause: cause, now)
    }

    mutating func report(
        _ connection: ConnectionID, _ number: UInt64, _ step: UInt64, _ chain: UInt64, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard let worker = workers[connection] else { return [] }
        guard worker.wasMember else {
            if told.count < Self.maximumChains { told.append((step, chain, connection)) }
            return []
        }
        if let first = chains[step] {
            guard first.chain == chain else {
                return fail(
                    "after step \(step) the sums of \(name(connection)) differ from those of \(first.from): one of the "
                        + "two computes or remembers wrongly; the weights since the newest checkpoint are not to be trusted, "
                        + "resume without that host")
            }
        } else if chains.count < Self.maximumChains {
            chains[step] = (chain, name(connection))
        }
        // Of an earlier view, or from before this coordinator: it tells the chain, no more.
        guard number == view, worker.rank != nil, worker.standing == .linked || worker.standing == .halting else { return [] }
        guard step == worker.reported, step < sent else {
            return protocolViolation(connection, "report of step \(step) where \(worker.reported) was due")
        }
        workers[connection]?.reported = step + 1
        workers[connection]?.worked = now
        guard stage == .running, ranks.allSatisfy({ workers[$0].map { $0.reported > step } ?? false }) else { return [] }
        completed = step + 1
        haveMoved()
        progressed = now
        if completed == base / UInt64(plan.phases) + Self.soundSteps { linksAreSound() }
        return recordUpTo(completed) + refill(now)
    }

    /// Chains held of steps that are not in the books yet: the window, and what workers tell a new coordinator.
    private static let maximumChains = 512

    /// Enters the steps before `step` into the books, those whose chain hash is known.
    ///
    /// Nothing is counted from one claimed step to another: a claim may be far off.
    mutating func recordUpTo(_ step: UInt64) -> [CoordinatorDirective] {
        guard step > recorded else { return [] }
        var known = chains.mapValues(\.chain)
        for word in told where known[word.step] == nil && workers[word.by]?.rank != nil { known[word.step] = word.chain }
        let directives = known.filter { (recorded..<step).contains($0.key) }.sorted { $0.key < $1.key }.map {
            CoordinatorDirective.stepDone(step: $0.key, view: view, workers: max(lastWorld, 1), chain: $0.value)
        }
        recorded = step
        if let last = known.keys.filter({ $0 < step }).max() { entered = max(entered, last + 1) }
        chains = chains.filter { $0.key + 4 * Self.window >= step }
        told = told.filter { workers[$0.by] != nil && $0.step >= step }
        return directives
    }

    func protocolViolation(_ connection: ConnectionID, _ what: String) -> [CoordinatorDirective] {
        guard workers[connection] != nil, !hasEnded else { return [] }
        return [
            .log(.error, "\(name(connection)) broke the protocol (\(what)); its connection is closed"), .close(connection),
        ]
    }
}
