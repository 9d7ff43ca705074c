import Evaluation
import Kernels

/// The sums of a Parzen window over one part of the samples, with what a figure needs beside them.
public struct ParzenShare: Sendable, Equatable {
    public private(set) var sums: ParzenSums
    /// How many of the images, from the first, choose the width.
    public let validation: Int
    /// Of an image.
    public let pixels: Int

    /// Adds the sums of other samples; false where they are of other images or widths.
    mutating func merge(_ other: ParzenShare) -> Bool {
        other.validation == validation && other.pixels == pixels && sums.merge(other.sums)
    }
}

extension ParzenShare {
    /// Most values of an image, and most images: more is not possible.
    private static let most = 1 << 32

    var json: JSON {
        [
            "sigmas": .array(sums.sigmas.map { .real($0) }), "images": JSON(sums.images), "validation": JSON(validation),
            "pixels": JSON(pixels), "samples": JSON(sums.samples),
            // Four numbers a sum, image after image, those of its widths together.
            "sums": .array(
                sums.sums.flatMap { sum in
                    [
                        JSON(Int(sum.place)), JSON.unsigned(sum.high), JSON.unsigned(sum.middle), JSON.unsigned(sum.low),
                    ]
                }),
        ]
    }

    /// Nil where it is no share, or one that cannot be.
    init?(_ json: JSON) {
        guard let sigmas = json["sigmas"]?.arrayValue?.map({ $0.doubleValue ?? .nan }), let images = json["images"]?.intValue,
            let validation = json["validation"]?.intValue, let pixels = json["pixels"]?.intValue,
            let samples = json["samples"]?.intValue, let numbers = json["sums"]?.arrayValue, numbers.count % 4 == 0,
            images < Self.most, (1..<images).contains(validation), (1..<Self.most).contains(pixels),
            samples <= EvaluationOptions.mostSamples
        else { return nil }
        var sums: [ExactLogSum] = []
        sums.reserveCapacity(numbers.count / 4)
        for start in stride(from: 0, to: numbers.count, by: 4) {
            guard let place = numbers[start].intValue.flatMap({ Int32(exactly: $0) }),
                let high = numbers[start + 1].unsignedValue, let middle = numbers[start + 2].unsignedValue,
                let low = numbers[start + 3].unsignedValue,
                let sum = ExactLogSum(place: place, high: high, middle: middle, low: low)
            else { return nil }
            sums.append(sum)
        }
        guard let sums = ParzenSums(sigmas: sigmas, images: images, samples: samples, sums: sums) else { return nil }
        self.init(sums: sums, validation: validation, pixels: pixels)
    }
}
