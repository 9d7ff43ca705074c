import Control
import Coordinator
import Datasets
import Foundation
import Runs

/// Which run a coordinator leads: a new one, or an existing one with the same settings.
struct RunChoice {
    let settings: SettingOptions
    /// The run's folder; nil: a new one under runs/.
    let path: String?
    /// Weights to begin with: RUN or RUN@STEP.
    let from: String?

    /// The run as it is, where its folder exists.
    private var existing: RunFolder? {
        get throws { try path.flatMap { RunFolder.exists($0) && !RunFolder.isBlank($0) ? try RunFolder.open($0) : nil } }
    }

    /// Whether the run exists, and so keeps the settings that change its bits.
    var exists: Bool { get throws { try existing != nil } }

    /// The effective configuration; nothing is written.
    ///
    /// - Throws: where it is impossible, or contradicts the existing run.
    func configuration() throws -> Configuration {
        guard let folder = try existing else { return try settings.configuration() }
        try folder.requireParts()
        let existing = try folder.configuration().configuration
        try folder.requireCheckpoints(of: existing)
        guard !settings.isEmpty else { return existing }
        let wanted = try settings.configuration(
            base: settings.recipe == nil && settings.config == nil ? existing : nil, run: folder.typedName)
        try wanted.requireSameBits(as: existing, after: folder.newestStep(), run: folder.typedName)
        // A recipe only names the run; only other settings given with it move the run's end or its checkpoints.
        var beside = settings
        beside.recipe = nil
        beside.config = nil
        return try beside.configuration(base: existing, run: folder.typedName)
    }

    /// Checks what can be wrong with the run before anything is made for it: the configuration that `configuration()` has given,
    /// and its data.
    func check(_ wanted: Configuration) throws -> (configuration: Configuration, data: DataSet) {
        let (configuration, data) = try FetchMeter.converting { progress in
            try existing.map { try $0.openData(wanted, directory: settings.data, progress: progress) }
                ?? wanted.opened(directory: settings.data, progress: progress)
        }
        let training = try configuration.stepImages(data).settings
        try BatchImages.requireRoom(training)
        if try !exists {
            for case let note? in [DimImages(data: data).sentence, FaintPixels(data: data).sentence] { Output.note(note) }
        }
        if let from, try !exists { _ = try InitialWeights.replica(training, from: SavedState(from).statePath) }
        return (configuration, data)
    }

    /// The run's folder: the existing one unchanged, or else a new one with this configuration, which `configuration()` has given.
    func open(_ wanted: Configuration) throws -> OpenedRun {
        if let folder = try existing { return OpenedRun(folder: folder, configuration: wanted, data: settings.data, new: nil) }
        let (configuration, data) = try check(wanted)
        RunRoom(configuration: configuration, data: data).warnOfDisk(at: path ?? RunFolder.defaultParent)
        let new = try NewRun(configuration, data: data, at: path)
        return OpenedRun(folder: new.folder, configuration: configuration, data: nil, new: new)
    }
}

/// A run whose folder exists.
struct OpenedRun {
    let folder: RunFolder
    let configuration: Configuration
    /// Where an existing run looks for its data first; a new run has the places in its configuration.
    let data: String?
    /// Nil where the run existed before.
    let new: NewRun?

    /// Runs `body`, for which it was opened. Where a new run could not begin, nothing of it is left behind.
    func keeping(_ body: () throws -> Int32) throws -> Int32 { try new.map { try $0.keeping(body) } ?? body() }
}
