import Autoencoder
import Datasets
import Evaluation

// What protocols have in common: why they say nothing, and how a mean is written for a person.

extension EvaluationSubject {
    var lackOfCodes: EvaluationLack? {
        inference.canEncode ? nil : .model("encodes no image, and has no codes")
    }

    var lackOfImages: EvaluationLack? {
        images.count > 0 ? nil : .images("there are no \(options.split.rawValue) images")
    }

    var lackOfLabels: EvaluationLack? {
        hasLabels ? nil : .images("the \(options.split.rawValue) images have no labels")
    }

    /// For protocols that compare codes with classes: the training images need labels too.
    var lackOfTaughtCodes: EvaluationLack? {
        if let lack = lackOfCodes ?? lackOfLabels { return lack }
        return data.train.hasLabels && data.train.count > 0 ? nil : .images("the training images have no labels")
    }

    /// For a decoder that is told the class of an image, which no encoder finds.
    var lackOfToldLabels: EvaluationLack? {
        inference.decodedLabels != nil && !inference.canLabel ? lackOfLabels : nil
    }
}

extension EvaluationSubject {
    /// Encodes the images of the split, and the validation images, which say which class a cluster has; half of the time goes to each.
    func encodedWithValidation(_ pace: @escaping WorkPace) throws -> (images: EncodedImages, validation: EncodedImages) {
        let images = try encoded(options.split) { try pace(0.5 * $0) }
        return (images, try encoded(.validation) { try pace(0.5 + 0.5 * $0) })
    }

    /// Multiplications that this takes.
    var workWithValidation: Double { Double(images.count + data.validation.count) * encodeWork }
}

extension MeanWithError {
    var words: String { "\(NumberText.rounded(mean)) ± \(NumberText.rounded(error)) nats" }
}
