// What a variant of the paper may have beside networks, prior and phases. Each is off where a recipe does not name it.

/// How a code comes from an image (section 1 of paper.md, encoder kinds).
public enum PosteriorSettings: Sendable, Hashable {
    /// z = f(x).
    case deterministic
    /// z = μ(x) + σ(x) ε, reparameterised.
    case gaussian
    /// z = f(x, η) with fixed noise η of `width` values N(0, std²), joined to the image.
    case universal(width: Int, std: Double)

    /// The name in a recipe.
    public var kind: String {
        switch self {
        case .deterministic: "deterministic"
        case .gaussian: "gaussian"
        case .universal: "universal"
        }
    }
}

/// Which rows a layer is normalised by.
public enum NormKind: String, Sendable, Hashable, CaseIterable {
    case none
    /// All rows of the global minibatch: their moments are exchanged.
    case batch
    /// The shard's own rows: nothing is exchanged.
    case shard
}

/// Batch norm before the activations of the autoencoder's layers.
public struct NormSettings: Sendable, Hashable {
    /// Hidden layers of the encoder.
    public var encoder: NormKind
    /// The encoder's last layer: what is in the code and in the labels.
    public var heads: NormKind
    /// Hidden layers of the decoder.
    public var decoder: NormKind

    public init(encoder: NormKind = .none, heads: NormKind = .none, decoder: NormKind = .none) {
        self.encoder = encoder
        self.heads = heads
        self.decoder = decoder
    }
}

/// Shares of values that are dropped in training, the others scaled up (paper.md section 1).
public struct DropoutSettings: Sendable, Hashable {
    /// Of the encoder's input.
    public var input: Double
    /// Behind each hidden ReLU of encoder and decoder.
    public var hidden: Double

    public init(input: Double = 0, hidden: Double = 0) {
        self.input = input
        self.hidden = hidden
    }
}

/// Which of the training images have labels, and how many of them a step takes.
public struct LabelSettings: Sendable, Hashable {
    /// Images with a label, `count` / K of each class; nil for all.
    public var count: Int?
    /// Of the choice among the images.
    public var seed: UInt64
    /// Rows of the labelled minibatch.
    public var minibatch: Int

    public init(count: Int? = nil, seed: UInt64 = 0, minibatch: Int = 100) {
        self.count = count
        self.seed = seed
        self.minibatch = minibatch
    }
}

/// The penalty that keeps cluster heads apart (section 7 of the paper).
public struct HeadSettings: Sendable, Hashable {
    /// η: any two heads nearer than this cost what is missing.
    public var distance: Double
    public var weight: Double

    public init(distance: Double = 6, weight: Double = 1) {
        self.distance = distance
        self.weight = weight
    }
}

/// All of them together.
public struct PartSettings: Sendable, Hashable {
    public var posterior = PosteriorSettings.deterministic
    public var norm = NormSettings()
    public var dropout = DropoutSettings()
    /// Standard deviation of the Gaussian noise on every discriminator's input, training only; 0 = none.
    public var discriminatorNoise = 0.0
    /// Nil where the variant needs none, or is to do without.
    public var labels: LabelSettings?
    public var heads = HeadSettings()
    /// What the reconstruction cost is multiplied by.
    public var reconstructionWeight = 1.0

    public init() {}
}
