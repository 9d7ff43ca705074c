import Kernels
import Layers

/// A setting that cannot be: which key, what is wrong, what was expected.
public struct SettingsError: Error, CustomStringConvertible, Sendable, Equatable {
    /// As it stands in a recipe, `model.code`.
    public let key: String
    public let problem: String

    public init(key: String, problem: String) {
        self.key = key
        self.problem = problem
    }

    public var description: String { "\(key): \(problem)" }
}

extension TrainingSettings {
    /// Throws the first `SettingsError` found; settings that pass can be trained.
    public func validate() throws {
        try validateModel()
        try validateShards()
        try validatePhases()
        try prior.validate()
        if let problem = variant.definition.problem(self) { throw problem }
        try validateParts()
        if let dimensions = prior.dimensions {
            try require(
                model.code == dimensions, "model.code",
                "code is \(model.code), but the \(prior.kind) prior lies in the plane and needs a code of \(dimensions)")
        }
        try require(
            cost != .crossEntropy || model.output == .sigmoid, "cost",
            "cross-entropy needs a sigmoid output, but model.output is \(model.output.rawValue); use half-squared-error")
        try require(inputNoise >= 0 && inputNoise.isFinite, "noise.input", "std is \(inputNoise), expected 0 or more")
        try require((0..<1).contains(average), "average", "decay is \(average), expected 0 or more and less than 1")
    }

    private func validateModel() throws {
        for (key, widths) in [
            ("encoder", model.encoder), ("decoder", model.decoder), ("discriminator", model.discriminator),
        ] {
            if let width = widths.first(where: { $0 < 1 }) {
                throw SettingsError(key: "model.\(key)", problem: "a width is \(width), expected 1 or more")
            }
        }
        try require(model.code >= 1, "model.code", "code is \(model.code), expected 1 or more")
        try require(pixels >= 1, "data", "an image has \(pixels) values, expected 1 or more")
    }

    private func validateParts() throws {
        try require((1...255).contains(model.classes), "model.classes", "classes is \(model.classes), expected 1 to 255")
        try require((1...4_096).contains(model.clusters), "model.clusters", "clusters is \(model.clusters), expected 1 to 4096")
        if case .universal(let width, let std) = parts.posterior {
            try require((1...65_536).contains(width), "posterior.width", "width is \(width), expected 1 to 65536")
            try require(std > 0 && std.isFinite, "posterior.std", "std is \(std), expected more than 0")
        }
        for (key, share) in [("input", parts.dropout.input), ("hidden", parts.dropout.hidden)] {
            try require((0..<1).contains(share), "dropout.\(key)", "share is \(share), expected 0 or more and less than 1")
        }
        for (key, value) in [
            ("noise.discriminator", parts.discriminatorNoise), ("heads.distance", parts.heads.distance),
            ("heads.weight", parts.heads.weight), ("weights.reconstruction", parts.reconstructionWeight),
        ] {
            try require(value >= 0 && value.isFinite, key, "\(value) is impossible, expected 0 or more")
        }
        if let labels = parts.labels {
            try require(
                (1...1 << 20).contains(labels.minibatch), "labels.minibatch",
                "minibatch is \(labels.minibatch), expected 1 to 1048576")
            if let count = labels.count {
                try require(count >= 1, "labels.count", "count is \(count), expected 1 or more, or all")
                try require(
                    count % model.classes == 0, "labels.count",
                    "\(count) labels are not as many of each of \(model.classes) classes; expected a multiple of \(model.classes), or all"
                )
            }
        }
        try validateNorms()
    }

    /// A row alone is its own mean: its normalised value is 0, whatever it was.
    private func validateNorms() throws {
        let norms = [("encoder", parts.norm.encoder), ("heads", parts.norm.heads), ("decoder", parts.norm.decoder)]
        for (key, norm) in norms where norm != .none {
            for stream in Stream.allCases where mostRows(of: stream) > 0 {
                let least = stream == .images ? min(minibatchSize(ofStep: UInt64(epochs.steps - 1)), minibatch) : labelledMinibatch
                let rows = norm == .batch ? least : least / shards
                try require(
                    rows >= 2, "norm.\(key)",
                    "\(norm.rawValue) norm of \(rows) row\(rows == 1 ? "" : "s"), as \(stream == .images ? "the last minibatch of an epoch" : "the labelled minibatch")"
                        + " has, gives nothing to learn from; expected 2 or more")
            }
        }
    }

    private func validateShards() throws {
        try require(minibatch >= 1, "minibatch", "minibatch is \(minibatch), expected 1 or more")
        try require(trainingImages >= 1, "data.train", "there are \(trainingImages) training images, expected 1 or more")
        try require(
            (1...65_536).contains(shards), "shards", "shards is \(shards), expected 1 to 65536")
        let full = ExactSum.fullBits(shards: shards)
        try require(
            gradientBits == full || ([16, 24].contains(gradientBits) && gradientBits < full), "gradient_bits",
            "\(gradientBits) bits with \(shards) shards, expected full (\(full)), or 24 or 16 where full is more")
    }

    private func validatePhases() throws {
        for name in phases.keys.sorted() where !phaseNames.contains(name) {
            throw SettingsError(
                key: "phases.\(name)",
                problem: "no such phase, expected \(phaseNames.joined(separator: ", "))")
        }
        for name in phaseNames {
            guard let phase = phases[name] else {
                throw SettingsError(key: "phases.\(name)", problem: "the phase has no optimizer; give it one")
            }
            try require(
                phase.rate >= 0 && phase.rate.isFinite, "phases.\(name).rate", "rate is \(phase.rate), expected 0 or more")
            if let problem = phase.optimizer.problem { throw SettingsError(key: "phases.\(name)", problem: problem) }
            if let problem = phase.schedule.problem {
                throw SettingsError(key: "phases.\(name).schedule", problem: problem)
            }
        }
    }

    private func require(_ holds: Bool, _ key: String, _ problem: String) throws {
        if !holds { throw SettingsError(key: key, problem: problem) }
    }
}
