/// A variant of the paper: everything in which it differs from the others.
struct VariantDefinition: Sendable {
    /// The phases of a step, in order.
    let phases: @Sendable (_ parts: PartSettings) -> [String]
    /// The settings that have a meaning in it, beside those of all.
    let settings: Set<VariantSetting>
    /// Those of its settings that have no meaning with the given parts, and why.
    var idle: @Sendable (_ parts: PartSettings) -> [VariantSetting: String] = { _ in [:] }
    /// What labels it takes where the recipe says nothing of them; nil for none.
    var labels: LabelSettings?
    /// The posterior where the recipe names none.
    var posterior = PosteriorSettings.deterministic
    /// The cost where the recipe names none.
    var cost = Cost.halfSquaredError
    /// What is wrong with the settings together, each being valid by itself.
    var problem: @Sendable (TrainingSettings) -> SettingsError? = { _ in nil }
    let compose: @Sendable (inout CompositionBuilder) -> Void
}

extension Variant {
    /// The definition of the variant.
    var definition: VariantDefinition {
        switch self {
        case .basic: .basic
        case .vae: .vae
        case .gan: .gan
        case .labelInformed: .labelInformed
        case .supervised: .supervised
        case .semiSupervised: .semiSupervised
        case .clustering: .clustering
        case .reduction: .reduction
        }
    }
}

/// Settings of a recipe that not every variant has.
public enum VariantSetting: String, Sendable, Hashable, CaseIterable {
    case encoder = "model.encoder"
    case discriminator = "model.discriminator"
    case classes = "model.classes"
    case clusters = "model.clusters"
    case cost
    case posterior
    case encoderNorm = "norm.encoder"
    case headNorm = "norm.heads"
    case decoderNorm = "norm.decoder"
    case inputDropout = "dropout.input"
    case hiddenDropout = "dropout.hidden"
    case inputNoise = "noise.input"
    case discriminatorNoise = "noise.discriminator"
    /// Which images have labels.
    case labels
    /// A labelled minibatch of its own.
    case labelledMinibatch = "labels.minibatch"
    case heads
    case reconstructionWeight = "weights.reconstruction"

    /// The key in the mapping that it stands in.
    var key: String { rawValue.split(separator: ".").last.map(String.init) ?? rawValue }

    /// Of every variant that makes codes from images and images from codes.
    static let autoencoder: Set<VariantSetting> = [
        .encoder, .cost, .posterior, .encoderNorm, .headNorm, .decoderNorm, .inputDropout, .hiddenDropout, .inputNoise,
        .reconstructionWeight,
    ]
    static let adversary: Set<VariantSetting> = [.discriminator, .discriminatorNoise]
}

extension Variant {
    /// The phases of a step, in order.
    public func phaseNames(_ parts: PartSettings) -> [String] { definition.phases(parts) }

    /// Whether a recipe may name the setting.
    public func has(_ setting: VariantSetting) -> Bool { definition.settings.contains(setting) }

    /// Why a recipe with such parts may not name the setting, as a sentence with advice; nil where it may.
    public func lack(of setting: VariantSetting, with parts: PartSettings) -> String? {
        guard has(setting) else {
            let owners = Variant.allCases.filter { $0.has(setting) }.map(\.rawValue)
            return
                "the variant \(rawValue) has no \(setting.rawValue); remove it, or choose a variant that has it (\(owners.joined(separator: ", ")))"
        }
        return definition.idle(parts)[setting]
    }

    /// Why a recipe with such parts may not name a phase, as a sentence with advice.
    public func lack(ofPhase phase: String) -> String {
        let owners = Variant.allCases.filter { $0.everyPhase.contains(phase) }.map(\.rawValue)
        guard !everyPhase.contains(phase) else {
            return "a \(rawValue) without labels has no \(phase) phase; remove it, or give labels"
        }
        return
            "the variant \(rawValue) has no \(phase) phase; remove it, or choose a variant that has it (\(owners.joined(separator: ", ")))"
    }

    /// The phases that it may have, with whatever parts.
    private var everyPhase: [String] {
        var parts = usualParts
        if has(.labels) { parts.labels = LabelSettings() }
        return phaseNames(parts)
    }

    /// All phases of all variants, in the order of a step.
    public static let everyPhase = PhaseNames.adversarial + [PhaseNames.classification]

    /// Its cost where a recipe names none.
    public var usualCost: Cost { definition.cost }

    /// Its parts where a recipe says nothing of them.
    public var usualParts: PartSettings {
        var parts = PartSettings()
        parts.labels = definition.labels
        parts.posterior = definition.posterior
        return parts
    }
}

extension TrainingSettings {
    /// The composition that the settings describe.
    var composition: Composition {
        var builder = CompositionBuilder(self)
        variant.definition.compose(&builder)
        let composition = builder.composition
        precondition(composition.phases.map(\.name) == phaseNames, "the phases of \(variant) are others")
        return composition
    }
}
