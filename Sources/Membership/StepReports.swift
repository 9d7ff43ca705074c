import Wire

/// What the workers have said of the steps that are not in the records yet.
///
/// A shard's losses are a pure function of state, step, phase and shard, so it does not matter who reports them, nor how often: a worker
/// that dies after a phase was applied has reported its part before. Reports that cannot be of this run, or not yet, are not kept.
package struct StepReports: Sendable {
    /// What is known of a step.
    package struct Step: Sendable {
        package var shards: [Part] = []
        package var steps: [ControlStepReport] = []
    }

    /// A shard's part of a phase.
    package struct Part: Sendable {
        package var phase: Int
        package var report: ControlShardReport
    }

    /// Steps held at most, from the next that goes into the records: more than the window of steps under way and what workers tell a
    /// new coordinator.
    package static let capacity: UInt64 = 96
    /// Reports of one step: more than there can be members.
    private static let reportsAStep = 512

    private let phases: UInt64
    private let shards: Int
    /// The next step that goes into the records, as far as it is known.
    private var next: UInt64
    private var steps: [UInt64: Step] = [:]

    /// - Parameter step: the first that may be reported; a coordinator that takes over hears of later ones.
    package init(phases: Int, shards: Int, from step: UInt64) {
        self.phases = UInt64(phases)
        self.shards = shards
        next = step
    }

    package mutating func put(_ report: ControlPhaseReport) {
        let step = report.applied / phases
        let phase = Int(report.applied % phases)
        guard makeRoom(step) else { return }
        for part in report.shards where part.shard < UInt32(shards) {
            let known = steps[step]?.shards ?? []
            guard !known.contains(where: { $0.phase == phase && $0.report.shard == part.shard }) else { continue }
            steps[step, default: Step()].shards.append(Part(phase: phase, report: part))
        }
    }

    package mutating func put(_ report: ControlStepReport) {
        guard makeRoom(report.step) else { return }
        let known = steps[report.step]?.steps ?? []
        guard known.count < Self.reportsAStep, !known.contains(report) else { return }
        steps[report.step, default: Step()].steps.append(report)
    }

    /// What is known of the step; it is forgotten with all before it.
    package mutating func remove(_ step: UInt64) -> Step {
        defer {
            steps = steps.filter { $0.key > step }
            next = step + 1
        }
        return steps[step] ?? Step()
    }

    /// Whether reports of this step are kept: a bounded number of steps is kept, the nearest of those that are due.
    private mutating func makeRoom(_ step: UInt64) -> Bool {
        guard step >= next else { return false }
        if steps[step] != nil || steps.count < Int(Self.capacity) { return true }
        // The furthest step is dropped: a peer that lies about far steps pushes out its own lies only.
        guard let furthest = steps.keys.max(), furthest > step else { return false }
        steps[furthest] = nil
        return true
    }
}
