import Datasets
import Files
import Foundation

extension CheckpointStore {
    /// Removes checkpoints that the settings no longer ask for and returns their paths.
    ///
    /// The newest `keep` whole ones are kept, and those that end every `keepEveryEpochs`-th epoch. The newest whole one is never removed; where
    /// none is whole, nothing is removed. One that is not whole does not count as kept, and is removed once a whole one is newer.
    public func retain(_ settings: CheckpointSettings) throws -> [String] {
        guard let newest = try newestWhole().checkpoint else { return [] }
        var remaining = max(1, settings.keep) - 1
        var removed: [String] = []
        for candidate in try newestFirst() where candidate.step <= newest.info.step && candidate.path != newest.path {
            // Another folder of the newest one's step does not stay: it was passed over, or has made way for the newest one.
            if candidate.step < newest.info.step, let info = info(in: candidate.path) {
                if remaining > 0 {
                    remaining -= 1
                    continue
                }
                if settings.keepEveryEpochs > 0, info.endsEpoch, info.epoch > 0, info.epoch % settings.keepEveryEpochs == 0 {
                    continue
                }
            }
            try remove(candidate.path)
            removed.append(candidate.path)
        }
        if !removed.isEmpty { try disk.syncDirectory(directory) }
        return removed
    }

    /// Removes what writers left that never finished, and returns the paths. A checkpoint whose replacement never came gets its name back.
    /// Only for the holder of the run's lock: a writer at work would lose its folder.
    public func sweep() throws -> [String] {
        var removed: [String] = []
        for name in try disk.names(in: directory) where name.hasPrefix(CheckpointLayout.temporaryPrefix) {
            removed.append(directory + "/" + name)
        }
        for candidate in try candidates() where candidate.isReplaced {
            let place = directory + "/" + CheckpointLayout.name(step: candidate.step)
            let isTaken = FileManager.default.fileExists(atPath: place)
            if isTaken, (try? at(step: candidate.step))?.path != candidate.path {
                removed.append(candidate.path)
                continue
            }
            if isTaken { try disk.remove(place) }
            try disk.rename(candidate.path, to: place)
        }
        for path in removed { try disk.remove(path) }
        return removed
    }

    /// A warning where the file system has no room for two more checkpoints like this one: a full disk would end the run.
    public func roomWarning(after checkpoint: Checkpoint) -> String? {
        guard let free = FreeSpace(at: directory), free.freeBytes < 2 * UInt64(checkpoint.bytes) else { return nil }
        return
            "the disk is nearly full: where \(directory) is, \(free), and a checkpoint takes \(byteText(UInt64(checkpoint.bytes))); "
            + "make room there before one cannot be written, which ends the run"
    }

    /// Removes the manifest first: what an interrupted removal leaves is then no checkpoint.
    private func remove(_ path: String) throws {
        let manifest = path + "/" + CheckpointLayout.manifestName
        if FileManager.default.fileExists(atPath: manifest) { try disk.remove(manifest) }
        try disk.remove(path)
    }

    /// What a manifest says, without reading the state file; `nil` when there is none that can be read, or the lengths disagree.
    private func info(in path: String) -> CheckpointInfo? {
        guard let bytes = try? Disk.bytes(of: path + "/" + CheckpointLayout.manifestName, limit: Manifest.maximumBytes),
            let manifest = try? Manifest(parsing: bytes),
            let state = try? ByteSource(path: path + "/" + CheckpointLayout.stateName), state.count == manifest.bytes
        else { return nil }
        return manifest.info
    }
}
