extension RunFolder {
    /// How many coordinators the run has had; 0 when none has raised the number yet.
    public func generation() throws -> UInt64 {
        guard Self.exists(generationPath) else { return 0 }
        let text = String(decoding: try Disk.bytes(of: generationPath), as: UTF8.self)
        guard let value = UInt64(text.trimmingSuffix("\n")) else {
            throw RunFolderError(
                "\(generationPath) holds no number; write one there that is higher than the generation in the workers' logs.")
        }
        return value
    }

    /// What tells this run from every other, of the same name and settings too: made by the run's first coordinator, kept for life. Only
    /// for the holder of the run's lock.
    public func identity() throws -> String {
        if Self.exists(identityPath) {
            return String(decoding: try Disk.bytes(of: identityPath), as: UTF8.self).trimmingSuffix("\n")
        }
        let identity = String(UInt64.random(in: .min ... .max), radix: 16)
        try Disk().replace(identityPath, with: Array("\(identity)\n".utf8))
        return identity
    }

    /// Raises the generation by one and returns it once it is on the device. A coordinator does so before it listens, so that workers can
    /// tell it from one that was thought dead. Only for the holder of the run's lock.
    public func raiseGeneration() throws -> UInt64 {
        let next = try generation() + 1
        try Disk().replace(generationPath, with: Array("\(next)\n".utf8))
        return next
    }
}
