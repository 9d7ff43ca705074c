import Kernels
import Layers
import Testing

@Suite struct NetworkTests {
    init() { FloatingPoint.setModes() }

    @Test("tensors carry PyTorch's names and shapes and fill the flat buffer")
    func layout() {
        let layout = ParameterLayout(prefix: "encoder", widths: [784, 3, 2])
        #expect(layout.tensors.map(\.name) == ["encoder.0.weight", "encoder.0.bias", "encoder.1.weight", "encoder.1.bias"])
        #expect(layout.tensors.map(\.shape) == [[3, 784], [3], [2, 3], [2]])
        #expect(layout.tensors.map(\.range) == [0..<2_352, 2_352..<2_355, 2_355..<2_361, 2_361..<2_363])
        #expect(layout.count == 2_363)
        #expect(layout.weight(1) == 2 && layout.bias(1) == 3 && layout.gamma(1) == nil)
        let normed = ParameterLayout(prefix: "heads", widths: [4, 3, 2], offsets: [.norm, .none])
        #expect(normed.tensors.map(\.name) == ["heads.0.weight", "heads.0.gamma", "heads.0.beta", "heads.1.weight"])
        #expect(normed.tensors.map(\.range) == [0..<12, 12..<15, 15..<18, 18..<24])
        #expect(normed.gamma(0) == 1 && normed.bias(0) == nil && normed.weight(1) == 3 && normed.bias(1) == nil)
    }

    struct Case: Sendable, CustomStringConvertible {
        let widths: [Int]
        let counts: [Int]
        var description: String { "\(widths) over shards of \(counts) rows" }
    }

    static let cases = [
        Case(widths: [3, 2], counts: [1]),
        Case(widths: [1, 1], counts: [2, 0, 1]),
        Case(widths: [5, 17, 3], counts: [0, 4]),
        Case(widths: [17, 3, 17, 3, 5], counts: [3, 2, 3]),
        Case(widths: [7, 17, 1, 3, 1], counts: [2, 2]),
    ]

    @Test("forward and backward agree with the naive pass in double precision", arguments: cases)
    func gradients(_ example: Case) {
        let network = randomNetwork(example.widths, seed: 11)
        let blocks = RowBlocks(shards: Array(example.counts.indices), counts: example.counts)
        let rows = blocks.ranges.flatMap(Array.init)
        let input = randomMatrix(rows: blocks.rows, columns: network.inputs, seed: 3)
        let weights = randomMatrix(rows: blocks.rows, columns: network.outputs, seed: 4)
        let pass = NetworkPass(network, input, blocks)
        let output = pass.output

        /// Σ weights · outputs, a loss whose gradient by the outputs is `weights`.
        func loss(_ naive: NaiveNetwork, _ inputs: [Double]) -> Double {
            rows.reduce(0) { total, row in
                let result = naive(Array(inputs[row * network.inputs..<(row + 1) * network.inputs]))
                return total + zip(result, doubles(weights.row(row))).reduce(0) { $0 + $1.0 * $1.1 }
            }
        }
        let naive = NaiveNetwork(network)
        for row in rows {
            #expect(relativeError(output.row(row).array, naive(doubles(input.row(row)))) < 1e-5)
        }
        let sink = PlainSink(tensors: network.layout.tensors)
        let inputGradient = pass.backward(weights, sink: sink)
        let inputs = doubles(input.values)
        let byParameters = finiteDifferences(naive.parameters) { moved in
            var naive = naive
            naive.parameters = moved
            return loss(naive, inputs)
        }
        #expect(relativeError(sink.sum(), byParameters) < 1e-5)
        #expect(relativeError(inputGradient.values.array, finiteDifferences(inputs) { loss(naive, $0) }) < 1e-5)
    }

    @Test(
        "a shard's bits are the same alone and among others, and the rows between shards are nobody's",
        arguments: [
            Case(widths: [784, 100, 8], counts: [25, 25, 25, 25]),
            Case(widths: [784, 64, 2], counts: [25, 25]),
            Case(widths: [8, 400, 1], counts: [50, 50, 50, 50]),
            Case(widths: [8, 100, 784], counts: [86, 85]),
            Case(widths: [20, 17, 1], counts: [1, 0, 2, 3]),
        ])
    func alone(_ example: Case) {
        let network = randomNetwork(example.widths, seed: 5)
        /// Outputs and input gradients of some of the shards, by shard.
        func run(_ shards: [Int]) -> [[UInt32]] {
            let blocks = RowBlocks(shards: shards, counts: shards.map { example.counts[$0] })
            let input = Matrix(rows: blocks.rows, columns: network.inputs)
            input.values.fill(.nan)
            for (shard, rows) in zip(blocks.shards, blocks.ranges) {
                let drawn = randomMatrix(rows: rows.count, columns: network.inputs, seed: UInt64(shard))
                input.rows(rows).values.copy(from: drawn.values)
            }
            let pass = NetworkPass(network, input, blocks)
            let output = pass.output
            let gradient = pass.backward(output)
            let between = Set(0..<blocks.rows).subtracting(blocks.ranges.flatMap(Array.init))
            for row in between {
                #expect(output.row(row).array.allSatisfy { $0 == 0 } && gradient.row(row).array.allSatisfy { $0 == 0 })
            }
            return blocks.ranges.map {
                (output.rows($0).values.array + gradient.rows($0).values.array).map(\.bitPattern)
            }
        }
        let all = Array(example.counts.indices)
        #expect(run(all) == all.flatMap { run([$0]) })
        #expect(run(all.reversed()) == run(all).reversed())
    }

    @Test("shards start at 64 bytes whatever the number of columns")
    func aligned() {
        let blocks = RowBlocks(shards: [3, 4, 5, 6], counts: [1, 0, 33, 16])
        #expect(blocks.ranges == [0..<1, 16..<16, 16..<49, 64..<80])
        #expect(blocks.rows == 80)
        #expect(blocks.scaled(by: 2).ranges == [0..<2, 16..<16, 16..<82, 96..<128])
        #expect(RowBlocks.capacity(blocks: 4, rows: 33) == 192)
    }
}
