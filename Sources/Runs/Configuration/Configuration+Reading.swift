import Autoencoder
import Datasets
import Kernels
import Layers

/// Largest values that are read. They lie far above anything useful and keep a slip of the finger from asking for a terabyte.
enum ConfigurationLimits {
    static let name = 64
    static let minibatch = 1 << 20
    static let shards = 64
    static let threads = 1_024
    static let scheduleSteps = 64
}

/// The defaults are those of a text that is read alone, such as a run's `config.yaml`, which names every key. What a person gives is laid over a
/// recipe (`ConfigurationSources`).
///
/// | key | type | default |
/// |---|---|---|
/// | `name` | text of letters, digits, `-`, `_`, `.` | the file's own, else quickstart |
/// | `data` | see `DataSettings`; paths as the shell means them, in a file seen from its folder | glyphs, 50000 and 10000 |
/// | `minibatch` | rows | 100 |
/// | `shards` | 1 to 64 | 4 up to a minibatch of 128, else 12 |
/// | `epochs`, `steps` | counts; `steps` other than 0 ends the run earlier or later than `epochs` | 6, 0 |
/// | `seed` | 64-bit count | 0 |
/// | `threads` | a worker's | 1 |
/// | `variant` | see `Variant`; which of the keys below it has, it says itself | basic |
/// | `model` | see `ModelSettings` | 784-1000-1000-2 and back |
/// | `cost` | half-squared-error or cross-entropy | the variant's usual one |
/// | `prior` | by `kind`; each prior names its own keys (`PriorSettings`) | gaussian, std 5 |
/// | `posterior`, `norm`, `dropout`, `noise`, `labels`, `heads`, `weights` | see `PartSettings`; each names its own keys | the variant's usual ones |
/// | `phases.PHASE` | `optimizer`, `rate`, its moments, `schedule` | the paper's |
/// | `average` | decay a step | 0 |
/// | `gradient_bits` | full, 24, 16, 12, 8 | full |
/// | `engine` | portable or openblas | openblas where `kernel` names a family, as in runs from before there was a choice; else portable |
/// | `precision` | fp32 or bf16, of the portable products' operands | fp32 |
/// | `kernel` | auto or a family of openblas; auto with portable, which has none | auto |
/// | `checkpoint` | `every_steps`, `every_seconds` (or a duration), `every_epochs`, `keep`, `keep_every_epochs` | 0, 60, 1, 3, 10 |
/// | `evaluate.every_epochs` | epochs | 1 |
/// | `figures` | `every_epochs`, `keep`, `keep_every_epochs` | 1, 10, 10 |
extension Configuration {
    /// The section of `config.yaml` that says what made the run. It is not a setting.
    static let provenanceKey = "provenance"

    /// Reads a tree. Throws `ConfigurationError` for the first key or value that is wrong.
    init(_ tree: Setting, defaultName: String?) throws {
        self.init()
        let root = try SettingSection(tree, path: "")
        name = try Self.name(root, fallback: defaultName ?? name)
        data = try Self.data(root.section("data"), data)
        try visitCounts(root)
        try root.choice("variant", &variant)
        (cost, parts) = (variant.usualCost, variant.usualParts)
        // The parts decide which classes a model has and which phases a step has.
        try parts.visit(root, of: variant)
        try root.mapping("model") { try model.visit($0, of: variant, with: parts) }
        try root.setting(.cost, of: variant, with: parts) { try root.choice($0, &cost) }
        prior = try Self.prior(root.section("prior"))
        phases = try phases(root.section("phases"))
        try root.real("average", &average, .fraction)
        gradientBits = try Self.gradientBits(root)
        kernel = try root.choice("kernel", default: kernel, among: ["auto"] + KernelFamily.allCases.map(\.rawValue))
        engine = kernel == "auto" ? .portable : .openblas
        try root.choice("engine", &engine)
        try root.choice("precision", &precision)
        try visitRecords(root)
        root.passOver(Self.provenanceKey)
        try root.finish()
        try check(against: tree)
    }

    private static func name(_ root: SettingSection, fallback: String) throws -> String {
        guard let (text, _) = try root.text("name") else { return fallback }
        guard isName(text) else {
            throw root.failure(
                "name",
                "\"\(text)\" cannot name a folder, expected at most \(ConfigurationLimits.name) letters, digits, -, _ or ., a letter or digit first"
            )
        }
        return text
    }

    static func isName(_ text: String) -> Bool {
        func isLetterOrDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) }
        guard let first = text.utf8.first, isLetterOrDigit(first), text.utf8.count <= ConfigurationLimits.name else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
    }

    private static func data(_ section: SettingSection, _ fallback: DataSettings) throws -> DataSettings {
        let counts = 1...Int(Int32.max)
        let data = DataSettings(
            set: try section.choice("set", default: fallback.set, among: DataSettings.sets),
            train: try section.size("train", in: counts), validation: try section.size("validation", in: counts),
            images: try section.path("images"), labels: try section.path("labels"),
            testImages: try section.path("test_images"), testLabels: try section.path("test_labels"),
            file: try section.path("file"), folder: try section.path("folder"),
            standardise: try section.flag("standardise", default: fallback.standardise),
            extra: try section.flag("extra", default: false), fold: try section.number("fold", in: DataSettings.folds))
        try section.finish()
        return data
    }

    private static func prior(_ section: SettingSection) throws -> PriorSettings {
        let usual = PriorSettings.usual
        let kind = try section.choice("kind", default: usual[0].kind, among: usual.map(\.kind))
        guard var prior = usual.first(where: { $0.kind == kind }) else { preconditionFailure("no prior \(kind)") }
        try prior.visit(section)
        try section.finish()
        return prior
    }

    private static func gradientBits(_ root: SettingSection) throws -> GradientBits {
        let text = try root.choice("gradient_bits", default: "full", among: ["full", "24", "16", "12", "8"])
        return Int(text).map(GradientBits.bits) ?? .full
    }
}
