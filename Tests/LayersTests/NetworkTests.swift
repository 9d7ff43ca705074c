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
        #expect(layout.readyOrder == [3, 2, 1, 0])
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
        let input = randomMatrix(rows: blocks.rows, columns: network.inputs, seed: 3)
        let weights = randomMatrix(rows: blocks.rows, columns: network.outputs, seed: 4)
        let activations = Activations(widths: network.widths, capacity: blocks.rows)
        let products = BlockProducts(.perShard)
        let output = network.forward(input, into: activations, blocks: blocks, products: products)

        /// Σ weights · outputs, a loss whose gradient by the outputs is `weights`.
        func loss(_ naive: NaiveNetwork, _ inputs: [Double]) -> Double {
            (0..<blocks.rows).reduce(0) { total, row in
                let result = naive(Array(inputs[row * network.inputs..<(row + 1) * network.inputs]))
                return total + zip(result, doubles(weights.row(row))).reduce(0) { $0 + $1.0 * $1.1 }
            }
        }
        let naive = NaiveNetwork(network)
        for row in 0..<blocks.rows {
            #expect(relativeError(output.row(row).array, naive(doubles(input.row(row)))) < 1e-5)
        }
        let sink = PlainSink(tensors: network.layout.tensors)
        let inputGradient = Matrix(rows: blocks.rows, columns: network.inputs)
        let scratch = BackwardScratch(
            width: network.widths.max()!, capacity: blocks.rows, tensor: network.layout.count)
        network.backward(
            weights, input: input, activations: activations, blocks: blocks, products: products, scratch: scratch,
            inputGradient: inputGradient, delivery: Delivery(sink: sink, firstTensor: 0))
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
        "products over several shards give the bits of products shard by shard, or are not used",
        arguments: [
            Case(widths: [784, 100, 8], counts: [25, 25, 25, 25]),
            Case(widths: [8, 100, 784], counts: [86, 85]),
            Case(widths: [20, 17, 1], counts: [1, 0, 2, 3]),
        ])
    func batching(_ example: Case) {
        let network = randomNetwork(example.widths, seed: 5)
        let blocks = RowBlocks(shards: Array(example.counts.indices), counts: example.counts)
        let input = randomMatrix(rows: blocks.rows, columns: network.inputs, seed: 6)
        func run(_ batching: Batching) -> [Float] {
            let activations = Activations(widths: network.widths, capacity: blocks.rows)
            let products = BlockProducts(batching)
            let output = network.forward(input, into: activations, blocks: blocks, products: products)
            let gradient = Matrix(rows: blocks.rows, columns: network.inputs)
            let scratch = BackwardScratch(width: network.widths.max()!, capacity: blocks.rows, tensor: 1)
            network.backward(
                output, input: input, activations: activations, blocks: blocks, products: products, scratch: scratch,
                inputGradient: gradient, delivery: nil)
            return output.values.array + gradient.values.array
        }
        #expect(run(.probed).map(\.bitPattern) == run(.perShard).map(\.bitPattern))
    }
}
