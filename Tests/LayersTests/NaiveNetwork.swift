import Glibc
import Kernels
import Layers

/// The naive forward pass in double precision: the oracle of the gradient tests.
struct NaiveNetwork {
    let widths: [Int]
    var parameters: [Double]

    init(_ network: DenseNetwork) {
        widths = network.widths
        parameters = network.parameters.all.array.map(Double.init)
    }

    func callAsFunction(_ input: [Double]) -> [Double] {
        var x = input
        var next = 0
        for layer in 0..<widths.count - 1 {
            let (inputs, outputs) = (widths[layer], widths[layer + 1])
            let bias = next + outputs * inputs
            x = (0..<outputs).map { output in
                let sum = (0..<inputs).reduce(parameters[bias + output]) {
                    $0 + parameters[next + output * inputs + $1] * x[$1]
                }
                return layer < widths.count - 2 ? max(sum, 0) : sum
            }
            next = bias + outputs
        }
        return x
    }
}

/// Derivatives of `function` by each of `values`, by central differences.
func finiteDifferences(_ values: [Double], _ function: ([Double]) -> Double) -> [Double] {
    values.indices.map { index in
        let step = 1e-6
        var moved = values
        moved[index] += step
        let above = function(moved)
        moved[index] -= 2 * step
        return (above - function(moved)) / (2 * step)
    }
}

/// The largest difference, relative to the largest expected value.
func relativeError(_ found: [Float], _ expected: [Double]) -> Double {
    let scale = expected.map { abs($0) }.max() ?? 0
    let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 0
    return worst / max(scale, 1e-3)
}

/// A network with normal random parameters.
func randomNetwork(_ widths: [Int], seed: UInt64) -> DenseNetwork {
    let network = DenseNetwork(name: "net", widths: widths)
    RandomSource(seed: seed, purpose: .spare, step: 0).fillNormal(
        Matrix(network.parameters.all, rows: 1, columns: network.layout.count), firstRow: 0, std: 0.5)
    return network
}

/// The layers of a network one after the other, as the graph of a model runs them.
struct NetworkPass {
    let layers: [Dense]
    let inputs: [Matrix]
    let output: Matrix
    let blocks: RowBlocks
    private let network: DenseNetwork

    init(_ network: DenseNetwork, _ input: Matrix, _ blocks: RowBlocks) {
        self.network = network
        self.blocks = blocks
        layers = (0..<network.layers).map { network.dense($0, isRectified: $0 < network.layers - 1) }
        var values = [input]
        for (layer, dense) in layers.enumerated() {
            let y = Matrix(rows: blocks.rows, columns: network.widths[layer + 1])
            dense.forward(values[layer], into: y, blocks: blocks)
            values.append(y)
        }
        inputs = Array(values.dropLast())
        output = values[layers.count]
    }

    /// (B, inputs): the gradient of the input; those of the parameters go to the sink, if there is one.
    func backward(_ outputGradient: Matrix, sink: (any GradientSink)? = nil) -> Matrix {
        let tile = Storage<Float>(count: network.layout.tensors.map(\.count).max()!).all
        var dy = outputGradient
        for (layer, dense) in layers.enumerated().reversed() {
            let dx = Matrix(rows: blocks.rows, columns: network.widths[layer])
            let output = layer + 1 < inputs.count ? inputs[layer + 1] : self.output
            dense.backward(
                dy, input: inputs[layer], output: output, blocks: blocks, into: dx,
                delivery: sink.map { Delivery(sink: $0, firstTensor: network.layout.weight(layer)) }, tile: tile)
            dy = dx
        }
        return dy
    }
}

func randomMatrix(rows: Int, columns: Int, seed: UInt64) -> Matrix {
    let matrix = Matrix(rows: rows, columns: columns)
    RandomSource(seed: seed, purpose: .spare, step: 1).fillNormal(matrix, firstRow: 0, std: 1)
    return matrix
}

func doubles(_ slice: Slice<Float>) -> [Double] { slice.array.map(Double.init) }
