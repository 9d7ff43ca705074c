import Kernels

/// The random numbers of one glyph, in the order in which they are asked for. Draw j is word j mod 4 of the Philox block
/// with counter (image, ⌊j/4⌋, 0, 0) and a key of the data set's own (`set` tells two of them apart), so that an image depends on its index alone.
struct GlyphDraws {
    private let key: (UInt32, UInt32)
    private let image: UInt32
    private var drawn: UInt32 = 0
    private var block: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)

    init(image: Int, set: UInt32 = 1) {
        key = (0x676C_7970, set)
        self.image = UInt32(image)
    }

    /// A number in [0, 1), a multiple of 2⁻³².
    mutating func uniform() -> Double {
        if drawn % 4 == 0 { block = Philox4x32.block(counter: (image, drawn / 4, 0, 0), key: key) }
        let word =
            switch drawn % 4 {
            case 0: block.0
            case 1: block.1
            case 2: block.2
            default: block.3
            }
        drawn += 1
        return Double(word) * 0x1p-32
    }

    /// Approximates a normal number of standard deviation `deviation` by four uniform ones, so that no libm is needed.
    mutating func normal(_ deviation: Double) -> Double {
        let first = uniform() + uniform()
        let second = first + uniform()
        return (second + uniform() - 2) * 3.0.squareRoot() * deviation
    }
}
