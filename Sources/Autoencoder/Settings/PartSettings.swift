// What a variant of the paper may have beside networks, prior and phases. Each is off where a recipe does not name it.

/// How a code comes from an image (section 2 of the paper: three kinds of encoder).
public enum PosteriorSettings: Sendable, Hashable {
    /// z = f(x).
    case deterministic
    /// z = μ(x) + σ(x) ε, reparameterised.
    case gaussian
    /// z = f(x, η) with fixed noise η of `width` values N(0, std²), joined to the image.
    case universal(width: Int, std: Double)

    /// The kinds as a recipe names them.
    private enum Kind: String, CaseIterable, Sendable {
        case deterministic, gaussian, universal
    }

    private var named: Kind {
        switch self {
        case .deterministic: .deterministic
        case .gaussian: .gaussian
        case .universal: .universal
        }
    }

    /// The name in a recipe.
    public var kind: String { named.rawValue }

    /// A kind with the defaults of its keys.
    private init(_ kind: Kind) {
        self =
            switch kind {
            case .deterministic: .deterministic
            case .gaussian: .gaussian
            case .universal: .universal(width: 100, std: 1)
            }
    }

    /// Goes through the keys that the kind has, in the order of a recipe.
    mutating func visit(_ keys: some SettingKeys) throws {
        var kind = named
        try keys.choice("kind", &kind)
        if kind != named { self = PosteriorSettings(kind) }
        guard case .universal(var width, var std) = self else { return }
        try keys.integer("width", &width, 1...1 << 16)
        try keys.real("std", &std, .deviation)
        self = .universal(width: width, std: std)
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
    /// The encoder's last layer: the heads of the code and of the labels.
    public var heads: NormKind
    /// Hidden layers of the decoder.
    public var decoder: NormKind

    public init(encoder: NormKind = .none, heads: NormKind = .none, decoder: NormKind = .none) {
        self.encoder = encoder
        self.heads = heads
        self.decoder = decoder
    }

    mutating func visit(_ keys: some SettingKeys, of variant: Variant, with parts: PartSettings) throws {
        try keys.setting(.encoderNorm, of: variant, with: parts) { try keys.choice($0, &encoder) }
        try keys.setting(.headNorm, of: variant, with: parts) { try keys.choice($0, &heads) }
        try keys.setting(.decoderNorm, of: variant, with: parts) { try keys.choice($0, &decoder) }
    }
}

/// Shares of values that are dropped in training, the others scaled up (Srivastava et al. 2014).
public struct DropoutSettings: Sendable, Hashable {
    /// Of the encoder's input.
    public var input: Double
    /// Behind each hidden ReLU of encoder and decoder.
    public var hidden: Double

    public init(input: Double = 0, hidden: Double = 0) {
        self.input = input
        self.hidden = hidden
    }

    mutating func visit(_ keys: some SettingKeys, of variant: Variant, with parts: PartSettings) throws {
        try keys.setting(.inputDropout, of: variant, with: parts) { try keys.real($0, &input, .fraction) }
        try keys.setting(.hiddenDropout, of: variant, with: parts) { try keys.real($0, &hidden, .fraction) }
    }
}

/// Which of the training images have labels, and how many of them a step takes.
public struct LabelSettings: Sendable, Hashable {
    /// Images with a label, `count` / K of each class; nil for all.
    public var count: Int?
    /// Seed of the choice among the images.
    public var seed: UInt64
    /// Rows of the labelled minibatch.
    public var minibatch: Int

    public init(count: Int? = nil, seed: UInt64 = 0, minibatch: Int = 100) {
        self.count = count
        self.seed = seed
        self.minibatch = minibatch
    }

    mutating func visit(_ keys: some SettingKeys, of variant: Variant, with parts: PartSettings) throws {
        try keys.count("count", &count, 1...Int(Int32.max), or: "all")
        try keys.integer("seed", &seed, 0...UInt64.max)
        try keys.setting(.labelledMinibatch, of: variant, with: parts) { try keys.integer($0, &minibatch, 1...1 << 20) }
    }
}

/// The penalty that keeps cluster heads apart (section 7 of the paper).
public struct HeadSettings: Sendable, Hashable {
    /// η: two heads nearer to each other than this cost the missing distance.
    public var distance: Double
    public var weight: Double

    public init(distance: Double = 6, weight: Double = 1) {
        self.distance = distance
        self.weight = weight
    }

    mutating func visit(_ keys: some SettingKeys) throws {
        try keys.real("distance", &distance, .amount)
        try keys.real("weight", &weight, .amount)
    }
}

/// All these settings together.
public struct PartSettings: Sendable, Hashable {
    public var posterior = PosteriorSettings.deterministic
    public var norm = NormSettings()
    public var dropout = DropoutSettings()
    /// Standard deviation of the Gaussian noise on the encoder's input, training only; 0 = none.
    public var inputNoise = 0.0
    /// Standard deviation of the Gaussian noise on every discriminator's input, training only; 0 = none.
    public var discriminatorNoise = 0.0
    /// Nil where the variant needs none, or is to do without.
    public var labels: LabelSettings?
    public var heads = HeadSettings()
    /// What the reconstruction cost is multiplied by.
    public var reconstructionWeight = 1.0

    public init() {}

    /// Goes through the keys that a variant has, in the order of a recipe; they stand at its root.
    public mutating func visit(_ keys: some SettingKeys, of variant: Variant) throws {
        let parts = self
        try keys.setting(.posterior, of: variant, with: parts) { try keys.mapping($0) { try posterior.visit($0) } }
        try keys.mapping("norm") { try norm.visit($0, of: variant, with: parts) }
        try keys.mapping("dropout") { try dropout.visit($0, of: variant, with: parts) }
        try keys.mapping("noise") { keys in
            try keys.setting(.inputNoise, of: variant, with: parts) { try keys.real($0, &inputNoise, .pixelNoise) }
            try keys.setting(.discriminatorNoise, of: variant, with: parts) { try keys.real($0, &discriminatorNoise, .amount) }
        }
        try keys.setting(.labels, of: variant, with: parts) { try visitLabels(keys, $0, of: variant) }
        try keys.setting(.heads, of: variant, with: parts) { try keys.mapping($0) { try heads.visit($0) } }
        try keys.mapping("weights") { keys in
            try keys.setting(.reconstructionWeight, of: variant, with: parts) {
                try keys.real($0, &reconstructionWeight, .amount)
            }
        }
    }

    private mutating func visitLabels(_ keys: some SettingKeys, _ key: String, of variant: Variant) throws {
        var isLabelled = labels != nil
        let parts = self
        try keys.mapping(key, isThere: &isLabelled) { keys in
            var mine = labels ?? LabelSettings()
            try mine.visit(keys, of: variant, with: parts)
            labels = mine
        }
    }
}
