import Files
import Foundation

extension RunFolder {
    /// Removes what processes left that died while they wrote, in the folder, its figures and its checkpoints, and returns the paths.
    /// Only for the holder of the run's lock.
    public func sweep(disk: Disk = Disk()) throws -> [String] {
        let pictures = try disk.names(in: figuresPath).map { figuresPath + "/" + $0 }.filter(Disk.isDirectory)
        var removed: [String] = []
        for folder in [path, figuresPath] + pictures {
            for name in try disk.names(in: folder) where name.hasSuffix(Disk.temporarySuffix) {
                try disk.remove(folder + "/" + name)
                removed.append(folder + "/" + name)
            }
        }
        return try removed + checkpoints(disk: disk).sweep()
    }
}
