import Kernels
import Membership
import Wire

/// Watches a world from outside for what must never happen, whatever goes wrong.
final class Referee {
    /// Microseconds from the last fault to the end of everything: a few verdicts, and the patience of an orphan.
    static let patience: Int64 = 240_000_000
    static let maximumEvents: UInt64 = 3_000_000
    /// Views that may begin within a second.
    private static let viewsASecond = 60
    /// Longest time from a link's fault to the next step, where a way is left.
    private static let deadline: Int64 = 20_000_000
    private static let stopDeadline: Int64 = 5_000_000
    /// Lines that the coordinator may say.
    private static let linesIn10Seconds = 300
    /// So long after the last fault, nobody may be given up because of it any more.
    private static let aftermath: Int64 = 25_000_000
    /// What a worker has told for so long must have come to the coordinator that still hears it.
    private static let known: Int64 = 6_000_000

    private unowned let world: World
    private var reference: Reference
    private var applied: [Int: UInt64] = [:]
    private var views: [Int64] = []
    private var newestView: [ObjectIdentifier: UInt64] = [:]
    /// The most phases that a worker has ever applied.
    private(set) var mostApplied: UInt64 = 0
    /// The phases that a coordinator which had led nobody yet was told of, and could not check.
    private var believed: UInt64 = 0
    /// When a step was last done, a view began that goes on from a boundary, or a copy of the state was stored.
    private var progressed: Int64 = 0
    private var lines: [Int64] = []

    init(_ world: World) {
        self.world = world
        reference = Reference(world.scenario.arithmetic)
    }

    // MARK: Replicas

    /// A replica has applied a phase, was restored, or (with the seat) has taken part in an exchange.
    func applied(_ replica: SimulatedReplica, _ worker: SimulatedWorker, seat: GradientSeat?) {
        mostApplied = max(mostApplied, replica.applied)
        let right = reference.state(after: replica.applied)
        if replica.chain != right.chain {
            world.violate(
                "\(worker.name) has applied \(replica.applied) phases and its chain is not the run's: a phase was skipped, done twice, or done with a wrong sum"
            )
        } else if replica.state != right {
            world.violate("\(worker.name) has applied \(replica.applied) phases and its exponents are not the run's")
        }
        guard let seat else { return }
        let counts = seat.group.counts
        if let least = counts.min(), let most = counts.max(), most - least > 1 {
            world.violate("members of view \(seat.group.plan.number) have applied \(least) and \(most) phases: more than one apart")
        }
    }

    /// A member goes on from an exchange, in whose statistics every shard must count.
    func goesOn(_ tag: ExchangeTag, _ statistics: [TensorStatistics], _ worker: SimulatedWorker) {
        guard !(world.dropped?.isOfEngines ?? false) else { return }
        if statistics.contains(where: { $0.clamped != UInt64(world.scenario.arithmetic.shards) }) {
            world.violate("\(worker.name) goes on from \(tag), to which not every shard has come once")
        }
    }

    // MARK: Coordinators

    func forms(_ plan: ViewPlan, _ coordinator: SimulatedCoordinator) {
        world.counts.views += 1
        views.append(world.now)
        views.removeAll { $0 + Scenario.second < world.now }
        if views.count > Self.viewsASecond {
            world.violate("no progress: \(views.count) views within a second, the last is \(plan.number); \(everyone)")
        }
        // Before it has led anybody through a phase, a coordinator goes by what workers say that they hold. Later, a worker that comes back may
        // hold what batches were sent for.
        let ahead = world.liars.isEmpty ? 0 : CoordinatorMachine.window * UInt64(coordinator.machine.plan.phases)
        if plan.applied > max(mostApplied, believed) + ahead {
            guard !coordinator.machine.hasMoved, !world.liars.isEmpty else {
                return world.violate(
                    "view \(plan.number) begins at phase \(plan.applied), and nobody has ever applied more than \(mostApplied)")
            }
            believed = plan.applied
        }
        if let before = newestView[ObjectIdentifier(coordinator)], plan.number <= before {
            world.violate("view \(plan.number) of generation \(coordinator.generation) after view \(before)")
        }
        newestView[ObjectIdentifier(coordinator)] = plan.number
        if plan.members.map(\.shards).reduce(0, { $1.isEmpty ? $0 : $1.lowerBound == $0 ? $1.upperBound : -1 })
            != world.scenario.plan.shards
        {
            world.violate("the shards of view \(plan.number) are not each in one member's hands")
        }
        // A worker that finishes alone does not wait for those who do not answer.
        if coordinator.machine.stop.finishesAlone { return }
        for peer in coordinator.peers.values {
            // A state that comes back from an earlier coordinator after this one's members have gone on is no longer the truth.
            guard let known = coordinator.machine.workers[peer.connection.id], coordinator.machine.counts(known),
                let worker = peer.connection.peer as? SimulatedWorker, worker.isAlive, worker.ending == nil, !worker.isFrozen,
                worker.connection === peer.connection,
                let replica = worker.engine.replica, replica.applied > plan.applied
            else { continue }
            world.violate(
                "view \(plan.number) begins at phase \(plan.applied), and \(worker.name), which is connected, has applied \(replica.applied): the run goes back"
            )
        }
    }

    func joins(_ worker: SimulatedWorker, _ coordinator: SimulatedCoordinator) {
        if coordinator.generation < worker.obeyed {
            world.violate("\(coordinator.name) leads \(worker.name), which has obeyed generation \(worker.obeyed)")
        }
    }

    func stepDone(_ done: CoordinatorCore.StepDone, by coordinator: SimulatedCoordinator) {
        let (step, chain) = (done.step, done.chain)
        progressed = world.now
        guard step < world.scenario.plan.lastStep else { return world.violate("step \(step) goes into the records") }
        if chain != reference.state(after: (step + 1) * UInt64(world.scenario.arithmetic.phases)).chain {
            world.violate("step \(step) goes into the records with a chain hash that is not the run's")
        }
        judge(reports: done)
    }

    /// A worker that contributes to a phase has told its shards' losses before. Where no worker and no connection was lost, the records have all of them.
    private func judge(reports done: CoordinatorCore.StepDone) {
        let counts = world.counts
        guard counts.kills == 0, counts.cuts == 0, counts.freezes == 0, counts.linkFaults == 0, counts.coordinatorRestarts == 0,
            world.liars.isEmpty, world.dropped == nil || world.dropped == .reportsAreTold
        else { return }
        let plan = world.scenario.plan
        if done.reports.shards.count != plan.phases * plan.shards {
            world.violate(
                "step \(done.step) goes into the records with the losses of \(done.reports.shards.count) of \(plan.phases * plan.shards) shards and phases, and nobody was lost"
            )
        }
        if done.reports.steps.isEmpty { world.violate("step \(done.step) goes into the records without a report of it") }
    }

    func stored(_ step: UInt64, _ state: SimulatedReplica.State) {
        progressed = world.now
        if state != reference.state(after: step * UInt64(world.scenario.arithmetic.phases)) {
            world.violate("the checkpoint after step \(step) is not the run's state there")
        }
    }

    func record(_ note: RunNote, by coordinator: SimulatedCoordinator) {
        switch note {
        case .restart: world.counts.restartsFromCheckpoint += 1
        case .standstill: world.counts.standstills += 1
        case .death(_, let host, _, _, _, _, _) where host.hasPrefix("liar"): break
        case .death(_, let host, _, _, _, let cause, _): judge(cause, on: host)
        default: break
        }
    }

    private func judge(_ cause: LossCause, on host: String) {
        switch cause {
        case .brokeProtocol(let what): return world.violate("the worker on \(host) is cut off: \(what)")
        case .silent, .linksDown: break
        case .stuck(.contribution, _): judge(stuckOn: host, cause)
        case .stuck(.standstill, _), .stuck(.level, _): break
        case .stuck, .closed, .closedUnwelcomed, .dialledAnew, .linksFail, .gaveUp, .notLevel, .unusable, .late: return
        }
        world.counts.verdicts += 1
        // A worker that waits for a liar together with others may be given up with the liar.
        if world.isCalm, world.now - world.trouble.last > Self.aftermath, !world.liars.contains(where: \.isAlive) {
            world.violate("nothing is wrong any more, and the worker on \(host) is given up: \(cause.words); \(everyone)")
        }
    }

    /// A worker that waits for others owes nothing: only the one that they wait for may be given up for this.
    private func judge(stuckOn host: String, _ cause: LossCause) {
        let there = world.workers.filter { $0.identity.host == host && $0.isAlive }
        guard there.count == 1, let since = there[0].engine.waitingSince,
            world.now - since > Self.known
        else { return }
        world.violate(
            "the worker on \(host) is given up: \(cause.words), and it has waited for others since \(SimulationViolation.text(since)); \(everyone)"
        )
    }

    // MARK: Endings

    func ended(_ coordinator: SimulatedCoordinator, _ outcome: RunOutcome) {
        guard case .failed(let reason) = outcome, !isFair(coordinator), !coordinator.isReplaced else { return }
        // Where only liars are left, their word is every member's.
        if reason.split(separator: "(host liar").count > 2 { return }
        if coordinator.members.allSatisfy({ $0.identity.host.hasPrefix("liar") }), !coordinator.members.isEmpty { return }
        world.violate("the run failed: \(reason)")
    }

    /// Fair: two cannot reach each other twice before the first step, or nobody reaches the summation server, again and again.
    private func isFair(_ coordinator: SimulatedCoordinator) -> Bool {
        world.counts.linkFaults > 0 && coordinator.machine.hasFailedForLinks
    }

    func told(_ line: String, _ about: Decision?, _ coordinator: SimulatedCoordinator) {
        lines.append(world.now)
        if lines.count > Self.linesIn10Seconds {
            lines.removeAll { $0 + 10 * Scenario.second < world.now }
            if lines.count > Self.linesIn10Seconds {
                world.violate("the log grows by \(lines.count) lines in 10 s, the last is: \(line)")
            }
        }
        switch about {
        case .finishesAlone: world.counts.finishedAlone += 1
        case .doesNotWait: world.counts.notWaitedFor += 1
        case .serverStandsIn:
            world.counts.standIns += 1
            // With only one failed pair, four or more members still make up a ring.
            if world.scenario.isOfLinks, world.counts.linkFaults <= 1, coordinator.members.count > 3 {
                world.violate("one pair of \(coordinator.members.count) has failed, and \(line)")
            }
        case .standsAside:
            world.counts.asides += 1
            if world.counts.linkFaults == 0, world.liars.isEmpty { world.violate("no link has ever failed, and \(line)") }
            if world.scenario.isOfLinks, world.scenario.plan.ring { world.violate("the summation server is there, and \(line)") }
        case nil: break
        }
    }

    // MARK: Time

    /// Where nothing but links fails, a step follows within 20 s of a fault, or of whatever was done last.
    func watch(_ coordinator: SimulatedCoordinator) {
        let machine = coordinator.machine
        guard world.scenario.isOfLinks, machine.view > 0, machine.completed < machine.steps.goal, coordinator.outcome == nil else {
            return
        }
        guard world.now - max(progressed, world.trouble.last) > Self.deadline else { return }
        world.violate("no step for \(Self.deadline / Scenario.second) s although only links have failed; \(everyone)")
    }

    /// Somebody has asked the run to stop.
    func stopBegins(_ coordinator: SimulatedCoordinator) {
        guard world.scenario.isOfLinks, world.counts.slowLines == 0 else { return }
        world.after(Self.stopDeadline) {
            guard coordinator.outcome == nil else { return }
            self.world.violate("asked to stop \(Self.stopDeadline / Scenario.second) s ago, and the run goes on; \(self.everyone)")
        }
    }

    /// The run's chain hash after so many phases; any value where the run never gets there.
    func chain(near applied: UInt64) -> UInt64 { reference.state(after: min(applied, mostApplied + 8)).chain }

    func ended(_ worker: SimulatedWorker, _ ending: WorkerEnding) {
        switch ending {
        case .failed(let reason): world.violate("\(worker.name) failed: \(reason)")
        case .refused(let reason), .unfit(let reason): world.violate("\(worker.name) was refused: \(reason)")
        case .done, .runFailed, .lostCoordinator, .noCoordinator: break
        }
    }

    func judgeEnd() {
        guard let outcome = world.outcome else {
            return world.violate("nothing is left to happen and the run has not ended; \(everyone)")
        }
        guard world.isOver else { return world.violate("nothing is left to happen and not every worker has ended; \(everyone)") }
        let end: UInt64
        switch outcome {
        case .finished(let step): end = step
        case .stopped(let step, _): end = step
        case .failed: return
        }
        if case .finished = outcome, end != world.scenario.plan.lastStep {
            world.violate("the run is said to be finished after step \(end) of \(world.scenario.plan.lastStep)")
        }
        if case .stopped = outcome, !world.trouble.askedToStop { world.violate("the run was stopped, and nobody asked for it") }
        // Stopped before anybody came back: a state that has just been handed in may still reach the disk.
        let newest = world.disk.newestStep ?? 0
        if newest < end || (newest > end && outcome == .finished(step: end)) {
            world.violate("the run ended after step \(end), and the newest checkpoint is after step \(newest)")
        }
        judgeRecords(upTo: end)
    }

    /// Every step must be there once and in order. Nobody can tell the next coordinator what died with the one before.
    private func judgeRecords(upTo end: UInt64) {
        let steps = world.disk.metrics
        let isInOrder = zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 }
        if !isInOrder || (world.counts.coordinatorRestarts == 0 && (steps.count < end || steps.last ?? 0 != steps.count)) {
            world.violate("the records do not have every step up to \(end) once and in order: \(steps)")
        }
    }

    /// Where everybody stands.
    var everyone: String {
        let lead = world.coordinators.last.map { "\($0.name): \($0.account)" } ?? "no coordinator"
        let living = world.workers.filter(\.isAlive).map(\.account)
        return ([lead] + living).joined(separator: "; ")
    }
}
