/// Which steps stand in the run's records, and the chain hashes that members have told of late.
package struct StepRecords: Sendable {
    /// A step whose chain hash is known.
    package struct Record: Equatable, Sendable {
        package let step: UInt64
        package let chain: UInt64

        package init(step: UInt64, chain: UInt64) {
            self.step = step
            self.chain = chain
        }
    }

    /// Steps before `recorded` are in the records, or nobody can tell their chain hash any more. `entered` is one past the last that was entered.
    private var recorded: UInt64
    private var entered: UInt64
    /// The first chain hash that a member reported for each step of late, and who that was.
    private var chains: [UInt64: (chain: UInt64, from: String)] = [:]
    /// What workers said of steps before they were members: it counts for the records once they are members.
    private var told: [(step: UInt64, chain: UInt64, by: ConnectionID)] = []

    /// Chains held of steps that are not in the records yet: the window, and what workers tell a new coordinator.
    private static let most = 512

    /// - Parameter steps: how many the records have.
    package init(steps: UInt64) { (recorded, entered) = (steps, steps) }

    /// The run's chain hash after so many steps, where a member has told it of late.
    package func chain(after step: UInt64) -> UInt64? { step == 0 ? nil : chains[step - 1]?.chain }

    /// A member has told of this step.
    package func knows(_ step: UInt64) -> Bool { chains[step] != nil }

    /// What a member reports of a step.
    ///
    /// - Parameter name: who reports; it is kept for the first report of the step.
    /// - Returns: who has reported another chain hash of it.
    package mutating func report(_ step: UInt64, chain: UInt64, from name: String) -> String? {
        if let first = chains[step] { return first.chain == chain ? nil : first.from }
        if chains.count < Self.most { chains[step] = (chain, name) }
        return nil
    }

    /// What a worker that is no member says of a step.
    package mutating func hear(_ step: UInt64, chain: UInt64, by connection: ConnectionID) {
        if told.count < Self.most { told.append((step, chain, connection)) }
    }

    /// A view begins after `step` steps: what somebody only claimed to have done is not in the records.
    package mutating func viewBegins(after step: UInt64) { recorded = min(recorded, max(step, entered)) }

    /// Enters the steps before `step` into the records, those whose chain hash is known.
    ///
    /// Nothing is counted from one claimed step to another: a claim may be far off.
    ///
    /// - Parameters:
    ///   - memory: steps behind `step` whose chain hash is still remembered.
    ///   - isMember: whether this connection's word counts. Nil: it is gone.
    /// - Returns: what is new, in order.
    package mutating func enter(before step: UInt64, memory: UInt64, isMember: (ConnectionID) -> Bool?) -> [Record] {
        guard step > recorded else { return [] }
        var known = chains.mapValues(\.chain)
        for word in told where known[word.step] == nil && isMember(word.by) == true { known[word.step] = word.chain }
        let records = known.filter { (recorded..<step).contains($0.key) }.sorted { $0.key < $1.key }
            .map { Record(step: $0.key, chain: $0.value) }
        recorded = step
        if let last = known.keys.filter({ $0 < step }).max() { entered = max(entered, last + 1) }
        chains = chains.filter { $0.key + memory >= step }
        told = told.filter { isMember($0.by) != nil && $0.step >= step }
        return records
    }
}
