/// What stands behind the decoder's last layer.
public enum Output: String, Sendable, Hashable, CaseIterable {
    case sigmoid, linear
}

/// How weights are drawn before the first step; biases start at 0.
public enum Initialisation: String, Sendable, Hashable, CaseIterable {
    /// N(0, 0.01²) (paper.md section 3).
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
    /// Entries of a softmax that no label teaches.
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
}
