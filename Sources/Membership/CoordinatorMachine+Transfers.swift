/// States on their way to newcomers, for which the run stands still: not for long.
extension CoordinatorMachine {
    /// How long a newcomer that took too long is not waited for, the first time; doubles up to an hour.
    static let firstAside: Duration = .seconds(60)
    private static let longestAside: Duration = .seconds(3600)

    mutating func relaying(_ order: UInt64, _ source: ConnectionID?, _ total: UInt64?) -> [CoordinatorDirective] {
        guard order == self.order else { return [] }
        for index in handouts.indices where handouts[index].source == source && handouts[index].isSum == (total == nil) {
            handouts[index].hasBegun = true
        }
        if let total, transfer?.source == source { transfer?.total = total }
        return []
    }

    /// A source was asked for a sum or a state and has sent nothing of it, while those who wait for it are about to be judged for that:
    /// another is asked where there is one.
    mutating func silentSources(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .regrouping else { return [] }
        let silent = handouts.filter { handout in
            !handout.hasBegun && now - handout.since > Self.levelPatience && workers[handout.source]?.isLastChoice == false
                && handout.to.contains { workers[$0]?.standing == .levelling }
        }.map(\.source)
        guard !silent.isEmpty else { return [] }
        for source in silent { workers[source]?.isLastChoice = true }
        handouts = []
        transfer = nil
        let named = silent.map(name).joined(separator: ", ")
        return [
            .log(
                .warning,
                "\(named) was asked for what others wait for and has sent nothing of it for \(Self.levelPatience): another is asked where there is one"
            )
        ] + askAgain(now)
    }

    mutating func beginTransfer(from source: ConnectionID?, to newcomers: [ConnectionID], _ now: Duration) {
        transfer = Transfer(since: now, source: source, newcomers: newcomers, before: workers.mapValues(\.beat.moved))
    }

    /// Newcomers whose state would take too long stand by, and the run goes on, where there is anybody who can.
    mutating func slowTransfer(_ now: Duration) -> [CoordinatorDirective] {
        guard stage == .regrouping, let transfer, now - transfer.since > rules.joinEstimate,
            transfer.source != nil || isSomebodyLevel
        else { return [] }
        let elapsed = now - transfer.since
        var directives: [CoordinatorDirective] = []
        for connection in transfer.newcomers {
            guard let worker = workers[connection], worker.standing == .levelling else { continue }
            let moved = worker.beat.moved &- transfer.before[connection, default: 0]
            let whole = transfer.total.map { total in
                elapsed / .seconds(1) * Double(total) / Double(max(1, min(moved, total)))
            }
            guard elapsed > rules.joinPatience || (whole ?? 0) > rules.joinPatience / .seconds(1) else { continue }
            let slow = transfer.source.flatMap { isBehind($0, moved: moved, since: transfer) ? $0 : nil }
            if let slow { workers[slow]?.isLastChoice = true }
            let pause = worker.aside?.next ?? Self.firstAside
            workers[connection]?.aside = (now + pause, min(pause * 2, Self.longestAside))
            let about = whole.map { "about \(Int(min($0.rounded(), 1e9))) s" } ?? "more than \(elapsed.components.seconds) s"
            let rate = Int(Double(moved) / max(elapsed / .milliseconds(1), 1))
            let whose = slow.map { "which \(name($0)) sends slowly" } ?? "over its connection (\(rate) kB/s)"
            directives.append(
                .log(
                    .warning,
                    "\(name(connection)) would need \(about) to receive the state, \(whose): the run does not wait for it. It stands by, is asked again in \(pause.components.seconds) s, and takes over if no other worker is left",
                    about: .doesNotWait))
        }
        guard !directives.isEmpty else { return [] }
        self.transfer = nil
        // Those busy with the transfer are asked where they stand, and so give it up.
        return directives + askAgain(now)
    }

    /// Whether somebody stands ready where the next view begins.
    private var isSomebodyLevel: Bool {
        let truth = truth
        return workers.values.contains { $0.standing == .still && counts($0) && $0.position.applied == truth }
    }

    /// Whether the source has sent little more than the newcomer has.
    private func isBehind(_ source: ConnectionID, moved: UInt64, since transfer: Transfer) -> Bool {
        guard let worker = workers[source], let total = transfer.total else { return false }
        let sent = worker.beat.moved &- transfer.before[source, default: 0]
        return sent < total && sent < moved &+ moved / 2 &+ rules.sourceSlack
    }
}

/// What no honest peer can say.
extension CoordinatorMachine {
    /// The answer to an event with impossible numbers; nil where they are possible. Nothing is computed with them before this.
    mutating func impossible(_ event: CoordinatorEvent, _ now: Duration) -> [CoordinatorDirective]? {
        guard rules.checksNumbers else { return nil }
        switch event {
        case .ready(let connection, _, let position), .position(let connection, _, let position):
            guard let worker = workers[connection] else { return nil }
            if position.isFresh, position.applied > 0 {
                return expel(connection, now, "it says that it is as the seed made it, and has applied \(position.applied) phases")
            }
            // A member has applied at most what it was sent batches for, or the sum of a worker that came back from further. A worker that came
            // back may have what an earlier coordinator led it to; that is checked against the others when it counts.
            let known = max(steps.base, worker.promised?.applied ?? 0, worker.position.applied)
            let most = worker.wasMember ? max(steps.sent * UInt64(plan.phases), known) : Self.mostApplied
            guard position.applied > most else { return nil }
            return expel(connection, now, "it says that it has applied \(position.applied) phases, of \(most) there can be")
        case .stepReport(let connection, _, let step, _):
            guard let worker = workers[connection] else { return nil }
            // A member reports steps it was sent; a worker that comes back reports what it has applied under an earlier coordinator.
            let most = worker.wasMember ? sent : max(steps.sent, worker.position.applied / UInt64(plan.phases))
            guard step >= most else { return nil }
            // The report is of a view whose end the worker has not heard of yet.
            guard worker.standing != .halting else { return [] }
            return expel(connection, now, "it reports step \(step), of \(most) there can be")
        case .linkFailed(let connection, let number, let report):
            guard number == view, let rank = formed.firstIndex(of: connection), workers[connection] != nil,
                !neighbours(of: rank).contains(report.suspect)
            else { return nil }
            let whom = report.suspect.map { "rank \($0)" } ?? "the summation server"
            return expel(connection, now, "it has lost a link to \(whom) that it never had")
        default: return nil
        }
    }

    /// To whom a member of the last view has gradient links; nil is the summation server.
    private func neighbours(of rank: Int) -> [Int?] {
        isRing ? [(rank + 1) % formed.count, (rank + formed.count - 1) % formed.count] : [nil]
    }

    /// Phases of the longest run there can be.
    static let mostApplied: UInt64 = 1 << 48

    /// The worker streams something else than it was asked for. A checksum guards against a network that changes bytes, so the fault is its own.
    mutating func streamsFalsely(_ connection: ConnectionID, _ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        guard let worker = workers[connection] else { return [] }
        processes.doPenance(worker.identity.process, at: now)
        return expel(connection, now, reason)
    }

    /// A copy came in whole and is not the state: the next is asked of somebody else.
    mutating func unusable(_ step: UInt64, _ reason: String, _ now: Duration) -> [CoordinatorDirective] {
        guard let asked = snapshots.unusable(step) else { return [] }
        let sentence = "what it sent as the state after step \(step) is not that: \(reason)"
        guard workers[asked.source] != nil else { return [.log(.error, sentence)] + proceed(now) }
        return streamsFalsely(asked.source, sentence, now)
    }

    private mutating func expel(_ connection: ConnectionID, _ now: Duration, _ reason: String) -> [CoordinatorDirective] {
        lost(connection, .brokeProtocol(reason), now)
    }
}
