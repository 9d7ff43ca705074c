/// The nonlinearity after the decoder's last layer.
public enum Output: String, Sendable, Hashable, CaseIterable {
    case sigmoid, linear
}

/// How weights are drawn before the first step; biases start at 0.
public enum Initialisation: String, Sendable, Hashable, CaseIterable {
    /// N(0, 0.01²), as the paper's networks begin.
    case normal
    /// N(0, 2/inputs).
    case he
}

/// The networks of a model: encoder, decoder, and the shape that all its discriminators have.
public struct ModelSettings: Sendable, Hashable {
    /// Hidden widths, ReLU each; may be empty.
    public var encoder: [Int]
    public var decoder: [Int]
    public var discriminator: [Int]
    /// Dimensions of the code.
    public var code: Int
    public var output: Output
    public var initialisation: Initialisation
    /// Classes of the labels, K.
    public var classes: Int
    /// Entries of a softmax that is trained without labels.
    public var clusters: Int

    public init(
        encoder: [Int], decoder: [Int], discriminator: [Int], code: Int, output: Output, initialisation: Initialisation,
        classes: Int = 10, clusters: Int = 16
    ) {
        self.encoder = encoder
        self.decoder = decoder
        self.discriminator = discriminator
        self.code = code
        self.output = output
        self.initialisation = initialisation
        self.classes = classes
        self.clusters = clusters
    }

    /// Goes through the keys that a variant has, in the order of a recipe.
    ///
    /// The upper limits lie far above anything useful; they keep a typing error from asking for a terabyte.
    public mutating func visit(_ keys: some SettingKeys, of variant: Variant, with parts: PartSettings) throws {
        let (widths, layers) = (1...1 << 16, 16)
        try keys.setting(.encoder, of: variant, with: parts) { try keys.list($0, &encoder, widths, atMost: layers) }
        try keys.list("decoder", &decoder, widths, atMost: layers)
        try keys.setting(.discriminator, of: variant, with: parts) { try keys.list($0, &discriminator, widths, atMost: layers) }
        try keys.integer("code", &code, 1...4_096)
        try keys.choice("output", &output)
        try keys.choice("initialisation", &initialisation)
        // A label is a byte, and one of its values means no label.
        try keys.setting(.classes, of: variant, with: parts) { try keys.integer($0, &classes, 1...255) }
        try keys.setting(.clusters, of: variant, with: parts) { try keys.integer($0, &clusters, 1...4_096) }
    }
}
