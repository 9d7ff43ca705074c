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

/// The networks of the basic model: encoder, decoder and the discriminator on the code.
public struct ModelSettings: Sendable, Hashable {
    /// Hidden widths, ReLU each; may be empty.
    public var encoder: [Int]
    public var decoder: [Int]
    public var discriminator: [Int]
    /// Dimensions of the code.
    public var code: Int
    public var output: Output
    public var initialisation: Initialisation

    public init(
        encoder: [Int], decoder: [Int], discriminator: [Int], code: Int, output: Output, initialisation: Initialisation
    ) {
        self.encoder = encoder
        self.decoder = decoder
        self.discriminator = discriminator
        self.code = code
        self.output = output
        self.initialisation = initialisation
    }

    func encoderWidths(pixels: Int) -> [Int] { [pixels] + encoder + [code] }
    func decoderWidths(pixels: Int) -> [Int] { [code] + decoder + [pixels] }
    var discriminatorWidths: [Int] { [code] + discriminator + [1] }

    /// Parameters of all networks.
    public func parameterCount(pixels: Int) -> Int {
        let counts = parameterCounts(pixels: pixels)
        return counts.encoder + counts.decoder + counts.discriminator
    }

    /// Parameters of the networks by name.
    func parameterCounts(pixels: Int) -> (encoder: Int, decoder: Int, discriminator: Int) {
        func count(_ widths: [Int]) -> Int { products(widths) + widths.dropFirst().reduce(0, +) }
        return (count(encoderWidths(pixels: pixels)), count(decoderWidths(pixels: pixels)), count(discriminatorWidths))
    }

    /// Multiply-adds of one sample's three phases, with one encoder pass shared by the two halves of the
    /// regularization phase: 22.6 million at 784-1000-1000-8.
    public func multiplyAddsPerSample(pixels: Int) -> Int {
        let (encoder, decoder) = (encoderWidths(pixels: pixels), decoderWidths(pixels: pixels))
        let adversary = discriminatorWidths
        // The backward pass to a network's own input costs its first product too; without it that one is saved.
        let reconstruction = 3 * products(encoder) - encoder[0] * encoder[1] + 3 * products(decoder)
        let discriminator = products(encoder) + 2 * (3 * products(adversary) - adversary[0] * adversary[1])
        let generator = 2 * products(adversary) + 2 * products(encoder) - encoder[0] * encoder[1]
        return reconstruction + discriminator + generator
    }

    private func products(_ widths: [Int]) -> Int {
        zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
