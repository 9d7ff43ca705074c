import Autoencoder
import Datasets
import Files
import Foundation
import Kernels

/// A run in a line: what the files of its folder tell, whether all of them can be read or not.
public struct RunSummary: Sendable, Equatable {
    public enum State: String, Sendable {
        /// A process has it open.
        case running
        /// It has a checkpoint of its last step, and the held-out figures of its last epoch.
        case finished
        /// A gradient was not finite, and nobody has gone on with it since.
        case diverged
        /// It can go on.
        case stopped
        /// Its files are not such that it could go on.
        case damaged
    }

    /// As a person types it after a command.
    public var name: String
    public var path: String
    public var state: State
    /// What is wrong with a run that is damaged.
    public var problem: String?
    /// The recipe's name, as the configuration has it; nil where that cannot be read.
    public var recipe: String?
    public var variant: Variant?
    /// Steps done.
    public var step: UInt64 = 0
    /// Steps of the whole run; nil where it cannot be told.
    public var steps: UInt64?
    public var begun: Date
    /// The newest epoch with held-out figures, and its figure by which to judge the run.
    public var epoch: Int?
    public var figure: EpochMetrics.MainFigure?

    /// Looks at a folder. Changes nothing, and reads no state file: a run of many gigabytes is listed as fast as a small one.
    public init(_ folder: RunFolder, name: String) {
        self.init(name: name, path: folder.path, state: .stopped, begun: Self.changed(folder.path))
        let metrics = MetricsReader.Newest(path: folder.metricsPath)
        epoch = metrics.epoch?.epoch
        figure = metrics.epoch?.mainFigure
        step = metrics.step?.step ?? 0
        do {
            guard Disk.isThere(folder.configurationPath) else {
                throw RunFolderError("it holds no config.yaml")
            }
            let (configuration, provenance) = try folder.configuration()
            note(configuration, provenance)
            // What a run at work writes and removes at this moment is no damage.
            guard !folder.isInUse else {
                state = .running
                return
            }
            try folder.requireParts()
            let stored = try folder.storedSteps()
            step = max(step, stored ?? 0)
            if let steps, let stored, stored >= steps, isMeasured(configuration, after: steps) { state = .finished }
            if state == .stopped, metrics.isDiverged { state = .diverged }
        } catch {
            state = .damaged
            problem = "\(error)".trimmingSuffix(".")
        }
    }

    private init(name: String, path: String, state: State, begun: Date) {
        self.name = name
        self.path = path
        self.state = state
        self.begun = begun
    }

    /// Whether the figures of the last epoch are there, where any are wanted: `resume` takes those that are missing.
    private func isMeasured(_ configuration: Configuration, after steps: UInt64) -> Bool {
        guard configuration.evaluate.everyEpochs > 0, let images = configuration.data.train else { return true }
        return epoch ?? 0 >= configuration.epochs(trainingImages: images).begun(after: steps)
    }

    private mutating func note(_ configuration: Configuration, _ provenance: Provenance?) {
        recipe = configuration.name
        variant = configuration.variant
        if let images = configuration.data.train {
            steps = configuration.lastStep(trainingImages: images)
        } else if configuration.steps > 0 {
            steps = UInt64(configuration.steps)
        }
        if let created = provenance.flatMap({ try? Date($0.created, strategy: .iso8601) }) { begun = created }
    }

    /// When something was last put into a folder: the only sign of when a run began whose configuration does not say it.
    private static func changed(_ path: String) -> Date {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.modificationDate] as? Date ?? .distantPast
    }
}

extension MetricsReader.Newest {
    /// Whether the run has ended because its gradients were not finite. Runs of versions that did not name the cause are known by their losses.
    fileprivate var isDiverged: Bool {
        guard let turn, turn.what == "failure" else { return false }
        if let cause = turn.fields["cause"]?.stringValue { return cause == RunSummary.State.diverged.rawValue }
        return step.map { step in step.losses.contains { !$0.value.isFinite } } ?? false
    }
}

extension RunFolder {
    /// Steps done at the newest checkpoint, which its manifest tells; nil where there is none yet.
    ///
    /// - Throws: `RunFolderError` where there are some, and no state file is as long as its manifest says.
    fileprivate func storedSteps() throws -> UInt64? {
        let store = checkpoints()
        let manifests = try store.manifests()
        let whole = manifests.first { ((try? ByteSource(path: $0.statePath))?.count ?? -1) == $0.bytes }
        if whole == nil, let count = try? store.steps().count, count > 0 {
            throw RunFolderError("none of its \(count) checkpoints is whole")
        }
        return whole?.info.step
    }
}
