import Autoencoder
import Glibc
import Kernels

/// A model that is a line: x = (z₁, z₂, 0) + offset + noise, with z of a Gaussian prior, so that every likelihood is known in
/// closed form.
struct LinearModel {
    static let pixels = 3
    static let offset: [Float] = [0.5, 0.4, 0.3]
    static let std = 0.25

    /// What its encoder says of an image: `share` of the pixels' distance from the offset. With a posterior (a VAE), `deviation`
    /// is its width.
    static func inference(share: Float, deviation: Double? = nil, output: Float = 1, classes: Int? = nil) throws -> Inference {
        let head = deviation == nil ? 2 : 4
        var encoder = [Float](repeating: 0, count: head * pixels)
        (encoder[0], encoder[pixels + 1]) = (share, share)
        var bias = [-share * offset[0], -share * offset[1]]
        if let deviation { bias += Array(repeating: Float(2 * log(deviation)), count: 2) }
        let inputs = 2 + (classes ?? 0)
        var decoder = [Float](repeating: 0, count: pixels * inputs)
        // A class moves the third pixel.
        for label in 0..<(classes ?? 0) { decoder[2 * inputs + label] = Float(label) * 0.2 }
        (decoder[inputs - 2], decoder[inputs + inputs - 1]) = (output, output)
        let tensors = [
            Tensor(name: "encoder.0.weight", shape: [head, pixels], values: .f32(Slice(encoder))),
            Tensor(name: "encoder.0.bias", shape: [head], values: .f32(Slice(bias))),
            Tensor(name: "decoder.0.weight", shape: [pixels, inputs], values: .f32(Slice(decoder))),
            Tensor(name: "decoder.0.bias", shape: [pixels], values: .f32(Slice(offset))),
        ]
        var model = ModelSettings(
            encoder: [], decoder: [], discriminator: [], code: 2, output: .linear, initialisation: .normal)
        if let classes { model.classes = classes }
        let variant: Variant = classes != nil ? .supervised : deviation == nil ? .basic : .vae
        let settings = TrainingSettings(
            variant: variant, model: model, cost: .halfSquaredError, prior: .gaussian(std: std), phases: [:], average: 0,
            gradientBits: 31, minibatch: 1, shards: 1, seed: 0, pixels: pixels, trainingImages: 1)
        return try Inference(settings, tensors: tensors)
    }

    /// Bytes of images about the offset.
    static func images(_ range: Range<Int>) -> [UInt8] {
        range.flatMap { image in (0..<pixels).map { UInt8(60 + (image * 37 + $0 * 53) % 100) } }
    }

    /// log p(x) of an image, noise of deviation `sigma` in each pixel, `moved` the third one's offset.
    static func nats(_ image: Int, sigma: Double, moved: Double = 0) -> Double {
        let values = images(image..<image + 1).map { Double(Float($0) / 255) }
        return (0..<pixels).reduce(0) { sum, pixel in
            let variance = sigma * sigma + (pixel < 2 ? std * std : 0)
            let away = values[pixel] - Double(offset[pixel]) - (pixel == 2 ? moved : 0)
            return sum - 0.5 * (away * away / variance + log(2 * Double.pi * variance))
        }
    }
}
