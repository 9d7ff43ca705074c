import Files
import Foundation
import Waiting

extension RunFolder {
    /// Makes `latest` under `runs` point to this run.
    public func markLatest(under runs: String = defaultParent) throws {
        let parent = Self.absolute(runs)
        try Disk().makeParents(parent)
        try Self.pointLatest(to: link(in: parent), in: parent)
    }

    /// The run that `latest` under `runs` stands for, as the link has it; nil where there is none.
    public static func latestTarget(under runs: String = defaultParent) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: absolute(runs) + "/" + latestName)
    }

    /// Points `latest` back to the run it stood for before this one; nil removes it. Where another run has taken that name since, nothing
    /// changes.
    public func giveLatestBack(to target: String?, under runs: String = defaultParent) {
        let parent = Self.absolute(runs)
        guard Self.latestTarget(under: runs) == link(in: parent) else { return }
        guard let target else {
            unlink(parent + "/" + Self.latestName)
            return
        }
        // A link that leads nowhere is no reason to hide why the run could not begin.
        try? Self.pointLatest(to: target, in: parent)
    }

    /// The target that `latest` in a folder needs to lead here.
    private func link(in parent: String) -> String { FilePath.folder(of: path) == parent ? name : path }

    /// Readers see the old link or the new one, never none.
    private static func pointLatest(to target: String, in parent: String) throws {
        let disk = Disk()
        let temporary = parent + "/.latest-\(getpid())"
        // An earlier process of this number may have died here. The link may lead nowhere, so it is removed without a check.
        unlink(temporary)
        guard symlink(target, temporary) == 0 else {
            throw DiskError(operation: "make the link", path: temporary, code: errno)
        }
        do {
            try disk.rename(temporary, to: parent + "/" + latestName)
        } catch {
            unlink(temporary)
            throw error
        }
    }
}
