/// Names one run of a sweep by the settings that are its own.
public struct SweepPoint: Sendable, Hashable {
    /// A setting and its value, as typed.
    public struct Assignment: Sendable, Hashable {
        /// The setting's dotted key.
        public var key: String
        public var value: String

        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    /// One setting of each axis except the seed's, in the order in which the axes were typed.
    public var settings: [Assignment]
    /// Nil where the sweep does not vary it.
    public var seed: UInt64?

    public init(_ settings: [Assignment] = [], seed: UInt64? = nil) {
        self.settings = settings
        self.seed = seed
    }

    /// "dropout.hidden 0.2, seed 1".
    public var words: String {
        (settings.map { "\($0.key) \($0.value)" } + (seed.map { ["seed \($0)"] } ?? [])).joined(separator: ", ")
    }

    /// What its run's folder name adds to the sweep's: "-dropout.hidden-0.2-seed-1".
    public var folderEnding: String {
        (settings.map { "-\($0.key)-\(Self.plain($0.value))" } + (seed.map { ["-seed-\($0)"] } ?? [])).joined()
    }

    /// The value in characters that have no special meaning in a shell or a path.
    private static func plain(_ value: String) -> String {
        let words = value.unicodeScalars.split { scalar in
            !(scalar.isASCII
                && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                    || ".+-_".unicodeScalars.contains(scalar)))
        }
        return words.map { String($0) }.joined(separator: "_")
    }

    /// `{"model.code":"8"}`.
    public var json: JSON { .object(settings.map { .init($0.key, .string($0.value)) }) }
}
