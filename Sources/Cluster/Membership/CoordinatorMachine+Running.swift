/// Steps, snapshots, and the ways a run ends.
extension CoordinatorMachine {
    /// Sends batches up to the window, each boundary's snapshot request right behind its batch.
    mutating func refill() -> [CoordinatorDirective] {
        guard stage == .running else { return [] }
        var directives: [CoordinatorDirective] = []
        while sent < plan.lastStep, sent < completed + Self.window, pending.count <= Self.pendingSnapshots {
            directives.append(.batch(step: sent))
            sent += 1
            let purposes = plan.purposes(after: sent)
            if !purposes.isEmpty { directives += requestSnapshot(after: sent, purposes) }
        }
        return directives
    }

    /// Asks the lowest-ranked live member for the state after `step` steps.
    mutating func requestSnapshot(after step: UInt64, _ purposes: SnapshotPurposes) -> [CoordinatorDirective] {
        guard let source = ranks.first(where: { workers[$0] != nil }) else { return [] }
        if let asked = pending[step] {
            // It is on its way already; it only serves one purpose more.
            pending[step] = asked.union(purposes)
            return asked.isSuperset(of: purposes) ? [] : [.snapshot(source, step: step, purposes: asked.union(purposes))]
        }
        pending[step] = purposes
        snapshotSource = source
        return [.snapshot(source, step: step, purposes: purposes)]
    }

    mutating func report(
        _ connection: ConnectionID, _ step: UInt64, _ chain: UInt64, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard !hasEnded, let worker = workers[connection] else { return [] }
        guard ranks.contains(connection), step == worker.reported, step < sent else {
            return protocolViolation(connection, "report of step \(step) where \(worker.reported) was due")
        }
        workers[connection]?.reported = step + 1
        workers[connection]?.worked = now
        if let first = chains[step] {
            if first.chain != chain {
                return fail(
                    "after step \(step) the sums of \(name(connection)) differ from those of \(name(first.from)): one of the "
                        + "two computes or remembers wrongly; the weights since the newest checkpoint are not to be trusted, "
                        + "resume without that host")
            }
        } else {
            chains[step] = (chain, connection)
        }
        guard ranks.allSatisfy({ workers[$0].map { $0.reported > step } ?? false }) else { return [] }
        completed = step + 1
        chains[step] = nil
        var directives: [CoordinatorDirective] = [
            .stepDone(step: step, view: view, workers: ranks.count, chain: chain)
        ]
        switch stage {
        case .running where completed == plan.lastStep: directives += closeDown(reason: nil, now)
        case .running: directives += refill()
        case .draining(let reason) where completed == sent: directives += closeDown(reason: reason, now)
        default: break
        }
        return directives
    }

    /// Every step is done: make sure that the last state reaches the disk, then end.
    mutating func closeDown(reason: String?, _ now: Duration) -> [CoordinatorDirective] {
        stage = .closing(reason: reason)
        let wanted: SnapshotPurposes = completed == plan.lastStep ? plan.purposes(after: completed) : [.checkpoint, .last]
        guard completed > plan.firstStep || plan.firstStep == 0 else { return endIfStored() }
        if pending[completed] == nil, storedSteps.contains(completed) { return endIfStored() }
        return requestSnapshot(after: completed, wanted) + endIfStored()
    }

    func endReached() -> RunOutcome {
        if case .closing(let reason?) = stage { return .stopped(step: completed, reason: reason) }
        return .finished(step: completed)
    }

    mutating func endIfStored() -> [CoordinatorDirective] {
        guard case .closing = stage, pending.isEmpty else { return [] }
        let outcome = endReached()
        stage = .ended
        return [.stop(workers.keys.sorted(), reason: "the run is done", failed: false), .end(outcome)]
    }

    mutating func stored(_ step: UInt64, _ now: Duration) -> [CoordinatorDirective] {
        if let purposes = pending.removeValue(forKey: step), purposes.contains(.checkpoint) {
            lastCheckpoint = now
        }
        storedSteps.insert(step)
        return stage == .running ? refill() : endIfStored()
    }

    mutating func snapshotFailed(_ step: UInt64, _ reason: String) -> [CoordinatorDirective] {
        guard !hasEnded, pending[step] != nil else { return [] }
        return fail("the state after step \(step) could not be stored: \(reason); the older checkpoints are kept")
    }

    mutating func stopRequested(_ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        switch stage {
        case .ended, .closing, .draining: return []
        case .gathering, .linking:
            stage = .ended
            return [
                .stop(workers.keys.sorted(), reason: reason, failed: false),
                .end(.stopped(step: completed, reason: reason)),
            ]
        case .running:
            stage = .draining(reason: reason)
            let note = CoordinatorDirective.log(.info, "\(reason): finishing step \(sent), then a checkpoint")
            if completed == sent { return [note] + closeDown(reason: reason, now) }
            return [note] + requestSnapshot(after: sent, [.checkpoint, .last])
        }
    }

    func protocolViolation(_ connection: ConnectionID, _ what: String) -> [CoordinatorDirective] {
        guard workers[connection] != nil, !hasEnded else { return [] }
        return [
            .log(.error, "\(name(connection)) broke the protocol (\(what)); its connection is closed"), .close(connection),
        ]
    }
}
