import Kernels
import Layers

/// The networks of a composition with their memory, and its phases compiled.
final class Model: Sendable {
    let composition: Composition
    let networks: [DenseNetwork]
    /// The arithmetic of their products.
    let arithmetic: Arithmetic
    /// One for each phase.
    let programs: [PhaseProgram]

    /// Networks with all parameters zero.
    init(_ composition: Composition, arithmetic: Arithmetic) {
        self.composition = composition
        self.arithmetic = arithmetic
        networks = composition.networks.map {
            DenseNetwork(name: $0.name, widths: $0.widths, offsets: $0.offsets, arithmetic: arithmetic)
        }
        programs = composition.phases.map { PhaseProgram($0, graph: composition.graph) }
    }

    /// Draws the weights; a pure function of (settings, seed). Each tensor has a stream of its own; biases stay 0, norms the identity.
    func initialise(_ initialisation: Initialisation, seed: UInt64) {
        var stream: UInt64 = 0
        for (network, plan) in zip(networks, composition.networks) {
            for tensor in network.layout.tensors {
                defer { stream += 1 }
                guard tensor.shape.count == 2 else { continue }
                let std: Double =
                    switch initialisation {
                    case .normal: 0.01
                    case .he: (2 / Double(tensor.shape[1])).squareRoot()
                    }
                let weight = Matrix(network.parameters[tensor.range], rows: tensor.shape[0], columns: tensor.shape[1])
                RandomSource(seed: seed, purpose: .initialisation, step: stream)
                    .fillNormal(weight, firstRow: 0, std: Float(plan.std ?? std))
            }
        }
    }
}
