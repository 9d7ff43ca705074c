extension RunFolder {
    /// Longest files `generation` and `identity` that are read.
    private static let generationBytes = 64
    private static let identityBytes = 64

    /// How many coordinators the run has had; 0 when none has raised the number yet.
    public func generation() throws -> UInt64 {
        guard Self.exists(generationPath) else { return 0 }
        let text = String(decoding: try Disk.bytes(of: generationPath, limit: Self.generationBytes), as: UTF8.self)
        // The highest number is left out: there would be none for the next coordinator.
        guard let value = UInt64(text.trimmingSuffix("\n")), value < .max else {
            throw RunFolderError(
                "\(generationPath) holds no number that can be raised; write one there that is higher than the generation in the workers' logs."
            )
        }
        return value
    }

    /// What tells this run from every other, of the same name and settings too: made by the run's first coordinator, kept for life. Only
    /// for the holder of the run's lock.
    public func identity() throws -> String {
        if Self.exists(identityPath) {
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

    /// Raises the generation by one and returns it once it is on the device. A coordinator does so before it listens, so that workers can
    /// tell it from one that was thought dead. Only for the holder of the run's lock.
    public func raiseGeneration() throws -> UInt64 {
        let next = try generation() + 1
        try Disk().replace(generationPath, with: Array("\(next)\n".utf8))
        return next
    }
}
