import Autoencoder
import Crypto
import Datasets
import Kernels
import Layers

extension Configuration {
    /// Settings that may change in the middle of a run without changing a bit of it.
    private static let freeKeys: Set<String> = ["name", "epochs", "steps", "threads", "checkpoint", "evaluate", "figures"]
    /// Places of the data. No bit depends on them either: a run knows its data by the content.
    private static let places: Set<String> = [
        "data.images", "data.labels", "data.test_images", "data.test_labels", "data.file", "data.folder", "prior.file",
    ]

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

    /// The differences that are told to a person. Where the variant differs, it alone, since most of the others follow from it.
    public static func telling(_ differences: [Difference]) -> [Difference] {
        differences.first { $0.key == variantKey }.map { [$0] } ?? differences
    }

    /// Everything that changes bits, as lines `key=value` in the order of a recipe. Equal texts mean equal bits, on one kernel family.
    public var identity: String {
        unusualSettings.leaves.filter { Self.changesBits($0.key) }.map { "\($0.key)=\($0.value.flow)\n" }.joined()
    }

    /// SHA-256 of `identity`, 64 hexadecimal digits.
    public var identityDigest: String {
        hexDigits(SHA256.hash(data: Array(identity.utf8)))
    }

    private static func changesBits(_ key: String) -> Bool {
        !freeKeys.contains(String(key.prefix { $0 != "." })) && !places.contains(key)
    }

    /// Every key in which this configuration and another differ, in the order of a recipe.
    public func difference(from other: Configuration) -> [Difference] {
        Self.differences(of: [self, other]).map { key, values in
            Difference(
                key: key, mine: values[0] ?? "nothing", other: values[1] ?? "nothing", changesBits: Self.changesBits(key))
        }
    }

    /// Every key on which configurations do not all agree, in the order of a recipe, and what each of them says, as it is written; nil where one has
    /// no such key.
    public static func differences(of configurations: [Configuration]) -> [(key: String, values: [String?])] {
        let leaves = configurations.map { $0.settings.leaves }
        let texts = leaves.map(texts)
        var seen: Set<String> = []
        let keys = leaves.flatMap { $0.map(\.key) }.filter { seen.insert($0).inserted }
        return keys.compactMap { key in
            let values = texts.map { $0[key] }
            return Set(values).count > 1 ? (key, values) : nil
        }
    }

    /// This configuration, completed from a run's own: with the sizes of the run's splits where its own follow the data, and with the digest of
    /// the run's prior samples where it names the same file without a digest.
    func withSizes(of run: Configuration) -> Configuration {
        var filled = self
        if let file = prior.sampleFile, prior.sampleDigest == nil, file == run.prior.sampleFile {
            filled.prior = .samples(file: file, digest: run.prior.sampleDigest)
        }
        filled.data.train = data.train ?? run.data.train
        filled.data.validation = data.validation ?? run.data.validation
        return filled
    }

    private static func texts(_ leaves: [(key: String, value: Setting)]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: leaves.map { ($0.key, $0.value.flow) })
    }

    /// The differences from another configuration on which the weights after `steps` steps depend. A phase's schedule does not count where it
    /// gave each of these steps the same rate: training with the new one from the start gives the same bits.
    public func bitsDifference(from other: Configuration, after steps: UInt64) -> [Difference] {
        let differences = difference(from: other).filter(\.changesBits).map { ($0, Self.phase(scheduledBy: $0.key)) }
        let phases = Set(differences.compactMap(\.1)).filter { !hasRates(of: other, phase: $0, through: steps) }
        return differences.filter { $0.1.map(phases.contains) ?? true }.map(\.0)
    }

    /// The phase whose schedule a key is about.
    private static func phase(scheduledBy key: String) -> String? {
        let parts = key.split(separator: ".")
        return parts.count > 3 && parts[0] == "phases" && parts[2] == "schedule" ? String(parts[1]) : nil
    }

    /// Whether a phase's rate is that of another configuration in each of the first `steps` steps.
    private func hasRates(of other: Configuration, phase: String, through steps: UInt64) -> Bool {
        guard minibatch == other.minibatch, let images = data.train, images == other.data.train else { return false }
        guard steps > 0 else { return true }
        let mine = training(pixels: 1, trainingImages: images)
        let others = other.training(pixels: 1, trainingImages: images)
        let epochs = mine.epoch(ofStep: steps - 1)
        // Another variant may have no such phase.
        guard let my = mine.phases[phase], let its = others.phases[phase] else { return false }
        if my.rate == its.rate,
            my.schedule.withinFirst(epochs) == its.schedule.withinFirst(epochs)
        {
            return true
        }
        return steps <= Self.mostComparedSteps
            && (0..<steps).allSatisfy { mine.rate(phase: phase, step: $0) == others.rate(phase: phase, step: $0) }
    }

    /// To compare more steps of schedules that are written differently would take longer than a person waits.
    private static let mostComparedSteps: UInt64 = 1_000_000

    /// Throws `RunFolderError` when a run cannot go on with this configuration, naming every key that stands in the way and the way on.
    ///
    /// - Parameters:
    ///   - run: the configuration the run has kept since its start.
    ///   - steps: how far the run has come.
    ///   - name: the run, as the user knows it.
    public func requireSameBits(as run: Configuration, after steps: UInt64, run name: String) throws {
        let wrong = withSizes(of: run).bitsDifference(from: run, after: steps)
        try Self.requireNone(of: wrong, run: name)
        try requireRates(movingEndOf: run, after: steps, run: name)
    }

    /// The same for the variant alone, which the sources may change beside the run's own configuration. To be called first, before the new
    /// variant is found not to fit the run's other settings.
    public static func requireVariant(of sources: ConfigurationSources, run name: String) throws {
        guard let run = sources.base?.variant, let wanted = try variant(of: sources), wanted != run else { return }
        try requireNone(
            of: [Difference(key: variantKey, mine: wanted.rawValue, other: run.rawValue, changesBits: true)], run: name)
    }

    private static func requireNone(of wrong: [Difference], run name: String) throws {
        guard !wrong.isEmpty else { return }
        let list = telling(wrong).map { "\($0.key) (\($0.other) in the run, now \($0.mine))" }.joined(separator: ", ")
        throw RunFolderError(
            "The run \(name) cannot go on with other settings that change its bits: \(list); begin a new run from its weights with `\(RunFolder.beginning(from: name))` and these settings."
        )
    }

    /// Throws where the end is moved and every rate is 0 before it: nobody wants that.
    private func requireRates(movingEndOf run: Configuration, after done: UInt64, run name: String) throws {
        guard let images = data.train else { return }
        let training = training(pixels: 1, trainingImages: images)
        let (last, old) = (lastStep(trainingImages: images), run.lastStep(trainingImages: images))
        guard last > old, let idle = training.idleStep, idle < last else { return }
        let rates = phaseNames.map { phase in "\(phase) \(phases[phase]?.scheduleText ?? "nothing")" }.joined(separator: "; ")
        let what = "The run \(name) would learn nothing after step \(idle): every rate is 0 from there on (\(rates))"
        let ended = phaseNames.filter { phases[$0]?.schedule.end != nil }
        var offered = self
        for phase in ended { offered.phases[phase]?.schedule.goOn(with: 0.1) }
        guard offered.bitsDifference(from: run, after: done).isEmpty else {
            // Steps were already done with a rate of 0, and a run keeps their rates.
            let left = training.epochs.begun(after: last - min(done, last - 1))
            let sets = ended.map { "--set phases.\($0).schedule.from=0 --set phases.\($0).schedule.to=\(left)" }.joined(
                separator: " ")
            throw RunFolderError(
                "\(what); begin a new run from its weights, as with `\(RunFolder.beginning(from: name)) --epochs \(left) \(sets)`."
            )
        }
        let end = steps > 0 ? "--steps \(steps)" : "--epochs \(epochs)"
        let sets = ended.map { "--set phases.\($0).schedule.after=0.1" }.joined(separator: " ")
        throw RunFolderError(
            "\(what); say which share of its rate a phase shall go on with, as in `lockstep resume \(name) \(end) \(sets)`."
        )
    }
}

extension Schedule {
    /// The schedule without the parts that act only after `epochs` epochs. Two schedules that are equal then have the same rates in the first
    /// `epochs` epochs.
    fileprivate func withinFirst(_ epochs: Int) -> Schedule {
        switch kind {
        case .constant:
            return self
        case .steps(let at, let factor):
            let near = at.filter { $0 < epochs }
            return Schedule(kind: near.isEmpty ? .constant : .steps(at: near, factor: factor), warmUp: warmUp)
        case .cosine(let from, let to, let after):
            if from >= Double(epochs) { return Schedule(kind: .constant, warmUp: warmUp) }
            return Schedule(kind: .cosine(from: from, to: to, after: to >= Double(epochs) ? 0 : after), warmUp: warmUp)
        }
    }
}
