import Files
import Foundation

extension RunFolder {
    /// Checks what is in the run's folder before anything goes on with the run. Changes nothing.
    ///
    /// - Throws: where a run cannot use a part (a link that leads nowhere, a pipe, a folder in the place of a file), or where checkpoints that
    ///   the run has stored are missing: `RunFolderError`, `DiskError`.
    public func requireParts() throws {
        for path in [checkpointsPath, figuresPath] { try Self.requireFolder(path) }
        for path in [configurationPath, priorPath, generationPath, identityPath, metricsPath] { try Self.requireFile(path) }
        for path in [lockPath, stepsLogPath, coordinatorLogPath] { try Self.requireFile(path, mayBeLink: false) }
        try requireStoredCheckpoints()
    }

    /// The same of the folder of checkpoints alone, for whoever only looks at them.
    public func requireCheckpointsFolder() throws { try Self.requireFolder(checkpointsPath) }

    /// The same of the folder of pictures alone, for whoever only draws.
    public func requireFiguresFolder() throws { try Self.requireFolder(figuresPath) }

    /// Requires a checkpoint of a run that has stored one: the run must not begin at step 1 again because its checkpoints are gone. A run that
    /// ended before its first checkpoint passes.
    ///
    /// - Throws: `RunFolderError` where the run's own files tell of checkpoints, and there are none.
    public func requireStoredCheckpoints() throws {
        guard try checkpoints().steps().isEmpty, let past = try storedPast() else { return }
        let state = Disk.isThere(checkpointsPath) ? "holds none" : "is gone"
        throw RunFolderError(
            "The run \(typedName) \(past), but \(checkpointsPath) \(state): put the checkpoints back from a copy to go on, or begin a new run in another folder; nothing was changed."
        )
    }

    /// The checkpoint that the run goes on from, nil where it has none yet, and the newer ones that were passed over.
    ///
    /// - Throws: `RunFolderError` where there are checkpoints and none is whole, and where a link that leads nowhere has the name of a checkpoint
    ///   that will be stored again.
    public func newestWhole() throws -> (checkpoint: Checkpoint?, leftOut: [LeftOut]) {
        let newest = try checkpoints().newestWhole()
        for left in newest.leftOut {
            if let target = Self.missingTarget(of: left.path) { throw Self.leadsNowhere(left.path, target) }
        }
        if newest.checkpoint == nil, let first = newest.leftOut.first {
            throw RunFolderError("no checkpoint of \(path) is whole (\(first)); begin a new run, or put one back from a copy")
        }
        return newest
    }

    /// What the run's records say of checkpoints that it must have had.
    private func storedPast() throws -> String? {
        if Disk.isThere(metricsPath) {
            let stored = try MetricsReader(path: metricsPath).events.last { $0.what == "checkpoint" }
            return stored.map {
                "has stored a checkpoint after step \($0.fields["step"]?.unsignedValue ?? 0) (metrics.jsonl says so)"
            }
        }
        // The folder is made with the run, and the metrics with its first step: where both are gone, somebody has removed them.
        guard !Disk.isThere(checkpointsPath), let last = try StepsLog.read(stepsLogPath).last else { return nil }
        return "has done \(last.step) steps (steps.log says so), and metrics.jsonl is missing as well"
    }

    /// Where a symbolic link leads to, if nothing is there.
    static func missingTarget(of path: String) -> String? {
        exists(path) ? nil : try? FileManager.default.destinationOfSymbolicLink(atPath: path)
    }

    static func requireFile(_ path: String, mayBeLink: Bool = true) throws {
        guard Disk.isThere(path) else { return }
        if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
            guard mayBeLink else { throw DiskError(operation: "open", path: path, code: ELOOP) }
            guard exists(path) else { throw leadsNowhere(path, target) }
        }
        _ = try ByteSource(path: path)
    }

    private static func requireFolder(_ path: String) throws {
        guard Disk.isThere(path), !Disk.isDirectory(path) else { return }
        if let target = missingTarget(of: path) { throw leadsNowhere(path, target) }
        throw RunFolderError("\(path) is no folder, where the run has one: move it away, and put the folder back.")
    }

    private static func leadsNowhere(_ path: String, _ target: String) -> RunFolderError {
        RunFolderError("\(path) is a symbolic link to \(target), where nothing is: mount or put back what it leads to.")
    }
}
