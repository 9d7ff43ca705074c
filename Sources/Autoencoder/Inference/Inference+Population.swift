import Kernels
import Layers

/// The images from which a trained model's norms take their moments for evaluation.
public struct PopulationImages: Sendable {
    public let count: Int
    /// The bytes of some of them, one image after the other.
    public let images: @Sendable (Range<Int>) -> [UInt8]
    /// Their labels; asked for only where the decoder is told them.
    public let labels: @Sendable (Range<Int>) -> [UInt8]

    public init(
        count: Int, images: @escaping @Sendable (Range<Int>) -> [UInt8], labels: @escaping @Sendable (Range<Int>) -> [UInt8]
    ) {
        self.count = count
        self.images = images
        self.labels = labels
    }
}

extension TrainingSettings {
    /// Whether a trained model has norms, whose moments must be found before it is evaluated.
    public var hasNorms: Bool { parts.norm != NormSettings() && !composition.norms.isEmpty }
}

extension Inference {
    /// Blocks of images whose sums are taken together. Sums are added chunk by chunk, so that the number of threads changes no bits.
    static let chunkBlocks = 20
    /// Bytes of values that are kept from one norm to the next, and of codes beside them, at most.
    public static let mostKeptBytes = 256 << 20

    /// As many of these bytes as the machine and the limits of this process have room for, beside everything else; 0 for none. What is not kept is
    /// computed again.
    public static func keptBytes(limits: MachineLimits = .look()) -> Int {
        let left = [limits.memoryLeft, limits.machineLeft].compactMap(\.self).min()
        var bytes = min(mostKeptBytes, left.map { Int(clamping: $0 / 8) } ?? mostKeptBytes)
        while bytes > 0, (try? MemoryRoom.require(threads: 1, bytes: 2 * bytes, for: "keeping values")) == nil {
            bytes = bytes < 1 << 20 ? 0 : bytes / 2
        }
        return bytes
    }

    /// Mean and variance of the columns of every norm over clean images: the same for every caller.
    ///
    /// A phase normalises by its own minibatch, whose images are noisy or labelled, so training leaves no moments to use here. The norms are
    /// processed in order, each after those below it; the decoder's from the images' own codes. A norm's input is kept for the norm above it as far
    /// as there is room. For the other images it is computed again, with the same bits.
    ///
    /// - Parameters:
    ///   - tensors: of a state.
    ///   - averaged: take the averaged weights.
    ///   - kept: bytes of values, and of codes, that are kept at most; nil for `keptBytes`.
    ///   - pace: called before each piece of the work; what it throws ends it.
    /// - Returns: the tensors that `init` looks for beside the parameters.
    public static func populationMoments(
        _ settings: TrainingSettings, tensors: [Tensor], averaged: Bool, over images: PopulationImages, team: ThreadTeam,
        keeping kept: Int? = nil, pace: @Sendable () throws -> Void = {}
    ) throws -> [Tensor] {
        precondition(images.count > 0, "moments of no image")
        var inference = try Inference(settings, tensors: tensors, averaged: averaged, hasMoments: false)
        let sweep = PopulationSweep(images, keeping: kept ?? keptBytes())
        let norms = inference.model.composition.norms
        var found: [Tensor] = []
        for (index, norm) in norms.enumerated() {
            let isNeeded = norms[(index + 1)...].contains { inference.follows($0.node, norm.node) }
            let sums = try sweep.sums(of: norm.node, inference, isKept: isNeeded, team, pace)
            let moments = ColumnMoments(columns: sums.count / 2)
            moments.set(sums: sums, rows: images.count)
            inference.population[norm.place] = moments
            for (name, values) in [(StateNames.mean(norm.name), moments.mean), (StateNames.variance(norm.name), moments.variance)] {
                found.append(Tensor(name: name, shape: [values.count], values: .f32(values)))
            }
        }
        return found
    }

    /// Whether one node needs another.
    private func follows(_ node: Node, _ other: Node) -> Bool { model.composition.graph.order(for: [node]).contains(other) }
}

extension Composition {
    /// The norms of a trained model, each after those below it; `name` is `encoder.0`.
    var norms: [(node: Node, place: NormPlace, name: String)] {
        graph.order(for: Array(outputs.values)).compactMap { node in
            guard case .normalise(let network, let layer, _) = graph[node].operation else { return nil }
            return (node, NormPlace(network: network, layer: layer), "\(networks[network].name).\(layer)")
        }
    }
}
