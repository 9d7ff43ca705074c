import Kernels
import Layers

/// Which hidden units let their input pass, as fp32 saw it.
extension ReplayCapture {
    /// The masks of every rectified layer that the phase ran, the lanes' rows in the minibatch's order.
    func captureActive(_ replica: Replica, phase: Int, lanes: [Lane]) {
        let (name, model) = (replica.phases[phase].name, replica.model)
        let graph = model.composition.graph
        for node in model.programs[phase].forward {
            guard let (network, layer) = graph.rectified(node) else { continue }
            let label = "phase.\(name).active.\(model.composition.networks[network].name).\(layer)"
            // Of each shard first what is real, then what is fake.
            let parts = graph[node].multiple == 2 ? [".real", ".fake"] : [""]
            for (part, suffix) in parts.enumerated() {
                var mask: [UInt8] = []
                for lane in lanes {
                    for rows in lane.blocks(node).ranges {
                        let length = rows.count / parts.count
                        let start = rows.lowerBound + part * length
                        mask += lane.value(node).rows(start..<start + length).values.array.map { $0 > 0 ? 1 : 0 }
                    }
                }
                let width = graph[node].columns
                add(label + suffix, [mask.count / width, width], TensorValues(mask))
            }
        }
    }
}

extension Graph {
    /// The layer whose ReLU the value is the output of; nil for another.
    fileprivate func rectified(_ node: Node) -> (network: Int, layer: Int)? {
        switch self[node].operation {
        case .dense(let network, let layer, isRectified: true): return (network, layer)
        case .rectify:
            guard case .normalise(let network, let layer, _) = self[self[node].inputs[0]].operation else { return nil }
            return (network, layer)
        default: return nil
        }
    }
}
