import Autoencoder
import Datasets
import Kernels
import Layers

extension Configuration {
    /// Images in MNIST's training file.
    private static let mnistImages = 60_000

    /// Checks settings against each other, which no key can do alone. The owners of the settings name the conflict; the place in the file is
    /// added here.
    func check(against tree: Setting) throws {
        func failure(_ key: String, _ problem: String, with others: [String], suggestion: String? = nil) -> ConfigurationError {
            ConfigurationError(
                origin: tree.origin(of: key, with: others).text, key: key, problem: problem, suggestion: suggestion)
        }
        do { try prior.validate() } catch let error as SettingsError { throw failure(error.key, error.problem, with: error.others) }
        if let dimensions = prior.dimensions, model.code != dimensions {
            throw failure(
                "model.code", "\(model.code) is impossible with the prior \(prior.kind), which \(prior.extent)",
                with: ["prior.kind"], suggestion: "\(dimensions)")
        }
        if data.standardise, model.output != .linear {
            throw failure(
                "data.standardise",
                "true is impossible with model.output \(model.output.rawValue), whose images are 0 to 1 and standardised ones are not; set model.output to linear",
                with: ["model.output"])
        }
        if data.set == "mnist", let train = data.train, let validation = data.validation, train + validation > Self.mnistImages {
            throw failure(
                "data.train",
                "\(train) with a validation of \(validation) is impossible, since MNIST has \(Self.mnistImages) training images",
                with: ["data.validation", "data.set"],
                suggestion: validation < Self.mnistImages ? "\(Self.mnistImages - validation)" : nil)
        }
        if engine == .portable, kernel != "auto" {
            throw failure(
                "kernel", "\(kernel) is impossible with the engine portable, whose kernels are its own", with: ["engine"],
                suggestion: "auto")
        }
        if engine == .openblas, precision != .fp32 {
            let named = kernel == "auto" ? "" : " (the kernel \(kernel) is one of its)"
            throw failure(
                "precision", "\(precision.rawValue) is impossible with the engine openblas, which multiplies in fp32\(named)",
                with: ["engine", "kernel"],
                suggestion: Precision.fp32.rawValue)
        }
        do {
            try data.validate()
            try training(pixels: 784, trainingImages: data.train ?? minibatch).validate()
        } catch DataError.setting(let key, let found, let expected) {
            throw failure(
                "data.\(key)", "\(found) is impossible, expected \(expected)", with: ["data.set", "data.train", "data.validation"])
        } catch let error as SettingsError {
            throw failure(error.key, error.problem, with: error.others)
        }
    }

    /// Every dotted key there is, over all kinds of priors, optimizers, schedules and data sets, with the names of the mappings they stand in.
    public static let knownKeys: [String] = {
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

    /// Keys whose value decides which others their mapping has.
    static let kindKeys: Set<String> = ["kind", "optimizer"]

    /// For each key in a mapping with a kind, by its dotted name: the kinds that have it.
    static let kindsByKey: [String: [String]] = {
        var kinds: [String: [String]] = [:]
        for leaves in specimens.map(\.settings.leaves) {
            for (key, value) in leaves {
                let parts = key.split(separator: ".")
                guard let last = parts.last, kindKeys.contains(String(last)) else { continue }
                let mapping = parts.dropLast().joined(separator: ".") + "."
                let own = leaves.map(\.key).filter { $0.hasPrefix(mapping) && !$0.dropFirst(mapping.count).contains(".") }
                for other in own where !(kinds[other] ?? []).contains(value.flow) {
                    kinds[other, default: []].append(value.flow)
                }
            }
        }
        return kinds
    }()

    /// Configurations that together have every key there is.
    private static let specimens: [Configuration] = {
        var specimens = PriorSettings.usual.map { prior in
            var specimen = Configuration()
            specimen.prior = prior.isOfSamples ? .samples(file: "file", digest: "digest") : prior
            return specimen
        }
        specimens[0].data = DataSettings(
            set: "idx", images: "images", labels: "labels", testImages: "images", testLabels: "labels", file: "file",
            folder: "folder", standardise: true, extra: true, fold: 1)
        return specimens + Variant.allCases.flatMap(specimens(of:))
    }()

    /// A variant with and without labels, its phases with each kind of optimizer and schedule.
    private static func specimens(of variant: Variant) -> [Configuration] {
        [false, true].flatMap { isLabelled -> [Configuration] in
            var specimen = Configuration(variant: variant)
            if variant.has(.labels), isLabelled { specimen.parts.labels = LabelSettings() }
            specimen.parts.posterior = .universal(width: 1, std: 1)
            specimen.phases = Dictionary(uniqueKeysWithValues: specimen.phaseNames.map { ($0, defaultPhase($0)) })
            let cosine = Schedule(kind: .cosine(from: 0, to: 1, after: 1))
            var second = specimen
            second.phases = specimen.phases.mapValues {
                PhaseSettings(optimizer: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), rate: $0.rate, schedule: cosine)
            }
            return [specimen, second]
        }
    }

    /// A known key elsewhere that ends in this name: someone who writes `encoder` at the top means `model.encoder`.
    static func keyElsewhere(named name: String) -> String? {
        knownKeys.first { $0.hasSuffix("." + name) }
    }
}
