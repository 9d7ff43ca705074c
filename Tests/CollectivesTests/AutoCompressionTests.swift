import Collectives
import Dispatch
import Glibc
import Kernels
import Testing
import Wire

extension Loopback {
    @Suite("Automatic compression")
    struct AutoCompressionTests {
        /// Sums as they are in training: half zeros, the rest within two bytes, by inputs of four scales.
        private static func fill(_ sum: Storage<Int32>, seed: UInt64) {
            var random = SplitMix(seed: seed)
            for index in 0..<sum.count {
                let reach: Int32 = [12_000, 800, 50, 3][index % 4]
                sum.all[index] = random.next() % 2 == 0 ? Int32.random(in: -reach...reach, using: &random) : 0
            }
        }

        @Test(
            "One ring, one slow link: that one packs with zstd, or entropy-codes what has rows, the fast one does neither",
            arguments: [([], GradientCoding.packedZstd), ([1024], .entropy)])
        func slowAndFast(columns: [Int], expected: GradientCoding) throws {
            let queue = DispatchGroup()
            let reducers = try TestRun().ring(2, .auto) { port in
                let relay = LoopbackRelay(to: port, bytesPerSecond: 3e6)
                DispatchQueue.global().async(group: queue) { relay.run() }
                return relay.port
            }
            // A frame is larger than what the relay's buffers swallow, also when it is packed: else the link looks fast.
            let elements = 512 << 10
            let plan = BucketPlan(tensorRanges: [0..<elements], columns: columns, maximumElements: elements / 2)
            let sums = reducers.map { _ in Storage<Int32>(count: elements) }
            var late = [WireCounters](repeating: WireCounters(), count: 2)
            for phase in 0..<12 as Range<UInt64> {
                for (member, reducer) in reducers.enumerated() {
                    Self.fill(sums[member], seed: phase * 2 + UInt64(member))
                    reducer.begin(
                        phase: phase, attempt: 0, plan: plan, sum: sums[member],
                        statistics: StatisticsBoard(tensors: 1))
                    for bucket in plan.buckets.indices { reducer.ready(bucket: bucket) }
                }
                for (member, reducer) in reducers.enumerated() {
                    try reducer.finish()
                    if phase >= 7 { late[member] = late[member] + reducer.exchangeCounters }
                }
            }
            for reducer in reducers { reducer.shutdown() }
            queue.wait()
            let coded = Int(expected.rawValue)
            #expect(late[0].frames[coded] * 10 >= late[0].frames.wrappedSum() * 9, "\(late[0])")
            #expect(late[1].frames[coded] * 10 <= late[1].frames.wrappedSum(), "\(late[1])")
            #expect(late[0].sent * 2 < late[0].raw)
        }
    }
}
