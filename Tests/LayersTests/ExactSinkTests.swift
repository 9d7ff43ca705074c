import Kernels
import Layers
import Synchronization
import Testing

@Suite struct ExactSinkTests {
    private let tensors = ParameterLayout(prefix: "net", widths: [3, 17, 1]).tensors

    /// A gradient of shard and tensor, always the same numbers.
    private func gradient(tensor: Int, shard: Int) -> Slice<Float> {
        let matrix = Matrix(rows: 1, columns: tensors[tensor].count)
        RandomSource(seed: 7, purpose: .spare, step: UInt64(tensor)).fillNormal(matrix, firstRow: shard, std: 0.2)
        return matrix.values
    }

    @Test("lanes in any order and number give the integer sum, and each tensor completes once", arguments: [1, 2, 3])
    func concurrent(threads: Int) {
        let shards = 12
        let bits = ExactSum.fullBits(shards: shards)
        let sum = Storage<Int32>(count: tensors.last!.range.upperBound)
        sum.all.fill(12_345)
        let completions = Mutex<[Int]>([])
        let sink = ExactSink(
            tensors: tensors, bits: bits, shards: shards,
            onComplete: { tensor, _ in completions.withLock { $0.append(tensor) } })
        sink.start(into: sum, exponents: [1, 1, 1, 1])
        let tensors = self.tensors
        ThreadTeam(threads: threads).run { thread in
            for shard in stride(from: thread, to: shards, by: threads) {
                for tensor in tensors.indices.reversed() {
                    if shard == 5 {
                        sink.deliverNothing(tensor: tensor, shard: shard)
                    } else {
                        sink.deliver(tensor: tensor, gradient: gradient(tensor: tensor, shard: shard), shard: shard)
                    }
                }
            }
        }
        #expect(completions.withLock { $0.sorted() } == [0, 1, 2, 3])
        let unit = ExactSum.unit(exponent: 1, bits: bits)
        for tensor in tensors.indices {
            var expected = [Int32](repeating: 0, count: tensors[tensor].count)
            var largest: Float = 0
            for shard in 0..<shards where shard != 5 {
                for (index, value) in gradient(tensor: tensor, shard: shard).array.enumerated() {
                    expected[index] += Int32((value / unit).rounded(.toNearestOrEven))
                    largest = max(largest, abs(value))
                }
            }
            #expect(sum[tensors[tensor].range].array == expected)
            #expect(sink.statistics[tensor] == TensorStatistics(maximumBits: largest.bitPattern))
        }
    }

    @Test("a worker without shards clears its sum and completes every tensor, last first")
    func spare() {
        let sum = Storage<Int32>(count: tensors.last!.range.upperBound)
        sum.all.fill(9)
        let completions = Mutex<[Int]>([])
        let sink = ExactSink(
            tensors: tensors, bits: 30, shards: 0, onComplete: { tensor, _ in completions.withLock { $0.append(tensor) } })
        sink.start(into: sum, exponents: [0, 0, 0, 0])
        #expect(completions.withLock { $0 } == [3, 2, 1, 0])
        #expect(sum.all.array.allSatisfy { $0 == 0 })
    }

    @Test("a tensor without an exponent contributes its maximum and zeros; an infinite gradient names the lowest shard")
    func statisticsOnly() {
        let sum = Storage<Int32>(count: tensors.last!.range.upperBound)
        sum.all.fill(9)
        let sink = ExactSink(tensors: tensors, bits: 30, shards: 2, onComplete: { _, _ in })
        sink.start(into: sum, exponents: [ExactRule.none, 0, 0, 0])
        for shard in [1, 0] {
            for tensor in tensors.indices {
                let values = gradient(tensor: tensor, shard: shard)
                if tensor == 3 { values[0] = .infinity }
                sink.deliver(tensor: tensor, gradient: values, shard: shard)
            }
        }
        #expect(sum[tensors[0].range].array.allSatisfy { $0 == 0 })
        #expect(sink.statistics[0].maximum > 0)
        #expect(!sink.statistics[3].isFinite)
        #expect(sink.statistics[3].lowestNonFiniteShard == 0)
    }
}
