extension CoordinatorMachine {
    /// Where the membership is on its way from one view to the next.
    package enum Stage: Sendable, Equatable {
        /// There is no view, and nobody who was in the last one.
        case gathering
        /// A view is over, or none has begun: positions are asked for, sums and states on their way.
        case regrouping
        case linking(since: Duration)
        case running
        case ended

        /// The run has not come to its end, and its members do not stand in a view.
        package var isBetweenViews: Bool { self == .gathering || self == .regrouping }

        /// Whether a machine may go from here to `next`: links are made after everybody stood level, and what has ended stays so.
        package func mayBecome(_ next: Stage) -> Bool {
            switch (self, next) {
            case (.ended, _): next == .ended
            case (_, .ended), (_, .gathering): true
            case (_, .regrouping): true
            case (.gathering, .linking), (.regrouping, .linking), (.linking, .linking): true
            case (.running, .linking): false
            case (.linking, .running): true
            case (_, .running): false
            }
        }
    }
}
