import Autoencoder
import Wire

/// What the workers have said of the steps that are not in the books yet.
///
/// A shard's losses are a pure function of state, step, phase and shard, so it does not matter who reports them, nor how
/// often: whoever dies after a phase was applied has reported its part before.
package struct ReportLedger {
    /// What is known of a step.
    package struct Step {
        package var shards: [ShardReport] = []
        package var steps: [ControlStepReport] = []
        fileprivate var known: Set<Part> = []
    }

    fileprivate struct Part: Hashable {
        var phase: Int
        var shard: Int
    }

    /// Steps held at most: more than the window of steps under way and what workers tell a new coordinator.
    private static let capacity: UInt64 = 96

    private var steps: [UInt64: Step] = [:]

    package init() {}

    package mutating func put(_ report: ControlPhaseReport, phases: Int) {
        let step = report.applied / UInt64(phases)
        let phase = Int(report.applied % UInt64(phases))
        for message in report.shards {
            let part = Part(phase: phase, shard: Int(message.shard))
            guard steps[step, default: Step()].known.insert(part).inserted else { continue }
            steps[step]?.shards.append(
                ShardReport(
                    shard: part.shard, phase: phase, rows: Int(message.rows), loss: message.loss,
                    pixelError: message.pixelError, codeSum: message.codeSum, codeSumOfSquares: message.codeSumOfSquares))
        }
        prune()
    }

    package mutating func put(_ report: ControlStepReport) {
        guard !(steps[report.step]?.steps.contains(report) ?? false) else { return }
        steps[report.step, default: Step()].steps.append(report)
        prune()
    }

    /// What is known of the step; it is forgotten with all before it.
    package mutating func take(_ step: UInt64) -> Step {
        defer { steps = steps.filter { $0.key > step } }
        return steps[step] ?? Step()
    }

    private mutating func prune() {
        guard steps.count > Self.capacity, let oldest = steps.keys.min() else { return }
        steps[oldest] = nil
    }
}
