import Figures
import Files
import Foundation

/// The folders in a run's `figures` that hold the pictures of one epoch each, or of one checkpoint that was asked for.
enum PictureFolders {
    private static let prefix = "epoch-"

    static func name(epoch: Int) -> String { prefix + String(format: "%04d", epoch) }

    /// Named as the checkpoint.
    static func name(step: UInt64) -> String { "step-" + String(format: "%08llu", step) }

    /// The epoch of a folder that has such a name.
    static func epoch(ofName name: String) -> Int? {
        guard name.hasPrefix(prefix), let epoch = Int(name.dropFirst(prefix.count)), self.name(epoch: epoch) == name else {
            return nil
        }
        return epoch
    }
}

extension RunPictures {
    /// Removes the pictures of epochs that the settings no longer ask for, by the rule for checkpoints, and returns the folders that are gone.
    ///
    /// Pictures of the newest `keep` epochs up to `epoch` are kept, and of every `keepEveryEpochs`-th. Later epochs, which a run that went on
    /// from an earlier checkpoint has left, stay until it gets there. Only files with a picture's name are removed, and folders that hold nothing
    /// else: what somebody put there stays, and so does what stands behind a link.
    public static func retain(
        _ settings: FigureSettings, in folder: RunFolder, upTo epoch: Int, disk: Disk = Disk()
    ) throws -> [String] {
        let there = try disk.names(in: folder.figuresPath).compactMap { PictureFolders.epoch(ofName: $0) }.filter { $0 <= epoch }
        let old = there.sorted(by: >).dropFirst(max(1, settings.keep)).filter { old in
            settings.keepEveryEpochs == 0 || old % settings.keepEveryEpochs != 0
        }
        var removed: [String] = []
        for epoch in old.reversed() {
            let path = folder.figuresPath + "/" + PictureFolders.name(epoch: epoch)
            guard isOwn(path, .typeDirectory) else { continue }
            for name in FigureName.allCases.map({ path + "/" + $0.rawValue }) where isOwn(name, .typeRegular) {
                try disk.remove(name)
            }
            guard try disk.names(in: path).isEmpty else { continue }
            try disk.remove(path)
            removed.append(path)
        }
        return removed
    }

    /// Whether a file or folder itself stands there, and not a link to one.
    private static func isOwn(_ path: String, _ type: FileAttributeType) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: path)[.type]) as? FileAttributeType == type
    }
}
