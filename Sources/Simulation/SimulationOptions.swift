/// What to simulate; the seed decides the rest.
public struct SimulationOptions: Sendable {
    /// Workers at the start; nil: the seed's choice, 1 to 6.
    public var workers: Int?
    /// Steps of the run; nil: the seed's choice.
    public var steps: UInt64?
    public var dropped: DroppedInvariant?

    public init(workers: Int? = nil, steps: UInt64? = nil, dropped: DroppedInvariant? = nil) {
        self.workers = workers
        self.steps = steps
        self.dropped = dropped
    }
}
