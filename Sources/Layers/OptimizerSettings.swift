/// The update rule of one phase.
public enum OptimizerSettings: Sendable, Hashable {
    /// v ← μv + g, w ← w − ηv.
    case sgd(momentum: Double)
    /// Adam with bias correction; β₁ᵗ and β₂ᵗ are running products in the state.
    case adam(beta1: Double, beta2: Double, epsilon: Double)

    /// Names of the buffers kept for each parameter, as they stand in a checkpoint.
    public var stateNames: [String] {
        switch self {
        case .sgd: ["momentum"]
        case .adam: ["first", "second"]
        }
    }

    /// Adam's least ε: below it, a gradient whose square underflows to 0 would be divided by almost nothing.
    private static let leastEpsilon = 1e-20

    /// What is wrong with the values, or nil.
    public var problem: String? {
        switch self {
        case .sgd(let momentum):
            return (0..<1).contains(momentum) ? nil : "momentum is \(momentum), expected 0 or more and less than 1"
        case .adam(let beta1, let beta2, let epsilon):
            if !(0..<1).contains(beta1) { return "beta1 is \(beta1), expected 0 or more and less than 1" }
            if !(0..<1).contains(beta2) { return "beta2 is \(beta2), expected 0 or more and less than 1" }
            return epsilon >= Self.leastEpsilon && epsilon.isFinite
                ? nil : "epsilon is \(epsilon), expected 1e-20 or more: the squares of smaller gradients are 0 in single precision"
        }
    }
}

/// Optimizer, rate and schedule of one phase.
public struct PhaseSettings: Sendable, Hashable {
    public var optimizer: OptimizerSettings
    /// Learning rate before the schedule's factor.
    public var rate: Double
    public var schedule: Schedule

    public init(optimizer: OptimizerSettings, rate: Double, schedule: Schedule) {
        self.optimizer = optimizer
        self.rate = rate
        self.schedule = schedule
    }
}
