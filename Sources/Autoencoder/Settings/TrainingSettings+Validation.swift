import Kernels
import Layers

extension TrainingSettings {
    /// Throws the first `SettingsError` found; settings that pass can be trained.
    public func validate() throws {
        try validateValues()
        try validateShards()
        try validatePhases()
        try prior.validate()
        if let problem = variant.definition.problem(self) { throw problem }
        try validateLabels()
        try validateNorms()
        if let dimensions = prior.dimensions {
            try require(
                model.code == dimensions, "model.code",
                "code is \(model.code), but the \(prior.kind) prior \(prior.extent) and needs a code of \(dimensions)",
                with: ["prior.kind"])
        }
        try require(
            cost != .crossEntropy || model.output == .sigmoid, "cost",
            "cross-entropy needs a sigmoid output, but model.output is \(model.output.rawValue); use half-squared-error",
            with: ["model.output"])
        try validateDraws()
        if let problem = RealRange.fraction.problem(with: average) {
            throw SettingsError(key: "average", problem: "decay is \(average), \(problem)")
        }
    }

    /// Checks each value by itself against the range in the settings' own list of keys.
    private func validateValues() throws {
        var (model, parts) = (model, parts)
        try SettingCheck().mapping("model") { try model.visit($0, of: variant, with: parts) }
        try parts.visit(SettingCheck(), of: variant)
        try require(pixels >= 1, "data", "an image has \(pixels) values, expected 1 or more")
    }

    private func validateLabels() throws {
        guard let count = parts.labels?.count else { return }
        try require(
            count % model.classes == 0, "labels.count",
            "\(count) labels are not as many of each of \(model.classes) classes; expected a multiple of \(model.classes), or all",
            with: ["model.classes"])
    }

    /// A row alone is its own mean: its normalised value is 0, whatever it was.
    private func validateNorms() throws {
        let norms = [("encoder", parts.norm.encoder), ("heads", parts.norm.heads), ("decoder", parts.norm.decoder)]
        for (key, norm) in norms where norm != .none {
            // Labelled images are encoded, and not decoded.
            for stream in Stream.allCases where mostRows(of: stream) > 0 && (stream == .images || key != "decoder") {
                if let problem = self.problem(with: norm, of: stream) {
                    let sizes = stream == .images ? ["minibatch", "data.train"] : ["labels.minibatch"]
                    throw SettingsError(key: "norm.\(key)", problem: problem, with: ["shards"] + sizes)
                }
            }
        }
    }

    /// What is wrong where a stream's minibatch has too few rows to be normalised together: every minibatch, or only an epoch's last.
    private func problem(with norm: NormKind, of stream: Stream) -> String? {
        let parts = norm == .shard ? shards : 1
        let usual = mostRows(of: stream)
        let last = stream == .images ? min(minibatchSize(ofStep: UInt64(epochs.steps - 1)), usual) : usual
        let rows = last / parts
        guard rows < 2 else { return nil }
        let isUsual = usual / parts < 2
        let which = stream == .labelled ? "the labelled minibatch" : isUsual ? "a minibatch" : "the last minibatch of an epoch"
        let key = stream == .labelled ? "labels.minibatch" : isUsual ? "minibatch" : "data.train modulo minibatch"
        let many = "\(rows) row\(rows == 1 ? "" : "s")"
        let has =
            parts > 1 ? "a shard of \(which) has \(many), of \(last) in \(parts) shards" : "\(which) has \(many)"
        let way = "expected a \(key) of at least \(2 * parts)\(stream == .images && !isUsual ? " or of 0" : "")"
        let fewer = parts > 1 && last >= 2 ? ", or shards of at most \(last / 2)" : ""
        return "\(has), and \(norm.rawValue) norm learns nothing from fewer than 2; \(way)\(fewer)"
    }

    /// Draws of one purpose use separate ranges of rows, of which there are `Draw.mostPlaces`.
    private func validateDraws() throws {
        let layers = composition.graph.vertices.count { $0.draw?.purpose == .dropout }
        try require(
            layers <= Draw.mostPlaces, "dropout",
            "values of \(layers) layers are dropped in a step, expected at most \(Draw.mostPlaces) of them; take fewer layers, or dropout of the input alone",
            with: ["dropout.input", "dropout.hidden", "model.encoder", "model.decoder"])
    }

    private func validateShards() throws {
        try require(minibatch >= 1, "minibatch", "minibatch is \(minibatch), expected 1 or more")
        try require(trainingImages >= 1, "data.train", "there are \(trainingImages) training images, expected 1 or more")
        try require(
            (1...65_536).contains(shards), "shards", "shards is \(shards), expected 1 to 65536")
        let full = ExactSum.fullBits(shards: shards)
        try require(
            gradientBits == full || ([8, 12, 16, 24].contains(gradientBits) && gradientBits < full), "gradient_bits",
            "\(gradientBits) bits with \(shards) shards, expected full (\(full)), or 24, 16, 12 or 8 where full is more",
            with: ["shards"])
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
            let rates = RealRange.amount
            if let problem = rates.problem(with: phase.rate) {
                throw SettingsError(key: "phases.\(name).rate", problem: "rate is \(phase.rate), \(problem)")
            }
            if let problem = phase.optimizer.problem {
                throw SettingsError(
                    key: "phases.\(name)", problem: problem,
                    with: ["optimizer", "momentum", "beta1", "beta2", "epsilon"].map { "phases.\(name).\($0)" })
            }
            if let problem = phase.schedule.problem {
                throw SettingsError(key: "phases.\(name).schedule", problem: problem)
            }
            let highest = phase.schedule.highestRate(base: phase.rate)
            try require(
                rates.holds(highest), "phases.\(name).schedule",
                "the schedule takes the rate from \(phase.rate) to \(highest), expected \(rates.text)",
                with: ["rate", "schedule.factor", "schedule.at", "schedule.after"].map { "phases.\(name).\($0)" })
        }
    }

    private func require(_ holds: Bool, _ key: String, _ problem: String, with others: [String] = []) throws {
        if !holds { throw SettingsError(key: key, problem: problem, with: others) }
    }
}
