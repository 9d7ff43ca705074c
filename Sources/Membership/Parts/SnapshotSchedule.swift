/// Copies of the state: which were asked for and are to come, what they are for, and which the run has.
package struct SnapshotSchedule: Sendable {
    /// A copy asked for and not yet stored.
    package struct Pending: Sendable, Equatable {
        package fileprivate(set) var purposes: SnapshotPurposes
        package let source: ConnectionID
        /// When it was asked for, or arrived.
        package fileprivate(set) var since: Duration
        /// Bytes of states that its source had moved when it was asked.
        package let before: UInt64
        /// It is here, and waits for the disk or for an evaluation: its source has no more to do with it.
        package fileprivate(set) var hasArrived = false
        /// It has been said that the run's end waits for it.
        package fileprivate(set) var isSaid = false
    }

    /// By step.
    package private(set) var pending: [UInt64: Pending] = [:]
    /// Purposes of a copy that was lost with its source: the next boundary's copy serves them.
    package private(set) var carried: SnapshotPurposes = []
    /// What the latest copies have served, by step.
    private var served: [UInt64: SnapshotPurposes] = [:]
    /// Step of the newest checkpoint.
    package private(set) var newest: UInt64
    /// When a checkpoint was last stored or begun.
    private var stored: Duration = .zero

    /// - Parameter newest: the step of the checkpoint that is on the disk.
    package init(newest: UInt64) { self.newest = newest }

    // MARK: Asked for

    /// Copies that the source has yet to send, or is sending.
    package func coming(from source: ConnectionID) -> [UInt64: Pending] {
        pending.filter { $0.value.source == source && !$0.value.hasArrived }
    }

    /// What a copy of this step has served, or nil where there was none of late.
    package func purposes(servedAt step: UInt64) -> SnapshotPurposes? { served[step] }

    /// The purposes are served by the next boundary's copy.
    package mutating func carry(_ purposes: SnapshotPurposes) { carried.formUnion(purposes.subtracting(.last)) }

    /// Nobody can make a copy now: the next boundary's copy serves these purposes, and those carried before.
    package mutating func postpone(_ purposes: SnapshotPurposes) { carried = carried.union(purposes).subtracting(.last) }

    /// The copy of `step` that is on its way is for these purposes too, and for those that were carried.
    ///
    /// - Returns: false where no such copy is.
    package mutating func extend(_ step: UInt64, _ purposes: SnapshotPurposes) -> Bool {
        guard pending[step] != nil else { return false }
        pending[step]!.purposes.formUnion(purposes.union(carried))
        carried = []
        return true
    }

    /// The copy of `step` is asked of `source`, for these purposes, those that were carried, and those of the copies that it gives up for it.
    ///
    /// - Parameter moved: what the source has moved of states so far.
    package mutating func ask(
        _ source: ConnectionID, for step: UInt64, _ purposes: SnapshotPurposes, insteadOf obsolete: [UInt64: Pending],
        moved: UInt64,
        at now: Duration
    ) -> SnapshotPurposes {
        for earlier in obsolete.keys { pending[earlier] = nil }
        let all = obsolete.values.reduce(purposes.union(carried)) { $0.union($1.purposes) }
        carried = []
        pending[step] = Pending(purposes: all, source: source, since: now, before: moved)
        return all
    }

    /// Drops the copies before `step` that this source was asked for; the next boundary serves what they were for.
    ///
    /// - Returns: their steps, in order.
    package mutating func giveUp(from source: ConnectionID, before step: UInt64 = .max) -> [UInt64] {
        let given = coming(from: source).filter { $0.key < step }
        for (earlier, asked) in given {
            pending[earlier] = nil
            carry(asked.purposes)
        }
        return given.keys.sorted()
    }

    /// At the start of a view at `applied` phases: which of the copies asked for in the last one will still come.
    ///
    /// A request that its source had not reached when it was halted is gone. Copies of later steps than this boundary are asked for
    /// again on the way; the next boundary serves what the others were for.
    ///
    /// - Parameter copied: the step up to which a source that is still there has made its copies.
    package mutating func settle(at applied: UInt64, phases: UInt64, copied: (ConnectionID) -> UInt64?) {
        for (step, asked) in pending where !asked.hasArrived {
            // Where the same step was asked for before, it is not known whether its source has come to the second request.
            if let reached = copied(asked.source), reached >= step, served[step] == nil { continue }
            pending[step] = nil
            if step * phases <= applied { carried.formUnion(asked.purposes) }
        }
    }

    // MARK: What becomes of them

    /// The copy is here. Waiting for what is made of it counts from now on.
    ///
    /// - Returns: the copy as it was asked for; nil where it was not asked for, or had come.
    package mutating func arrived(_ step: UInt64, at now: Duration) -> Pending? {
        guard let asked = pending[step], !asked.hasArrived else { return nil }
        pending[step]!.hasArrived = true
        pending[step]!.since = now
        return asked
    }

    /// The copy came in whole and is not the state: the next boundary serves what it was for.
    package mutating func unusable(_ step: UInt64) -> Pending? {
        guard let asked = pending.removeValue(forKey: step) else { return nil }
        carry(asked.purposes)
        return asked
    }

    /// The copy is where it was wanted, for these purposes (nil: for all that it was asked for); the next boundary serves the others.
    ///
    /// - Parameter memory: steps for which it is remembered what a copy has served.
    package mutating func stored(_ step: UInt64, _ purposes: SnapshotPurposes?, at now: Duration, memory: UInt64) {
        let asked = pending.removeValue(forKey: step)
        let purposes = purposes ?? asked?.purposes ?? []
        if purposes.contains(.checkpoint) {
            stored = now
            newest = max(newest, step)
        }
        served = served.filter { $0.key + memory > step }
        served[step, default: []].formUnion(purposes)
        carry((asked?.purposes ?? []).subtracting(purposes))
    }

    /// The newest whole checkpoint on the disk is another one than was known.
    package mutating func newestIs(_ step: UInt64) { newest = step }

    /// It has been said that the end waits for this one.
    package mutating func isSaid(_ step: UInt64) { pending[step]?.isSaid = true }

    // MARK: Time

    /// Whether a checkpoint is due at `step`; if so, the time to the next one begins.
    package mutating func isDue(at step: UInt64, every seconds: Double, _ now: Duration) -> Bool {
        guard seconds > 0, now - stored >= .seconds(seconds) else { return false }
        stored = now
        return served[step] == nil
    }

    /// The time to the first checkpoint begins, if it has not.
    package mutating func beginTime(at now: Duration) { if stored == .zero { stored = now } }

    /// Nobody is judged by the time before `now`.
    package mutating func forgetTime(before now: Duration) { for step in pending.keys { pending[step]!.since = now } }
}
