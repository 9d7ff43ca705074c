import Crypto
import Kernels

extension Configuration {
    /// Settings that may change in the middle of a run without changing a bit of it.
    private static let freeKeys: Set<String> = ["name", "epochs", "steps", "threads", "checkpoint", "evaluate", "figures"]

    /// A key that two configurations disagree on.
    public struct Difference: Sendable, Equatable {
        public let key: String
        /// As they are written; "nothing" where one has no such key.
        public let mine: String
        public let other: String
        /// Whether a run's bits depend on it.
        public let changesBits: Bool

        public init(key: String, mine: String, other: String, changesBits: Bool) {
            self.key = key
            self.mine = mine
            self.other = other
            self.changesBits = changesBits
        }
    }

    /// Everything that changes bits, as lines `key=value` in the order of a recipe. Equal texts mean equal bits, on one kernel family.
    public var identity: String {
        settings.leaves.filter { Self.changesBits($0.key) }.map { "\($0.key)=\($0.value.flow)\n" }.joined()
    }

    /// SHA-256 of `identity`, 64 hexadecimal digits.
    public var identityDigest: String {
        hexDigits(SHA256.hash(data: Array(identity.utf8)))
    }

    private static func changesBits(_ key: String) -> Bool {
        !freeKeys.contains(String(key.prefix { $0 != "." }))
    }

    /// Every key in which this configuration and another differ, in the order of a recipe.
    public func difference(from other: Configuration) -> [Difference] {
        let (mine, others) = (settings.leaves, other.settings.leaves)
        let (myTexts, otherTexts) = (Self.texts(mine), Self.texts(others))
        let keys = mine.map(\.key) + others.map(\.key).filter { myTexts[$0] == nil }
        return keys.compactMap { key in
            let (my, its) = (myTexts[key], otherTexts[key])
            return my == its
                ? nil : Difference(key: key, mine: my ?? "nothing", other: its ?? "nothing", changesBits: Self.changesBits(key))
        }
    }

    private static func texts(_ leaves: [(key: String, value: Setting)]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: leaves.map { ($0.key, $0.value.flow) })
    }

    /// Throws `RunFolderError` when a run cannot go on with this configuration, naming every key that stands in the way and the way on.
    ///
    /// - Parameters:
    ///   - run: the configuration the run has kept since its start.
    ///   - name: the run, as the user knows it.
    public func requireSameBits(as run: Configuration, run name: String) throws {
        let wrong = difference(from: run).filter(\.changesBits)
        guard !wrong.isEmpty else { return }
        let list = wrong.map { "\($0.key) (\($0.other) in the run, now \($0.mine))" }.joined(separator: ", ")
        throw RunFolderError(
            "The run \(name) cannot go on with other settings that change its bits: \(list); begin a new run from its weights with `lockstep train --config RUN/config.yaml --from RUN` and these settings, where RUN is \(name)."
        )
    }
}
