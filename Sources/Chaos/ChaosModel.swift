import Autoencoder
import Kernels

/// A model that rounds of chaos train: the one that was asked for, or one drawn at random. Sums that depend on which worker made
/// them show at some widths and not at others.
struct ChaosModel: Sendable {
    /// What the verdict calls it.
    var name: String
    /// Arguments of `lockstep train`, to follow those that define the run.
    var arguments: [String] = []

    static let asked = ChaosModel(name: "as asked for")

    /// Draws widths from one to two hundred, small ones as often as large ones; a minibatch that shards do not divide evenly; and
    /// the number of shards.
    ///
    /// - Parameter variant: the run's variant; networks that it does not have get no widths.
    static func drawn(_ random: inout SplitMix, of variant: Variant) -> ChaosModel {
        func widths() -> [Int] {
            (0..<Int.random(in: 1...2, using: &random)).map { _ in
                let most = [8, 40, 200].randomElement(using: &random) ?? 200
                return Int.random(in: most / 5...most, using: &random)
            }
        }
        let drawn = ["encoder", "decoder", "discriminator"].map { (network: $0, widths: widths()) }
        let networks = drawn.filter { drawn in
            VariantSetting(rawValue: "model.\(drawn.network)").map(variant.has) ?? true
        }
        let minibatch = Int.random(in: 3...100, using: &random)
        let shards = Int.random(in: 1...16, using: &random)
        return ChaosModel(
            name: networks.map { "\($0.network) \($0.widths), " }.joined() + "minibatch \(minibatch), shards \(shards)",
            arguments: networks.flatMap { ["--set", "model.\($0.network)=\($0.widths)"] } + [
                "--minibatch", "\(minibatch)", "--set", "shards=\(shards)",
            ])
    }
}
