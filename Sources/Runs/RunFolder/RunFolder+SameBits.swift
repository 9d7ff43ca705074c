extension RunFolder {
    /// Throws `RunFolderError` where a checkpoint of the run was made with other settings than these that change bits: `config.yaml` was
    /// edited, or the checkpoint is another run's. The error names the keys that differ and the way on.
    ///
    /// Only manifests are read, and of a checkpoint that differs its header: a damaged state is another question, with its own answer.
    public func requireCheckpoints(of configuration: Configuration, disk: Disk = Disk()) throws {
        for checkpoint in try checkpoints(disk: disk).manifests() {
            if let words = otherSettings(of: checkpoint, than: configuration) {
                throw RunFolderError(
                    "The run \(typedName) cannot go on with the settings in its config.yaml: \(words); put config.yaml back as it was (the checkpoint has it, see `lockstep inspect \(checkpoint.path)`), or begin a new run from its weights with `\(Self.beginning(from: typedName))`."
                )
            }
        }
    }

    /// Steps done at the newest checkpoint, as its manifest says; 0 where there is none.
    public func newestStep() throws -> UInt64 { try checkpoints().manifests().map(\.info.step).max() ?? 0 }

    /// How a configuration differs, in what changes bits, from the one a checkpoint was made with; `nil` where it does not.
    public func otherSettings(of checkpoint: Checkpoint, than configuration: Configuration) -> String? {
        guard checkpoint.info.identity != configuration.identityDigest else { return nil }
        let place = "the checkpoint after step \(checkpoint.info.step) was made with others"
        guard let reader = try? checkpoint.open(), let text = reader.metadata[StateFile.Key.configuration],
            let made = try? Configuration.read(yaml: text, file: checkpoint.statePath)
        else { return "\(place), which cannot be read" }
        let wrong = configuration.bitsDifference(from: made, after: checkpoint.info.step)
        // A version that knows more settings than the one that wrote it, each at the value that changes nothing.
        guard !wrong.isEmpty else { return nil }
        return "\(place): " + wrong.map { "\($0.key) (\($0.other) there, now \($0.mine))" }.joined(separator: ", ")
    }
}
