/// Steps and what the records say of them.
extension CoordinatorMachine {
    /// After so many steps a view's links are sound: single failures of before are forgotten, so that they do not add up over
    /// the weeks of a long run.
    static let soundSteps: UInt64 = 16

    /// Sends batches up to the window, each boundary's snapshot request right behind its batch; or makes a boundary, where
    /// somebody waits for one.
    mutating func refill(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .running else { return [] }
        if steps.completed >= steps.goal { return closeDown(now) }
        var ahead = Self.window
        if let cause = pauseCause(now) {
            guard steps.completed == steps.sent else { return [] }
            if steps.isAtBoundary { return pause(cause, now) }
            ahead = 1  // the view began within a step, which is finished first
        }
        let wereIdle = steps.sent == steps.completed
        var directives: [CoordinatorDirective] = []
        while steps.sent < steps.goal, steps.sent < steps.completed + ahead, awaited.count <= Self.pendingSnapshots {
            directives.append(.batch(step: steps.send()))
            var purposes = plan.purposes(after: steps.sent)
            // At the step that a stop waits for, one copy serves both the plan and the end: a second copy would take as long again.
            if !purposes.isEmpty, stop.reason != nil, steps.sent == steps.goal { purposes.formUnion([.checkpoint, .last]) }
            if !purposes.isEmpty || !snapshots.carried.isEmpty { directives += requestSnapshot(after: steps.sent, purposes, now) }
        }
        // Members that had nothing to do owe their parts from now on.
        if wereIdle, steps.sent > steps.completed { for rank in ranks { workers[rank]?.worked = now } }
        return directives
    }

    /// Why no further batch is sent: somebody wants to come in or to leave.
    private func pauseCause(_ now: Duration) -> String? {
        if stop.finishesAlone { return nil }
        if workers.values.contains(where: { $0.leaving && $0.rank != nil }) { return "a worker leaves" }
        if !owesStep, workers.values.contains(where: { canBeTakenIn($0, now) }) { return "a worker joins" }
        if !owesStep, serverJoins { return "a summation server joins" }
        return shouldRetryRing(now) ? "the ring is tried again" : nil
    }

    /// Views before this one broke without a step, and this one has not made one yet. A newcomer must first be sent the whole state, perhaps over
    /// a slow link, while all others wait, who have waited long already. So it comes in after the next step.
    private var owesStep: Bool { links.barren > 0 && steps.hasMadeNone }

    /// Whether a newcomer can be taken in; one that finds no possible neighbour cannot.
    private func canBeTakenIn(_ worker: Worker, _ now: Duration) -> Bool {
        guard worker.standing == .still, !worker.leaving, worker.aside.map({ $0.until <= now }) ?? true else { return false }
        // The summation server takes whoever can reach it.
        if plan.ring, !isRing || !links.cannotServe { return !isBarredFromServer(worker) }
        let here = Set(workers.values.map(\.number) + [0])  // 0: the summation server
        return !links.isBarred(worker.number, among: here)
    }

    private func isBarredFromServer(_ worker: Worker) -> Bool {
        links.isBarred(.init(from: worker.number, to: 0))
    }

    /// Everybody stands still at a boundary.
    private mutating func pause(_ cause: String, _ now: Duration) -> [CoordinatorDirective] {
        if shouldRetryRing(now) { links.beginAnew() }
        // A newcomer that stands by, or finds no possible neighbour, cannot take over what is held here.
        let staying = workers.values.contains { (!$0.leaving && $0.standing == .linked) || canBeTakenIn($0, now) }
        if !staying, snapshots.newest < steps.completed {
            // The last replica is leaving and holds the only state: first that goes to the disk.
            return snapshots.pending[steps.completed] == nil ? requestSnapshot(after: steps.completed, .checkpoint, now) : []
        }
        return regroup(admitting: true, cause: cause, now)
    }

    mutating func report(
        _ connection: ConnectionID, _ number: UInt64, _ step: UInt64, _ chain: UInt64, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard let worker = workers[connection] else { return [] }
        guard worker.wasMember else {
            records.hear(step, chain: chain, by: connection)
            return []
        }
        let reporter = records.knows(step) ? "" : name(connection)
        if let other = records.report(step, chain: chain, from: reporter) {
            return fail(
                "after step \(step) the sums of \(name(connection)) differ from those of \(other): one of the "
                    + "two computes or remembers wrongly; the weights since the newest checkpoint are not to be trusted, "
                    + "resume without that host")
        }
        // A report of an earlier view, or from before this coordinator, tells the chain hash and no more.
        guard number == view, worker.rank != nil, worker.standing == .linked || worker.standing == .halting else { return [] }
        guard step == worker.reported, step < steps.sent else {
            return protocolViolation(connection, "report of step \(step) where \(worker.reported) was due")
        }
        workers[connection]?.reported = step + 1
        workers[connection]?.worked = now
        guard stage == .running, ranks.allSatisfy({ workers[$0].map { $0.reported > step } ?? false }) else { return [] }
        steps.complete(step)
        haveMoved()
        progressed = now
        if steps.completed == steps.base / UInt64(plan.phases) + Self.soundSteps { linksAreSound() }
        return recordUpTo(steps.completed) + refill(now)
    }

    /// Enters the steps before `step` into the records, those whose chain hash is known.
    mutating func recordUpTo(_ step: UInt64) -> [CoordinatorDirective] {
        let workers = workers
        let records = records.enter(before: step, memory: 4 * Self.window) { connection in
            workers[connection].map { $0.rank != nil }
        }
        return records.map { .stepDone(step: $0.step, view: view, workers: max(lastWorld, 1), chain: $0.chain) }
    }

    func protocolViolation(_ connection: ConnectionID, _ what: String) -> [CoordinatorDirective] {
        guard workers[connection] != nil, !hasEnded else { return [] }
        return [
            .log(.error, "\(name(connection)) broke the protocol (\(what)); its connection is closed"), .close(connection),
        ]
    }
}
