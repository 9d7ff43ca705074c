import Kernels
import Layers

/// Which hidden units let their input pass, as fp32 saw it.
extension ReplayCapture {
    /// The masks of every network that the phase ran, the lanes' rows in the minibatch's order.
    func captureActive(_ replica: Replica, phase: Int, lanes: [Lane]) {
        let (name, model) = (replica.phases[phase].name, replica.model)
        for node in model.programs[phase].forward {
            let vertex = model.composition.graph[node]
            guard case .apply(let network) = vertex.operation else { continue }
            let label = "phase.\(name).active.\(model.composition.networks[network].name)"
            // Of each shard first what is real, then what is fake.
            let parts = vertex.multiple == 2 ? [".real", ".fake"] : [""]
            for (part, suffix) in parts.enumerated() {
                add(model.networks[network], label, suffix, node, lanes) { rows in
                    let length = rows.count / parts.count
                    return rows.lowerBound + part * length..<rows.lowerBound + (part + 1) * length
                }
            }
        }
    }

    /// - Parameter part: those of a shard's rows that are meant.
    private func add(
        _ network: MultilayerPerceptron, _ label: String, _ suffix: String, _ node: Node, _ lanes: [Lane],
        part: (Range<Int>) -> Range<Int>
    ) {
        for layer in 0..<network.layers - 1 {
            var mask: [UInt8] = []
            for lane in lanes {
                let blocks = lane.blocks(node)
                let output = lane.activations(node).output(ofLayer: layer, rows: blocks.rows)
                for rows in blocks.ranges { mask += output.rows(part(rows)).values.array.map { $0 > 0 ? 1 : 0 } }
            }
            let width = network.widths[layer + 1]
            add("\(label).\(layer)\(suffix)", [mask.count / width, width], TensorValues(mask))
        }
    }
}
