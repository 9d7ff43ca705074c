import Files
import Foundation

extension RunFolder {
    /// Longest files `generation` and `identity` that are read.
    private static let generationBytes = 64
    private static let identityBytes = 64

    /// The newest coordinator's; `nil` when the run has had none yet.
    public func generation() throws -> Generation? {
        guard Disk.isThere(generationPath) else { return nil }
        let text = String(decoding: try Disk.bytes(of: generationPath, limit: Self.generationBytes), as: UTF8.self)
        guard let generation = Generation(line: text) else {
            throw RunFolderError(
                "\(generationPath) holds no number that can be raised; write one there that is higher than the generation in the workers' logs."
            )
        }
        return generation
    }

    /// Tells this run from every other, also from one of the same name and settings. The run's first coordinator makes it, and it never changes.
    /// Only for the holder of the run's lock.
    public func identity() throws -> String {
        if Disk.isThere(identityPath) {
            let text = String(decoding: try Disk.bytes(of: identityPath, limit: Self.identityBytes), as: UTF8.self).trimmingSuffix(
                "\n")
            guard UInt64(text, radix: 16) != nil else {
                throw RunFolderError("\(identityPath) is damaged; remove it, and start the workers of this run again.")
            }
            return text
        }
        let identity = String(UInt64.random(in: .min ... .max), radix: 16)
        try Disk().replace(identityPath, with: Array("\(identity)\n".utf8))
        return identity
    }

    /// Raises the generation's number, gives it a new name, and returns it once it is on the device. A coordinator does so once it has its port,
    /// so that workers can tell it from one that was thought dead. Only for the holder of the run's lock.
    ///
    /// - Parameter above: a second number that the new one has to exceed, besides the stored one: that of a coordinator which workers have obeyed
    ///   and which this folder, an older copy, does not know.
    /// - Throws: `RunFolderError` where there is no such number, `DiskError`.
    public func raiseGeneration(above: UInt64 = 0) throws -> Generation {
        let highest = max(try generation()?.number ?? 0, above)
        guard highest < Plausible.count - 1 else {
            throw RunFolderError(
                "\(generationPath) cannot be raised above \(highest), which no run comes to; write a smaller number there, and start the workers of this run again."
            )
        }
        let next = Generation.fresh(number: highest + 1)
        try Disk().replace(generationPath, with: Array(next.line.utf8))
        return next
    }

    /// Whether the folder is still that of the coordinator which raised the generation to this one. Looks at the disk.
    public func ownership(of generation: Generation) -> Ownership {
        do {
            let bytes = try Disk.bytes(of: generationPath, limit: Self.generationBytes)
            // The file is replaced as a whole, so half a line is damage, and not from a coordinator.
            guard let present = Generation(line: String(decoding: bytes, as: UTF8.self)) else {
                return .unreadable(DiskError(operation: "make sense of", path: generationPath, code: EBADMSG))
            }
            return present == generation ? .ours : .taken(by: present)
        } catch let error as DiskError where error.code == ENOENT || error.code == ENOTDIR {
            return .gone
        } catch let error as DiskError {
            return .unreadable(error)
        } catch {
            return .unreadable(DiskError(operation: "make sense of", path: generationPath, code: EBADMSG))
        }
    }
}
