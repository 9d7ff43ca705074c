import Foundation

extension RunFolder {
    /// Whether anything has come into the folder that somebody would miss: the books, which are opened when the run begins, or a worker's own words
    /// on why it did not.
    public var hasBegun: Bool {
        if [metricsPath, stepsLogPath].contains(where: Self.isThere) { return true }
        let logs = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasPrefix("worker-") }
        if logs.contains(where: { ((try? ByteSource(path: path + "/" + $0))?.count ?? 0) > 0 }) { return true }
        // What cannot be read is there.
        return (try? checkpoints().steps().isEmpty) != true
    }

    /// Takes away again what was made for a run that could not begin. One that has begun stays.
    ///
    /// - Parameter keepingFolder: the folder itself was there before: a fresh volume.
    public func withdraw(keepingFolder: Bool, disk: Disk = Disk()) {
        guard !hasBegun else { return }
        guard keepingFolder else { return disk.discard(path) }
        for part in [configurationPath, checkpointsPath, figuresPath, coordinatorLogPath, generationPath, identityPath, lockPath] {
            disk.discard(part)
        }
    }

    /// The run that `latest` under `runs` stands for, as the link has it; nil where there is none.
    public static func latestTarget(under runs: String = defaultParent) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: absolute(runs) + "/" + latestName)
    }

    /// Gives `latest` back to the run that it stood for before this one.
    public static func restoreLatest(to target: String?, under runs: String = defaultParent) {
        let link = absolute(runs) + "/" + latestName
        guard latestTarget(under: runs) != nil else { return }
        guard let target else {
            unlink(link)
            return
        }
        let temporary = absolute(runs) + "/.latest-\(getpid())"
        guard symlink(target, temporary) == 0 else { return }
        if rename(temporary, link) != 0 { unlink(temporary) }
    }
}
