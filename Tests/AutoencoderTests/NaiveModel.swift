import Autoencoder
import Glibc

/// The paper's three losses written out naively in double precision: the oracle of the phases' gradients.
struct NaiveModel {
    let settings: TrainingSettings
    /// Flat values by tensor name.
    var parameters: [String: [Double]]
    let images: [[Double]]
    let noise: [[Double]]
    let prior: [[Double]]

    private func network(_ name: String, _ input: [Double]) -> [Double] {
        var x = input
        var layer = 0
        while let weight = parameters["\(name).\(layer).weight"], let bias = parameters["\(name).\(layer).bias"] {
            let isLast = parameters["\(name).\(layer + 1).weight"] == nil
            x = bias.indices.map { output in
                let sum = x.indices.reduce(bias[output]) { $0 + weight[output * x.count + $1] * x[$1] }
                return isLast ? sum : max(sum, 0)
            }
            layer += 1
        }
        return x
    }

    private func sigmoid(_ z: Double) -> Double { 1 / (1 + exp(-z)) }
    private func code(_ row: Int) -> [Double] { network("encoder", zip(images[row], noise[row]).map { $0 + $1 }) }
    private func probability(_ code: [Double]) -> Double { sigmoid(network("discriminator.code", code)[0]) }

    /// The mean over the minibatch of a phase's loss.
    func loss(_ phase: String) -> Double {
        images.indices.reduce(0) { total, row in
            switch phase {
            case "reconstruction":
                let output = network("decoder", code(row))
                return total + zip(output, images[row]).reduce(0) { $0 + cost($1.0, $1.1) }
            case "discriminator":
                return total - log(probability(prior[row])) - log(1 - probability(code(row)))
            default:
                return total - log(probability(code(row)))
            }
        } / Double(images.count)
    }

    private func cost(_ logit: Double, _ x: Double) -> Double {
        let output = settings.model.output == .sigmoid ? sigmoid(logit) : logit
        switch settings.cost {
        case .halfSquaredError: return 0.5 * (output - x) * (output - x)
        case .crossEntropy: return -x * log(output) - (1 - x) * log(1 - output)
        }
    }

    /// The derivative of a phase's loss by each value of a tensor, by central differences.
    func gradient(_ phase: String, _ tensor: String) -> [Double] {
        let step = 1e-6
        return parameters[tensor]!.indices.map { index in
            var moved = self
            moved.parameters[tensor]![index] += step
            let above = moved.loss(phase)
            moved.parameters[tensor]![index] -= 2 * step
            return (above - moved.loss(phase)) / (2 * step)
        }
    }
}
