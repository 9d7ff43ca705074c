import Datasets
import Foundation
import Runs
import Waiting

/// One run of a sweep: what it is to be, and how far it has come.
struct SweepRun {
    /// How far a run has come, by its newest whole checkpoint.
    enum State {
        case missing
        case unfinished(RunFolder, step: UInt64)
        /// All steps are done, and the held-out figures of the last epoch are still to be taken.
        case unmeasured(RunFolder, step: UInt64)
        case finished(RunFolder, Checkpoint)

        var folder: RunFolder? {
            switch self {
            case .missing: nil
            case .unfinished(let folder, _), .unmeasured(let folder, _), .finished(let folder, _): folder
            }
        }

        /// What will be done about it.
        var words: String {
            switch self {
            case .missing: "begins"
            case .unfinished(_, step: 0): "goes on from its start"
            case .unfinished(_, let step): "goes on after step \(step)"
            case .unmeasured(_, let step): "takes the missing figures of its end, after step \(step)"
            case .finished(_, let checkpoint): "is finished, after step \(checkpoint.info.step)"
            }
        }
    }

    let point: SweepPoint
    /// Its own settings.
    let flags: [FlagSetting]
    /// The run's folder, whether it is there or not.
    let path: String
    /// The command's configuration, with this run's own settings and the sizes of the data.
    let configuration: Configuration
    let trainingImages: Int

    /// - Parameter place: `--run`, or nil for a folder under runs/ with the recipe's name.
    init(_ entry: SweepPlan.Entry, configuration: Configuration, trainingImages: Int, at place: String?) throws {
        point = entry.point
        flags = entry.flags
        self.trainingImages = trainingImages
        self.configuration = configuration
        let typed = place ?? "\(RunFolder.defaultParent)/\(configuration.name)"
        // A name of dots alone would hide the runs (`.-seed-1`), or name them after nothing.
        guard let end = typed.lastIndex(where: { $0 != "/" }), let name = typed[...end].split(separator: "/").last,
            name.contains(where: { $0 != "." })
        else {
            throw UsageError(
                "--run \"\(typed)\" names no folder; the runs of one command are called after it, as in runs/mine\(entry.point.folderEnding)"
            )
        }
        path = "\(typed[...end])\(entry.point.folderEnding)"
    }

    /// Looks at the folder. Changes nothing.
    ///
    /// - Throws: where the folder holds no run, or another run than this, or one that could not go on.
    func look() throws -> State {
        guard RunFolder.exists(path), !RunFolder.isBlank(path) else { return .missing }
        // A name without a slash could also mean a run under runs/.
        let folder = try RunFolder.open(path.contains("/") ? path : "./\(path)")
        try folder.requireParts()
        let existing = try folder.configuration().configuration
        try requireSame(existing)
        try folder.requireCheckpoints(of: existing)
        guard let checkpoint = try folder.newestWhole().checkpoint else { return .unfinished(folder, step: 0) }
        let (done, last) = (checkpoint.info.step, configuration.lastStep(trainingImages: trainingImages))
        guard done <= last else {
            throw LocalError(
                "the run \(path) has done \(done) steps, and this command ends its runs after step \(last), where their figures could not be compared; give --epochs or --steps as it had them. Nothing was changed"
            )
        }
        guard done == last else { return .unfinished(folder, step: done) }
        let isMeasured = configuration.evaluate.everyEpochs == 0 || !folder.lacksFigures(ofEpoch: checkpoint.info.epoch)
        return isMeasured ? .finished(folder, checkpoint) : .unmeasured(folder, step: done)
    }

    /// The mean over seeds needs runs that differ in nothing else. A schedule counts too, even where all steps so far had the same rates: a run
    /// that begins today would go another way.
    private func requireSame(_ existing: Configuration) throws {
        let differences = configuration.difference(from: existing).filter(\.changesBits)
        guard !differences.isEmpty else { return }
        let list = Configuration.telling(differences).map { "\($0.key) (\($0.other) there, now \($0.mine))" }.joined(
            separator: ", ")
        throw LocalError(
            "the run \(path) is not what this command makes of \(point.words): \(list); give the settings that it began with, or another place with --run. Nothing was changed"
        )
    }

    /// The settings in which a run that goes on is to follow this command, as `resume` takes them: its end, what it keeps and what it draws.
    func changes(of folder: RunFolder) throws -> [String] {
        let own: Set<Substring> = ["name", "threads", "data", "epochs", "steps"]
        let others = try configuration.difference(from: folder.configuration().configuration).filter { difference in
            !difference.changesBits && !own.contains(difference.key.prefix { $0 != "." })
        }.map { "\($0.key)=\($0.mine)" }
        // Named together: epochs alone would remove the run's own steps.
        return (others + ["epochs=\(configuration.epochs)", "steps=\(configuration.steps)"]).flatMap { ["--set", $0] }
    }
}
