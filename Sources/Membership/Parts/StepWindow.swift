/// Steps on their way: where the view began, how far batches were sent and every member has come, and where the run ends.
package struct StepWindow: Sendable {
    /// Phases of a step.
    private let phases: UInt64
    /// Phases applied where the present view begins.
    package private(set) var base: UInt64
    /// Steps whose batches were sent.
    package private(set) var sent: UInt64
    /// Steps that every member has applied.
    package private(set) var completed: UInt64
    /// The step at which the run ends: the plan's last, or a boundary after a stop was asked for.
    package private(set) var goal: UInt64

    package init(first: UInt64, last: UInt64, phases: UInt64) {
        self.phases = phases
        base = first * phases
        (sent, completed, goal) = (first, first, last)
    }

    package var isDone: Bool { completed >= goal }
    /// Nothing is on its way.
    package var isIdle: Bool { sent == completed }
    /// The last batch sent ends at a boundary that this view has or will have: it may have begun within a step.
    package var isAtBoundary: Bool { sent * phases >= base }
    /// Phases that members have applied, as the steps they finished and the view's beginning show.
    package var applied: UInt64 { max(base, completed * phases) }
    /// This view has made no step yet.
    package var hasMadeNone: Bool { completed * phases <= base }

    /// The next step's batch leaves.
    package mutating func send() -> UInt64 {
        defer { sent += 1 }
        return sent
    }

    /// Every member has applied this step.
    package mutating func complete(_ step: UInt64) { completed = step + 1 }

    /// A view begins at so many phases.
    package mutating func begin(at applied: UInt64) {
        base = applied
        completed = applied / phases
        sent = completed
    }

    /// The run ends at the first boundary that a view from here on can reach, or at `last`.
    package mutating func endAtBoundary(from applied: UInt64, last: UInt64) { goal = min(last, (applied + phases - 1) / phases) }

    /// The run ends with the step that is under way.
    package mutating func endSoon() { goal = isAtBoundary ? sent : sent + 1 }
}
