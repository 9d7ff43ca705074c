/// A setting that a flag of the command stands for.
public struct FlagSetting: Sendable, Hashable {
    /// As typed: "--epochs".
    public var flag: String
    /// The setting's dotted key.
    public var key: String
    public var value: String

    public init(flag: String, key: String, value: String) {
        self.flag = flag
        self.key = key
        self.value = value
    }
}

/// What a configuration is read from. Later ones win: the defaults, the recipe (`quickstart` where neither it nor a base is named), the base, the
/// file, the environment, `--set` in its order, flags.
public struct ConfigurationSources: Sendable {
    /// Name of a built-in recipe.
    public var recipe: String?
    /// A configuration to start from: at `resume`, the run's own.
    public var base: Configuration?
    /// Path of a recipe, or of a run's `config.yaml`.
    public var file: String?
    /// The environment of the process, as it is.
    public var environment: [String: String]
    /// `KEY=VALUE` each, as typed.
    public var sets: [String]
    public var flags: [FlagSetting]

    public init(
        recipe: String? = nil, base: Configuration? = nil, file: String? = nil, environment: [String: String] = [:],
        sets: [String] = [],
        flags: [FlagSetting] = []
    ) {
        self.recipe = recipe
        self.base = base
        self.file = file
        self.environment = environment
        self.sets = sets
        self.flags = flags
    }
}
