/// How the steps of a run make epochs: an epoch uses each of its images once, one minibatch in each step; the last step takes what is left.
///
/// The one rule for schedules, orders, checkpoints and figures. Steps and images of an epoch count from 0, epochs from 1.
public struct Epochs: Sendable, Hashable {
    /// Images of an epoch.
    public let images: Int
    /// Images of a step.
    public let minibatch: Int

    public init(images: Int, minibatch: Int) {
        precondition(images >= 0 && minibatch > 0, "epochs of \(images) images in minibatches of \(minibatch)")
        self.images = images
        self.minibatch = minibatch
    }

    /// For uses where only the number of an epoch's steps matters.
    public init(steps: UInt64) { self.init(images: Int(steps), minibatch: 1) }

    /// Steps of an epoch: ⌈images / minibatch⌉, at least one.
    public var steps: Int { images == 0 ? 1 : (images - 1) / minibatch + 1 }

    /// The epoch that a step belongs to.
    public func epoch(ofStep step: UInt64) -> Int { Int(step / UInt64(steps)) + 1 }

    /// Which images of its epoch's order a step uses; fewer in the last minibatch of an epoch.
    public func positions(ofStep step: UInt64) -> Range<Int> {
        let first = Int(step % UInt64(steps)) * minibatch
        return first..<first + min(images - first, minibatch)
    }

    /// How far a step's middle is into its epoch, between 0 and 1.
    public func fraction(ofStep step: UInt64) -> Double { (Double(step % UInt64(steps)) + 0.5) / Double(steps) }

    /// Epochs that are over when so many steps are done.
    public func done(after count: UInt64) -> UInt64 { count / UInt64(steps) }

    /// Epochs that are over or under way after so many steps: the epoch of the last step done, 0 before the first.
    public func begun(after count: UInt64) -> Int { count == 0 ? 0 : epoch(ofStep: count - 1) }

    /// Whether no epoch is under way after so many steps.
    public func areWhole(after count: UInt64) -> Bool { count % UInt64(steps) == 0 }
}
