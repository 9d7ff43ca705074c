import Wire

/// A worker's engine as a value: what each piece of work asks of the replica and of the links, and what the worker is told of it. No thread, no
/// clock, no arithmetic.
///
/// Its driver carries out one act after the other, and answers those that have a result with the function that the act names. The driver in a run
/// is a thread that may block; the simulator is another.
package struct EngineCore: Sendable {
    /// Where the replica stands, as the driver finds it.
    package struct Place: Sendable, Equatable {
        /// Phases applied since the start of the run, and the chain hash of their sums.
        package var applied: UInt64
        package var chain: UInt64
        /// The replica can hand out the sum of the last phase.
        package var holdsSum: Bool

        package init(applied: UInt64, chain: UInt64, holdsSum: Bool) {
            self.applied = applied
            self.chain = chain
            self.holdsSum = holdsSum
        }
    }

    /// What a heartbeat says of the engine's way through its phases.
    package struct Counts: Sendable, Equatable {
        package var applied: UInt64 = 0
        /// This worker's part of so many phases is complete, or it waits for the others' within the next.
        package var contributed: UInt64 = 0
        /// The view in which a phase was last applied; 0: none.
        package var view: UInt64 = 0
    }

    package enum Act: Sendable {
        /// Build the replica from the seed (`anew`), or keep the one there is, and take over the welcome's other settings; then `prepared`.
        case prepare(ControlWelcome, anew: Bool)
        /// Say where the replica stands: `position(digest:)`, whose digest is a pass over the whole state.
        case sayPrepared(digest: Bool)
        case sayStood(order: UInt64, digest: Bool)
        case tell(EngineNews)
        /// Stream the sum of the phase that was applied last.
        case sendSum(order: UInt64, applied: UInt64)
        /// Apply the next phase with a sum from another member, or take on a whole state; then `brought`.
        case applySum(order: UInt64, ReceivedSum)
        case restore(order: UInt64, [UInt8])
        /// Make the links of a view; then `joined`, or `cannotJoin`, unless they were given up meanwhile.
        case connect(ControlView, run: String, generation: UInt64)
        /// Unpack a step's images.
        case load(ControlBatch)
        /// Run the phase where the replica stands; then `applied`, or `broke`.
        case runPhase
        /// Tell of the step that is done.
        case sayStep
        /// Shut the links down and wait for their threads, so that the sum may be written to again.
        case closeLinks
        /// Copy the state of this boundary, and stream the copy to the coordinator while the training goes on.
        case streamCopy(step: UInt64)
        /// Stream the state to those who wait for it; then `streamed`.
        case streamState(step: UInt64, order: UInt64)
    }

    private var place = Place(applied: 0, chain: 0, holdsSum: false)
    private var phases: UInt64 = 1
    private var hasReplica = false
    /// The replica is as the seed made it.
    private var isFresh = true
    /// The last boundary whose state was copied for the coordinator on this connection.
    private var copied: UInt64 = 0
    /// The view whose links were made last.
    package private(set) var view: UInt64 = 0
    /// They have not failed. Whether they were given up meanwhile, the driver says with each piece of work.
    private var linksAreSound = false
    package private(set) var counts = Counts()

    package init() {}

    /// The phase of a step that comes next, and the step.
    package var phase: Int { Int(place.applied % phases) }
    package var step: UInt64 { place.applied / phases }

    package func position(digest: [UInt8]) -> Position {
        Position(
            applied: place.applied, chain: place.chain, isFresh: isFresh && place.applied == 0, holdsSum: place.holdsSum,
            copied: copied,
            digest: digest)
    }

    // MARK: Work

    /// - Parameter linksStand: whether the links that were made last were not given up (`ViewLinks.made`).
    package mutating func begin(_ work: EngineWork, linksStand: Bool) -> [Act] {
        if case .prepare(let welcome, let anew) = work {
            // Earlier copies went to another coordinator, or over a connection that is gone.
            copied = 0
            return [.prepare(welcome, anew: anew || !hasReplica)]
        }
        guard hasReplica else { return fail("the coordinator gave work before the run was prepared") }
        switch work {
        case .prepare: return []
        case .stand(let order): return stand(order, digest: false)
        case .sendSum(let order, let applied):
            guard applied == place.applied, place.holdsSum else {
                return fail("the sum of phase \(applied) was asked for, and this worker stands at \(place.applied)")
            }
            return [.sendSum(order: order, applied: applied)]
        case .applySum(let order, let sum):
            if sum.applied == place.applied { return stand(order, digest: false) }
            guard sum.applied == place.applied + 1 else {
                return brought(order, place, digest: false, unusable: misplaced(sum))
            }
            return [.applySum(order: order, sum)]
        case .restore(let order, let bytes): return [.restore(order: order, bytes)]
        case .join(let view, let run, let generation): return [.connect(view, run: run, generation: generation)]
        // Images of a view that is over are passed over. They came before the work that joins the next view, so links of theirs do not stand.
        case .run(let batch): return linksStand && linksAreSound && batch.step == step ? [.load(batch), .runPhase] : []
        case .copyState(let request):
            guard request.step == step, phase == 0 else { return [] }
            guard request.order == 0 else { return [.streamState(step: step, order: request.order)] }
            copied = step
            return [.streamCopy(step: step)]
        }
    }

    /// What is wrong with a sum that is not of the phase where this replica stands, or not of its size.
    package func misplaced(_ sum: ReceivedSum) -> String {
        "a sum for phase \(sum.applied) came to a worker that stands at \(place.applied)"
    }

    private func fail(_ reason: String) -> [Act] { [.tell(.failed(reason: reason, common: false))] }

    private mutating func stand(_ order: UInt64, digest: Bool) -> [Act] {
        (counts.applied, counts.contributed) = (place.applied, place.applied)
        return [.sayStood(order: order, digest: digest)]
    }

    // MARK: Results

    package mutating func prepared(_ place: Place, phases: UInt64, anew: Bool) -> [Act] {
        self.place = place
        self.phases = phases
        if anew { (isFresh, linksAreSound) = (true, false) }
        hasReplica = true
        (counts.applied, counts.contributed) = (place.applied, place.applied)
        return [.sayPrepared(digest: anew)]
    }

    /// A sum was applied or a state taken on (then with a digest). What comes from others may be damaged (`unusable` says how): then the replica stays
    /// where it was, and its position says so.
    package mutating func brought(_ order: UInt64, _ place: Place, digest: Bool, unusable: String? = nil) -> [Act] {
        self.place = place
        if digest, unusable == nil { isFresh = false }
        return (unusable.map { [.tell(.unusable($0))] } ?? []) + stand(order, digest: digest)
    }

    package mutating func joined(_ view: UInt64) -> [Act] {
        self.view = view
        linksAreSound = true
        return [.tell(.linksUp(view: view))]
    }

    /// `report` is nil where this side ended the links itself.
    package func cannotJoin(_ view: UInt64, _ report: LinkReport?) -> [Act] {
        report.map { [.tell(.linkFailed(view: view, $0))] } ?? []
    }

    /// The worker waits for others within a phase, or goes on. One that waits counts as having contributed: so the one whose part is missing can be
    /// told from the others.
    package mutating func waits(_ isWaiting: Bool) { counts.contributed = place.applied + (isWaiting ? 1 : 0) }

    // Every phase is answered by one of these: made once, they cost no memory in a step.
    private static let reports: [Act] = [.sayStep]
    private static let goesOn: [Act] = [.runPhase]

    package mutating func applied(_ place: Place) -> [Act] {
        self.place = place
        counts.applied = place.applied
        let next = phase == 0 ? Self.reports : Self.goesOn
        guard counts.view != view else { return next }
        counts.view = view
        return [.tell(.goesOn)] + next
    }

    /// A link has failed, and nothing of the phase was applied. `report` is nil where this side ended the links itself.
    package mutating func broke(_ report: LinkReport?) -> [Act] {
        linksAreSound = false
        return [.closeLinks] + cannotJoin(view, report)
    }

    package mutating func streamed(_ order: UInt64) -> [Act] { stand(order, digest: true) }
}
