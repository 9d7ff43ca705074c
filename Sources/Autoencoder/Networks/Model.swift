import Kernels
import Layers

/// A discriminator on the code, told from a prior's samples.
struct Adversary: Sendable {
    /// `code`: the middle of its tensors' names.
    let name: String
    let network: MultilayerPerceptron
}

/// The networks of a model. Adversaries are a list, since further variants have one for each head.
struct Model: Sendable {
    let encoder: MultilayerPerceptron
    let decoder: MultilayerPerceptron
    let adversaries: [Adversary]

    /// Networks with all parameters zero.
    init(_ settings: ModelSettings, pixels: Int) {
        encoder = MultilayerPerceptron(name: "encoder", widths: settings.encoderWidths(pixels: pixels))
        decoder = MultilayerPerceptron(name: "decoder", widths: settings.decoderWidths(pixels: pixels))
        adversaries = [
            Adversary(
                name: "code",
                network: MultilayerPerceptron(name: "discriminator.code", widths: settings.discriminatorWidths))
        ]
    }

    var networks: [MultilayerPerceptron] { [encoder, decoder] + adversaries.map(\.network) }

    /// Draws the weights; a pure function of (settings, seed). Each tensor has a stream of its own, biases stay 0.
    func initialise(_ initialisation: Initialisation, seed: UInt64) {
        var stream: UInt64 = 0
        for network in networks {
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
                    .fillNormal(weight, firstRow: 0, std: Float(std))
            }
        }
    }
}
