import Wire

/// From hello to a replica that is ready: who may take part.
extension CoordinatorMachine {
    mutating func greet(
        _ connection: ConnectionID, _ identity: WorkerIdentity, _ held: HeldState?, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard workers[connection] == nil else { return protocolViolation(connection, "a second hello") }
        // The same process on a new connection: the old one is gone, though its end may not have come through yet.
        let former = workers.first { $0.value.identity.process == identity.process }?.key
        if let held, held.run == plan.run, outranks(held) { return outrank(connection, identity, held, now) }
        if let reason = objection(to: identity, held, replacing: former) {
            refused.insert(connection)
            return [
                .refuse(connection, reason: reason),
                .log(.warning, "refused a worker on host \(identity.host), pid \(identity.pid): \(reason)"),
            ] + (former.map { leftByItself($0, .dialledAnew, now) } ?? [])
        }
        numbered += 1
        let label = label(for: identity, replacing: former)
        lastSign = now
        if plan.supervised { children.arrives(identity.pid) }
        var position = held?.position ?? Position(applied: 0, chain: 0, isFresh: true)
        position.isFresh = position.isFresh && position.applied == 0
        workers[connection] = Worker(
            number: numbered, label: label, identity: identity, position: position,
            mayHoldTruth: held != nil && mayHoldTruth(identity, position), at: now)
        if let penance = processes.penance(of: identity.process, at: now) { workers[connection]?.aside = penance }
        let back = held.map { "; it comes back with the state at \(place($0.position.applied))" } ?? ""
        // The new connection is taken in before the old one is given up, so that its state counts when the others go on.
        return [
            .welcome(connection, worker: label),
            // On one machine they come together, and the line of the first view sums them up.
            .log(
                plan.supervised && !hasLed ? .detail : .info,
                "\(name(connection)) is in: build \(identity.build), \(identity.library), kernel \(identity.kernel)\(back)"),
        ] + (former.map { leftByItself($0, .dialledAnew, now) } ?? [])
    }

    /// A worker keeps the number of its log, also after a restart of either side: the number of its place where a parent has started it, or the
    /// one that an earlier coordinator has given it. Every other worker gets the next number.
    private mutating func label(for identity: WorkerIdentity, replacing former: ConnectionID?) -> UInt32 {
        // A number that no worker can have had is ignored: the numbers after it would run out of range.
        if let own = identity.number, own < ProcessHistory.most,
            plan.supervised || !workers.contains(where: { $0.key != former && $0.value.label == own })
        {
            labelled = max(labelled, own)
            return own
        }
        labelled += 1
        return labelled
    }

    /// What the members of a first view have in common, or how many there are of each: ": OpenBLAS 0.3.21, kernel haswell". Their
    /// build is the coordinator's own, and of portable products there is one kind.
    func kinds(of members: [ViewPlan.Member]) -> String {
        guard !hasLed else { return "" }
        guard !plan.isPortable else { return ": portable products" }
        let kinds = members.map { "\($0.identity.library), kernel \($0.identity.kernel)" }
        let distinct = Set(kinds).sorted()
        guard distinct.count > 1 else { return distinct.map { ": \($0)" }.joined() }
        return ": " + distinct.map { kind in "\(kinds.count { $0 == kind }) with \(kind)" }.joined(separator: "; ")
    }

    /// Whether a state that a worker brings can be the run's. Either its process was in one of this coordinator's views, or an earlier
    /// coordinator has led it, and then it is no further than this one has come since.
    func mayHoldTruth(_ identity: WorkerIdentity, _ position: Position) -> Bool {
        guard rules.boundsClaims else { return true }
        guard position.applied <= plan.lastStep * UInt64(plan.phases) else { return false }
        return processes.wasMember(identity.process)
            || (plan.generation > 1 && (!hasMoved || position.applied <= comeTo))
    }

    /// Phases that members of this coordinator's views have applied, as far as they have said so: batches are sent further ahead.
    private var comeTo: UInt64 { max(steps.applied, finished.applied) }

    /// Members have finished a phase. States brought before that could not be checked against anything, and are checked now.
    mutating func haveMoved() {
        guard !hasMoved else { return }
        hasMoved = true
        for (connection, worker) in workers where worker.rank == nil && worker.mayHoldTruth {
            let isPossible = mayHoldTruth(worker.identity, worker.position)
            workers[connection]?.mayHoldTruth = isPossible
        }
    }

    /// Whether the worker has obeyed a coordinator that goes before this one: of a newer generation, or of the same with another name.
    private func outranks(_ held: HeldState) -> Bool {
        held.generation > plan.generation || (held.generation == plan.generation && held.leader != plan.leader)
    }

    /// Either this process is an old one whose folder another has taken over, or its folder is a copy or was restored from one: the
    /// folder itself says which. In every case the worker's state is the truth, as far as it continues this folder's records.
    private mutating func outrank(
        _ connection: ConnectionID, _ identity: WorkerIdentity, _ held: HeldState, _ now: Duration
    ) -> [CoordinatorDirective] {
        refused.insert(connection)
        // It dials again, and is taken in when this coordinator's own generation is above the one it has obeyed.
        guard outranking.begin(at: now) else { return [.close(connection)] }
        return [
            .close(connection), .outrank(generation: held.generation),
            .log(
                .warning,
                "a worker on host \(identity.host) has obeyed a coordinator of generation \(held.generation) of this run, and this one is generation \(plan.generation): looking whose the run's folder is"
            ),
        ]
    }

    /// The folder is this coordinator's, which leads from now on with another generation: everybody dials anew.
    mutating func outranked(_ generation: UInt64, _ leader: UInt64, _ now: Duration) -> [CoordinatorDirective] {
        outranking.end(at: now)
        plan.generation = generation
        plan.leader = leader
        let line = CoordinatorDirective.log(
            .warning,
            "the folder is this coordinator's own: it was copied, or put back from a copy. It goes on as generation \(generation), and what workers hold counts where it goes on from here"
        )
        return [line] + workers.keys.sorted().map { .close($0) }
    }

    /// Another coordinator leads the run. This one ends without telling the workers: they follow the other, or wait for it.
    mutating func overthrown(_ reason: String) -> [CoordinatorDirective] {
        guard stage != .ended else { return [] }
        enter(.ended)
        return [.end(.failed(reason: reason))]
    }

    /// Why this worker cannot take part, or nil.
    private func objection(to identity: WorkerIdentity, _ held: HeldState?, replacing former: ConnectionID?) -> String? {
        if let held, held.run != plan.run {
            return "it holds the state of another run (\(held.run)) and this is \(plan.run); end that worker, or start its own "
                + "coordinator again at this address"
        }
        if workers.count - (former == nil ? 0 : 1) >= RunPlan.maximumWorkers {
            return "the run has \(RunPlan.maximumWorkers) workers, the most there may be"
        }
        if held == nil, processes.unwelcomed(identity.process) >= rules.welcomes { return Self.losesLarge }
        guard let first = workers.values.min(by: { $0.number < $1.number }), first.identity.build != identity.build else {
            return nil
        }
        return "build of worker \(first.label) on host \(first.identity.host) is \(first.identity.build), of the one on host "
            + "\(identity.host) it is \(identity.build), so their sums would differ in the last bits; install the same build on both hosts"
    }

    /// Why a network path that carries only small messages is useless. This sentence has to fit into a small message itself.
    static let losesLarge =
        "small messages pass between it and the coordinator and large ones are lost: \(PacketSize.wayOn)"

    /// The worker has said something that shows that its welcome has come.
    mutating func isWelcomed(_ connection: ConnectionID) {
        guard let worker = workers[connection], !worker.isWelcomed else { return }
        workers[connection]?.isWelcomed = true
        processes.isWelcomed(worker.identity.process)
    }

    /// A worker has ended its connection, which shows that it lives and that small messages come through. If it had not answered its welcome,
    /// the first large message, it has probably not received it.
    mutating func leftByItself(_ connection: ConnectionID, _ cause: LossCause, _ now: Duration) -> [CoordinatorDirective] {
        guard !plan.supervised, let worker = workers[connection], worker.standing == .preparing, !worker.isWelcomed,
            now - worker.came > rules.welcomePatience
        else { return lost(connection, cause, now) }
        processes.leftUnwelcomed(worker.identity.process)
        let seconds = (now - worker.came).components.seconds
        return lost(connection, .closedUnwelcomed(cause.words, seconds: seconds), now)
    }

    mutating func ready(
        _ connection: ConnectionID, _ fingerprint: [UInt8], _ position: Position, _ now: Duration
    ) -> [CoordinatorDirective] {
        guard let worker = workers[connection] else { return [] }
        guard worker.standing == .preparing else { return protocolViolation(connection, "ready") }
        isWelcomed(connection)
        workers[connection]?.fingerprint = fingerprint
        workers[connection]?.position = position
        if worker.mayHoldTruth {
            let isPossible = mayHoldTruth(worker.identity, position)
            workers[connection]?.mayHoldTruth = isPossible
        }
        workers[connection]?.standing = .still
        workers[connection]?.worked = now
        lastSign = now
        if firstReady == nil { firstReady = now }
        // With a member to compare with, a worker that must be sent away goes before the run stands still for it.
        return (hasMember ? sortOut() : []) + proceed(now)
    }

    mutating func turnAway(_ connection: ConnectionID, _ reason: String) -> [CoordinatorDirective] {
        let named = name(connection)
        workers[connection] = nil
        refused.insert(connection)
        return [.refuse(connection, reason: reason), .log(.warning, "refused \(named): \(reason)")]
    }

    /// There is a state on the disk to go on from.
    var hasCheckpoint: Bool { snapshots.newest > 0 || !plan.beginsWithSeed }

    /// Nobody else has come for long, and there is no checkpoint: the states that workers claim to hold are all that is left, and count.
    mutating func believeTheLast(_ now: Duration) {
        let still = workers.filter { $0.value.standing == .still }
        guard stage == .gathering, !hasCheckpoint, let firstReady, now - firstReady >= Self.patience,
            !still.values.contains(where: counts)
        else { return }
        for connection in still.keys { workers[connection]?.mayHoldTruth = true }
    }

    /// On one machine nobody comes but those who were started: the run cannot begin where too few of them are left.
    var cannotBegin: Bool { plan.supervised && !hasLed && plan.workers.upperBound - children.unreplaced < plan.workers.lowerBound }

    /// Whether the workers that stand ready are enough for a view, while there is none.
    func isEnough(_ now: Duration) -> Bool {
        let ready = workers.values.filter { $0.standing == .still && (counts($0) || hasCheckpoint) }
        guard let firstReady, let began, !ready.isEmpty else { return false }
        let comeBack = hasLed || ready.contains { !$0.position.isFresh }
        // Before the run goes back, those who have lost the coordinator and hold more get the time to dial.
        if goesBack, now - firstReady < Self.regatherPatience { return false }
        if comeBack {
            let wanted = hasLed ? lastWorld : plan.workers.upperBound
            return ready.count >= wanted && hasServers || now - firstReady >= Self.latecomerPatience
        }
        return ready.count >= plan.workers.upperBound && hasServers
            || (ready.count >= plan.workers.lowerBound && now - began >= Self.patience)
    }

    /// A line every 10 s while the run waits for workers: nobody should wonder what it is waiting for.
    mutating func waitNotice(_ now: Duration) -> [CoordinatorDirective] {
        guard let began, now - (announcedWait ?? began) >= Self.patience else { return [] }
        announcedWait = now
        let ready = workers.values.count { $0.standing == .still }
        let wanted = hasLed ? 1 : plan.workers.lowerBound
        let since = hasLed ? "; the run stands at step \(steps.completed) until one comes" : ""
        return [
            .log(
                .info,
                "waiting for workers: \(ready) of \(wanted) ready after \((now - (hasLed ? regrouping?.since ?? began : began)).components.seconds) s\(since)"
            )
        ]
    }
}
