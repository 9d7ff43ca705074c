/// One run of one phase over the members of a view.
final class SimulatedExchange {
    let phase: UInt64
    let attempt: UInt32
    private let world: Int
    private var totals: [UInt64]
    private(set) var contributors: [Set<Int>]
    private var here: [[Bool]]

    init(phase: UInt64, attempt: UInt32, world: Int, buckets: Int) {
        self.phase = phase
        self.attempt = attempt
        self.world = world
        totals = [UInt64](repeating: 0, count: buckets)
        contributors = [Set<Int>](repeating: [], count: buckets)
        here = [[Bool]](repeating: [Bool](repeating: false, count: buckets), count: world)
    }

    func add(_ part: UInt64, from rank: Int, bucket: Int) -> Bool {
        guard contributors[bucket].insert(rank).inserted else { return false }
        totals[bucket] &+= part
        return true
    }

    func arrives(at rank: Int, bucket: Int) { here[rank][bucket] = true }
    func arrived(_ rank: Int, _ bucket: Int) -> Bool { here[rank][bucket] }
    func isWhole(_ rank: Int, missing: Int) -> Bool { here[rank].count { !$0 } <= missing }
    var sums: [UInt64] { totals }
    var isFromEveryMember: Bool { contributors.allSatisfy { $0.count == world } }
}
