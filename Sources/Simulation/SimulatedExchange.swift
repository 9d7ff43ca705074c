/// One exchange of one phase over the members of a view: of moments, or of the gradient.
final class SimulatedExchange {
    let phase: UInt64
    /// Within the phase: each attempt has one for every exchange of moments, and one for the gradient.
    let number: UInt32
    let isOfMoments: Bool
    private let world: Int
    private var totals: [UInt64]
    private(set) var contributors: [Set<Int>]
    private var here: [[Bool]]

    init(phase: UInt64, number: UInt32, world: Int, buckets: Int, isOfMoments: Bool) {
        self.phase = phase
        self.number = number
        self.isOfMoments = isOfMoments
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
