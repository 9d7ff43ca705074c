import Kernels
import Testing

@Suite struct ShardGeometryTests {
    @Test(
        "shards cut every minibatch into consecutive rows, and no smaller minibatch needs more room", arguments: [1, 2, 3, 4, 12])
    func rows(shards: Int) {
        for minibatch in 0...40 {
            let cut = (0..<shards).map { ShardGeometry.rows(ofShard: $0, minibatch: minibatch, shards: shards) }
            #expect(cut.flatMap(Array.init) == Array(0..<minibatch))
            #expect(cut.allSatisfy { $0.count <= ShardGeometry.mostRows(minibatch: 40, shards: shards) })
        }
    }

    @Test(
        "every shard has one owner, in the order of ranks and as evenly as they come; ranks beyond S are spares, and stand at the end",
        arguments: [1, 2, 3, 4, 12])
    func owners(shards: Int) {
        for members in 1...15 {
            let owned = (0..<members).map { ShardGeometry.owned(by: $0, of: members, shards: shards) }
            #expect(owned.flatMap(Array.init) == Array(0..<shards))
            let working = owned.prefix(shards).map(\.count)
            #expect(working.min()! >= 1 && working.max()! - working.min()! <= 1, "\(members) members: \(owned)")
            #expect(owned.count(where: \.isEmpty) == ShardGeometry.spares(of: members, shards: shards))
        }
    }

    @Test("of six members that share four shards the last two are spares")
    func spares() {
        #expect((0..<6).map { ShardGeometry.owned(by: $0, of: 6, shards: 4).count } == [1, 1, 1, 1, 0, 0])
        #expect(ShardGeometry.spares(of: 6, shards: 4) == 2 && ShardGeometry.spares(of: 4, shards: 4) == 0)
    }
}
