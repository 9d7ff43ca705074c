import Kernels

/// How the learning rate of a phase changes with the epoch. It has its own length, and keeps the rate constant after that.
public struct Schedule: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case constant
        /// Multiplied by `factor` after each epoch of `at`: a step at 50 acts from epoch 51.
        case steps(at: [Int], factor: Double)
        /// Unchanged until `from` epochs are done, then half a cosine down to 0 when `to` are done. From there on the share `after` of the rate is
        /// held. A run that ended there may be given this share to go on with, since no earlier step depends on it.
        case cosine(from: Double, to: Double, after: Double = 0)
    }

    public var kind: Kind
    /// Epochs over which the rate rises linearly from 0; 0 = none.
    public var warmUp: Double

    public init(kind: Kind = .constant, warmUp: Double = 0) {
        self.kind = kind
        self.warmUp = warmUp
    }

    /// The learning rate at one moment of training.
    ///
    /// - Parameters:
    ///   - base: rate before the schedule.
    ///   - epoch: counted from 1.
    ///   - fraction: part of that epoch gone by, 0 or more and less than 1.
    public func rate(base: Double, epoch: Int, fraction: Double) -> Double {
        precondition(epoch >= 1 && (0..<1).contains(fraction))
        let done = Double(epoch - 1) + fraction
        let rising = done < warmUp ? done / warmUp : 1
        switch kind {
        case .constant:
            return base * rising
        case .steps(let at, let factor):
            return at.reduce(base * rising) { epoch > $1 ? $0 * factor : $0 }
        case .cosine(let from, let to, let after):
            if done <= from { return base * rising }
            if done >= to { return base * after }
            return base * rising * 0.5 * (1 + VectorMath.cos(Double.pi * (done - from) / (to - from)))
        }
    }

    /// The highest rate that the schedule may reach, however long it runs.
    ///
    /// - Parameter base: rate before the schedule.
    public func highestRate(base: Double) -> Double {
        switch kind {
        case .constant: base
        case .steps(let at, let factor): at.reduce(base) { rate, _ in rate * max(1, factor) }
        case .cosine(_, _, let after): base * max(1, after)
        }
    }

    /// Holds a share of the rate after a cosine instead of 0.
    public mutating func goOn(with share: Double) {
        if case .cosine(let from, let to, _) = kind { kind = .cosine(from: from, to: to, after: share) }
    }

    /// Epochs after which the rate is 0 for ever; nil where it never is.
    public var end: Double? {
        if case .cosine(_, let to, after: 0) = kind { to } else { nil }
    }

    /// What is wrong with the values, or nil.
    public var problem: String? {
        if !(warmUp >= 0 && warmUp.isFinite) { return "warm_up is \(warmUp), expected 0 or more epochs" }
        switch kind {
        case .constant:
            return nil
        case .steps(let at, let factor):
            if let wrong = at.first(where: { $0 < 1 }) { return "at has \(wrong), expected epochs of 1 or more" }
            return factor >= 0 && factor.isFinite ? nil : "factor is \(factor), expected 0 or more"
        case .cosine(let from, let to, let after):
            guard from >= 0, to > from, to.isFinite else { return "cosine runs from \(from) to \(to), expected 0 <= from < to" }
            return after >= 0 && after.isFinite ? nil : "after is \(after), expected 0 or more"
        }
    }
}
