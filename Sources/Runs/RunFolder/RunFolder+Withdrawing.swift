import Files
import Foundation

extension RunFolder {
    /// Whether the folder holds anything that somebody would miss: the metrics and the log of steps, which are opened when the run begins, or a
    /// worker's log that says why it did not.
    public var hasBegun: Bool {
        if [metricsPath, stepsLogPath].contains(where: Disk.isThere) { return true }
        if childLogs.contains(where: { ((try? ByteSource(path: $0))?.count ?? 0) > 0 }) { return true }
        // What cannot be read counts as there.
        return (try? checkpoints().steps().isEmpty) != true
    }

    /// Removes what was made for a run that could not begin. A run that has begun stays.
    ///
    /// - Parameter keepingFolder: the folder itself was there before: a fresh volume.
    public func withdraw(keepingFolder: Bool, disk: Disk = Disk()) {
        guard !hasBegun else { return }
        guard keepingFolder else { return disk.discard(path) }
        let parts = [
            configurationPath, priorPath, checkpointsPath, figuresPath, coordinatorLogPath, generationPath, identityPath, lockPath,
        ]
        // The logs are empty, but even so a blank folder does not have them.
        for part in parts + childLogs { disk.discard(part) }
    }

    private var childLogs: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasPrefix("worker-") || $0.hasPrefix("server-") }.map { path + "/" + $0 }
    }
}
