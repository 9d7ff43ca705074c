import Foundation

extension CheckpointStore {
    /// Removes checkpoints that the settings no longer ask for and returns their paths.
    ///
    /// Kept are the newest `keep` whole ones, and those that end every `keepEveryEpochs`-th epoch. The newest whole one is never removed, and
    /// nothing is when none is whole. One that is not whole does not count as kept, and goes once a whole one is newer.
    public func retain(_ settings: CheckpointSettings) throws -> [String] {
        guard let newest = try newestWhole().checkpoint else { return [] }
        var remaining = max(1, settings.keep)
        var removed: [String] = []
        for step in try steps().reversed() where step <= newest.info.step {
            let path = directory + "/" + CheckpointLayout.name(step: step)
            if let info = info(in: path) {
                if remaining > 0 {
                    remaining -= 1
                    continue
                }
                if settings.keepEveryEpochs > 0, info.endsEpoch, info.epoch > 0, info.epoch % settings.keepEveryEpochs == 0 {
                    continue
                }
            }
            try remove(path)
            removed.append(path)
        }
        if !removed.isEmpty { try disk.syncDirectory(directory) }
        return removed
    }

    /// Removes what writers left that never finished, and returns the paths. A checkpoint whose replacement never came gets its name back.
    /// Only for the holder of the run's lock: a writer at work would lose its folder.
    public func sweep() throws -> [String] {
        var removed: [String] = []
        for name in try disk.names(in: directory) {
            let path = directory + "/" + name
            if name.hasPrefix(CheckpointLayout.replacedPrefix) {
                let original = directory + "/" + name.dropFirst(CheckpointLayout.replacedPrefix.count)
                if !FileManager.default.fileExists(atPath: original) {
                    try disk.rename(path, to: original)
                    continue
                }
            } else if !name.hasPrefix(CheckpointLayout.temporaryPrefix) {
                continue
            }
            try disk.remove(path)
            removed.append(path)
        }
        return removed
    }

    /// The manifest first: what is left of a removal cut short is then no checkpoint.
    private func remove(_ path: String) throws {
        let manifest = path + "/" + CheckpointLayout.manifestName
        if FileManager.default.fileExists(atPath: manifest) { try disk.remove(manifest) }
        try disk.remove(path)
    }

    /// What a manifest says, without reading the state file; `nil` when there is none that can be read, or the lengths disagree.
    private func info(in path: String) -> CheckpointInfo? {
        guard let bytes = try? Disk.bytes(of: path + "/" + CheckpointLayout.manifestName),
            let manifest = try? Manifest(parsing: bytes),
            let state = try? ByteSource(path: path + "/" + CheckpointLayout.stateName), state.count == manifest.bytes
        else { return nil }
        return manifest.info
    }
}
