import Autoencoder
import Datasets

extension Configuration {
    /// Images in MNIST's training file.
    private static let mnistImages = 60_000

    /// What no key can tell by itself: settings that do not go together. The owners of the settings say so; their word gets its place in the file.
    func check(against tree: Setting) throws {
        func failure(_ key: String, _ problem: String, suggestion: String? = nil) -> ConfigurationError {
            ConfigurationError(origin: tree.nearest(to: key).origin.text, key: key, problem: problem, suggestion: suggestion)
        }
        do { try prior.validate() } catch let error as SettingsError { throw failure(error.key, error.problem) }
        if let dimensions = prior.dimensions, model.code != dimensions {
            throw failure(
                "model.code", "\(model.code) is impossible with the prior \(prior.kind), which lies in the plane",
                suggestion: "\(dimensions)")
        }
        if data.set == "mnist", let train = data.train, let validation = data.validation, train + validation > Self.mnistImages {
            throw failure(
                "data.train",
                "\(train) with a validation of \(validation) is impossible, since MNIST has \(Self.mnistImages) training images",
                suggestion: validation < Self.mnistImages ? "\(Self.mnistImages - validation)" : nil)
        }
        do {
            try data.validate()
            try training(pixels: 784, trainingImages: data.train ?? minibatch).validate()
        } catch DataError.setting(let key, let found, let expected) {
            throw failure("data.\(key)", "\(found) is impossible, expected \(expected)")
        } catch let error as SettingsError {
            throw failure(error.key, error.problem)
        }
    }

    /// Every dotted key there is, over all kinds of priors, optimizers, schedules and data sets, with the names of the mappings they stand in.
    public static let knownKeys: [String] = {
        var specimens = PriorSettings.usual.map { prior in
            var specimen = Configuration()
            specimen.prior = prior
            return specimen
        }
        specimens[0].data = DataSettings(
            set: "idx", images: "images", labels: "labels", testImages: "images", testLabels: "labels", file: "file",
            folder: "folder")
        for name in Variant.allCases.flatMap({ $0.phaseNames($0.usualParts) }) {
            specimens[1].phases[name]?.optimizer = .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
            specimens[2].phases[name]?.schedule = .init(kind: .cosine(from: 0, to: 1, after: 1))
        }
        var keys: [String] = []
        for key in specimens.flatMap({ $0.settings.leaves.map(\.key) }) {
            let parts = key.split(separator: ".")
            for count in 1...parts.count {
                let part = parts.prefix(count).joined(separator: ".")
                if !keys.contains(part) { keys.append(part) }
            }
        }
        return keys
    }()

    /// A key of this last name in another place: someone who writes `encoder` at the top means `model.encoder`.
    static func keyElsewhere(named name: String) -> String? {
        knownKeys.first { $0.hasSuffix("." + name) }
    }
}
