/// The exponents that one run of a phase was summed with, and those that the next step's will be.
public struct ExponentChange: Sendable, Equatable {
    public var used: [Int32]
    public var next: [Int32]

    public init(used: [Int32], next: [Int32]) {
        self.used = used
        self.next = next
    }
}

/// What follows the reduction of a phase; every member comes to the same decision.
public enum Decision: Sendable, Equatable {
    /// The sum holds: update with it.
    case apply(ExponentChange)
    /// Set these exponents and run the phase again over the same samples.
    case again(exponents: [Int32])
    /// Training cannot go on.
    case stop(NonFiniteGradient)
}

/// A gradient was infinite or not a number.
public struct NonFiniteGradient: Error, CustomStringConvertible, Sendable, Equatable {
    /// Counted from 0.
    public let step: UInt64
    public let phase: String
    public let tensor: String
    /// The lowest shard that delivered one.
    public let shard: Int
    /// Keys of the run's settings that may be too large from the start.
    public let suspects: [String]

    public init(step: UInt64, phase: String, tensor: String, shard: Int, suspects: [String]) {
        self.step = step
        self.phase = phase
        self.tensor = tensor
        self.shard = shard
        self.suspects = suspects
    }

    public var description: String {
        // People count steps from 1, as metrics.jsonl does.
        let what = "step \(step + 1), \(phase) phase: the gradient of \(tensor) was not finite, first in shard \(shard); "
        guard step > 0 else {
            return what + "that is the run's first step: lower the rates (phases.PHASE.rate), "
                + "look at \(suspects.joined(separator: ", ")) for numbers that are too large, and begin a new run"
        }
        return what
            + "the losses before it say which phase ran away: lower that phase's rate or give it a warm_up, and begin a new run, "
            + "from an earlier checkpoint if you like (--from RUN@STEP)"
    }
}
