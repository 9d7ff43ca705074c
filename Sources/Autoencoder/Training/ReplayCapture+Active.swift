import Kernels
import Layers

/// Which hidden units let their input pass, as fp32 saw it.
extension ReplayCapture {
    /// The masks of every network that the phase ran, the lanes' rows in the minibatch's order.
    func captureActive(_ replica: Replica, phase: Int, lanes: [Lane]) {
        let name = replica.phases[phase].name
        let model = replica.model
        func add(
            _ network: MultilayerPerceptron, _ label: String, _ suffix: String, _ rows: (Lane) -> [(Activations, Int, Range<Int>)]
        ) {
            for layer in 0..<network.layers - 1 {
                var mask: [UInt8] = []
                for lane in lanes {
                    for (activations, total, range) in rows(lane) {
                        let output = activations.output(ofLayer: layer, rows: total).rows(range)
                        mask += output.values.array.map { $0 > 0 ? 1 : 0 }
                    }
                }
                let width = network.widths[layer + 1]
                self.add("phase.\(name).active.\(label).\(layer)\(suffix)", [mask.count / width, width], .u8(mask))
            }
        }
        func all(_ activations: @escaping (Lane) -> Activations) -> (Lane) -> [(Activations, Int, Range<Int>)] {
            { lane in lane.blocks.ranges.map { (activations(lane), lane.blocks.rows, $0) } }
        }
        add(model.encoder, "encoder", "", all(\.encoder))
        // A lane keeps one adversary's activations at a time: the masks are of a model with a single one.
        let adversary = model.adversaries.count == 1 ? model.adversaries[0] : nil
        switch replica.states[phase].kind {
        case .reconstruction: add(model.decoder, "decoder", "", all(\.decoder))
        case .generator:
            if let adversary { add(adversary.network, "discriminator.\(adversary.name)", "", all(\.adversary)) }
        case .discriminator:
            guard let adversary else { return }
            // Of each shard first its prior samples, then its codes.
            for (suffix, isReal) in [(".real", true), (".fake", false)] {
                add(adversary.network, "discriminator.\(adversary.name)", suffix) { lane in
                    let halves = lane.blocks.scaled(by: 2)
                    return halves.ranges.map { rows in
                        let middle = rows.lowerBound + rows.count / 2
                        return (lane.adversary, halves.rows, isReal ? rows.lowerBound..<middle : middle..<rows.upperBound)
                    }
                }
            }
        }
    }
}
