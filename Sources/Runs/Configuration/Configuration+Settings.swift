import Autoencoder
import Datasets
import Kernels
import Layers

extension Configuration {
    /// The configuration as a tree, every key that the variant has, in the order of a recipe: what is compared.
    var settings: Setting {
        let sections = [
            Setting.mapping(["name": .text(name), "data": Self.settings(of: data)]),
            written { try $0.visitCounts($1) },
            modelSettings,
            .mapping([
                "phases": Setting(
                    content: .mapping(
                        phaseNames.compactMap { name in
                            phases[name].map { Setting.Entry(key: name, keyOrigin: .program, value: Self.settings(of: $0)) }
                        }), origin: .program),
                "average": .real(average),
                "gradient_bits": Self.settings(of: gradientBits),
            ]),
            .mapping([
                "engine": .text(engine.rawValue), "precision": .text(precision.rawValue), "kernel": .text(kernel),
            ]),
            written { try $0.visitRecords($1) },
        ]
        return Setting(content: .mapping(sections.flatMap { $0.entries ?? [] }), origin: .program)
    }

    /// The variant, its networks and all that it has beside the phases.
    private var modelSettings: Setting {
        var (variant, model, cost, parts) = (variant, model, cost, parts)
        return SettingWriter.mapping { writer in
            let (mine, having) = (variant, parts)
            writer.choice("variant", &variant)
            try writer.mapping("model") { try model.visit($0, of: mine, with: having) }
            try writer.setting(.cost, of: mine, with: having) { writer.choice($0, &cost) }
            try writer.mapping("prior") { try Self.write(prior, to: $0) }
            try parts.visit(writer, of: mine)
        }
    }

    private static func write(_ prior: PriorSettings, to writer: SettingWriter) throws {
        var prior = prior
        writer.text("kind", prior.kind)
        try prior.visit(writer)
    }

    /// What a visit to some of the keys writes; it changes no setting.
    private func written(by visit: (inout Configuration, SettingWriter) throws -> Void) -> Setting {
        var copy = self
        return SettingWriter.mapping { try visit(&copy, $0) }
    }

    /// The settings that are written: every key, except those whose absence says the same in runs from before the key existed. Of the basic
    /// variant also no key that came after it and has its usual value, so that the text, which a run's checkpoints carry, stays what it was.
    var writtenSettings: Setting { variant == .basic ? unusualSettings : settings.without(unsaidArithmetic) }

    /// Keys that older runs lack: the kernel's family tells that a library computes the products, and single precision was the only one.
    private var unsaidArithmetic: Set<String> {
        var keys: Set<String> = []
        if engine == .openblas, kernel != "auto" { keys.insert("engine") }
        if precision == .fp32 { keys.insert("precision") }
        return keys
    }

    /// What is hashed: no key that came after the basic variant and has its usual value, so that a new one changes no run's identity.
    var unusualSettings: Setting {
        let usual = Dictionary(
            uniqueKeysWithValues: Configuration(variant: variant).settings.leaves.map { ($0.key, $0.value.flow) })
        let unsaid = settings.leaves.filter { leaf in
            let isBasic = leaf.key != Self.variantKey || variant == .basic
            return isBasic && Self.isLater(leaf.key) && usual[leaf.key] == leaf.value.flow
        }
        return settings.without(unsaidArithmetic.union(unsaid.map(\.key)))
    }

    static let variantKey = "variant"

    /// Settings that not every variant has, and that the basic one had from the start.
    private static let firstSettings: Set<VariantSetting> = [.encoder, .discriminator, .cost, .inputNoise]

    /// Whether a key came after the basic variant.
    private static func isLater(_ key: String) -> Bool {
        let later = VariantSetting.allCases.filter { !firstSettings.contains($0) }.map(\.rawValue)
        return (later + [variantKey]).contains { key == $0 || key.hasPrefix($0 + ".") }
    }

    private static func settings(of data: DataSettings) -> Setting {
        var entries: [(String, Setting)] = [
            ("set", .text(data.set)), ("train", settings(of: data.train)), ("validation", settings(of: data.validation)),
        ]
        let files = [
            ("images", data.images), ("labels", data.labels), ("test_images", data.testImages), ("test_labels", data.testLabels),
            ("file", data.file), ("folder", data.folder),
        ]
        entries += files.compactMap { key, file in file.map { (key, .text($0)) } }
        // These keys came later: older runs do not have them.
        if data.standardise { entries.append(("standardise", .plain("true"))) }
        if data.extra { entries.append(("extra", .plain("true"))) }
        if let fold = data.fold { entries.append(("fold", .integer(fold))) }
        return Setting(
            content: .mapping(entries.map { Setting.Entry(key: $0.0, keyOrigin: .program, value: $0.1) }), origin: .program)
    }

    /// A size; `auto` until the data says it.
    private static func settings(of size: Int?) -> Setting { size.map(Setting.integer) ?? .text("auto") }

    private static func settings(of phase: PhaseSettings) -> Setting {
        switch phase.optimizer {
        case .sgd(let momentum):
            .mapping([
                "optimizer": .text("sgd"), "rate": .real(phase.rate), "momentum": .real(momentum),
                "schedule": settings(of: phase.schedule),
            ])
        case .adam(let beta1, let beta2, let epsilon):
            .mapping([
                "optimizer": .text("adam"), "rate": .real(phase.rate), "beta1": .real(beta1), "beta2": .real(beta2),
                "epsilon": .real(epsilon),
                "schedule": settings(of: phase.schedule),
            ])
        }
    }

    private static func settings(of schedule: Schedule) -> Setting {
        switch schedule.kind {
        case .constant:
            .mapping(["kind": .text("constant"), "warm_up": .real(schedule.warmUp)])
        case .steps(let at, let factor):
            .mapping([
                "kind": .text("steps"), "at": .list(at.map(Setting.integer)), "factor": .real(factor),
                "warm_up": .real(schedule.warmUp),
            ])
        // Where `after` is 0 the text stays as it was before that key: it is part of the run's identity.
        case .cosine(let from, let to, after: 0):
            .mapping(["kind": .text("cosine"), "from": .real(from), "to": .real(to), "warm_up": .real(schedule.warmUp)])
        case .cosine(let from, let to, let after):
            .mapping([
                "kind": .text("cosine"), "from": .real(from), "to": .real(to), "after": .real(after),
                "warm_up": .real(schedule.warmUp),
            ])
        }
    }

    private static func settings(of bits: GradientBits) -> Setting {
        switch bits {
        case .full: .text("full")
        case .bits(let count): .integer(count)
        }
    }
}
