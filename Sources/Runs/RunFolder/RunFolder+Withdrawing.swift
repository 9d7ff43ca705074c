import Files
import Foundation

extension RunFolder {
    /// Whether anything has come into the folder that somebody would miss: the books, which are opened when the run begins, or a worker's own words
    /// on why it did not.
    public var hasBegun: Bool {
        if [metricsPath, stepsLogPath].contains(where: Disk.isThere) { return true }
        if childLogs.contains(where: { ((try? ByteSource(path: $0))?.count ?? 0) > 0 }) { return true }
        // What cannot be read is there.
        return (try? checkpoints().steps().isEmpty) != true
    }

    /// Takes away again what was made for a run that could not begin. One that has begun stays.
    ///
    /// - Parameter keepingFolder: the folder itself was there before: a fresh volume.
    public func withdraw(keepingFolder: Bool, disk: Disk = Disk()) {
        guard !hasBegun else { return }
        guard keepingFolder else { return disk.discard(path) }
        let parts = [
            configurationPath, priorPath, checkpointsPath, figuresPath, coordinatorLogPath, generationPath, identityPath, lockPath,
        ]
        // The logs are empty, and are no part of a blank folder all the same.
        for part in parts + childLogs { disk.discard(part) }
    }

    private var childLogs: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasPrefix("worker-") || $0.hasPrefix("server-") }.map { path + "/" + $0 }
    }
}
