import Files

extension RunFolder {
    /// Throws `RunFolderError` where a checkpoint of the run was made with other settings that change bits: `config.yaml` was edited, or the
    /// checkpoint is another run's. The error names the keys that differ and the way on.
    ///
    /// Reads the manifests only, and the state of a checkpoint that differs. Whether a checkpoint is damaged is checked elsewhere.
    public func requireCheckpoints(of configuration: Configuration, disk: Disk = Disk()) throws {
        for checkpoint in try checkpoints(disk: disk).manifests() {
            if let words = otherSettings(of: checkpoint, than: configuration) {
                throw RunFolderError(
                    "The run \(typedName) cannot go on with the settings in its config.yaml: \(words); put config.yaml back as it was (the checkpoint has it, see `lockstep inspect \(ShellText.word(checkpoint.path))`), or begin a new run from its weights with `\(Self.beginning(from: typedName))`."
                )
            }
        }
    }

    /// Steps done at the newest checkpoint, as its manifest says; 0 where there is none.
    public func newestStep() throws -> UInt64 { try checkpoints().manifests().map(\.info.step).max() ?? 0 }

    /// Throws `RunFolderError` for a step that the run has not done and does not come to.
    public func requireStep(_ step: UInt64, of configuration: Configuration, trainingImages: Int) throws {
        let last = max(configuration.lastStep(trainingImages: trainingImages), try newestStep())
        guard step > last else { return }
        throw RunFolderError(
            "The run \(typedName) ends with step \(last), so there is no step \(step) to repeat; name one up to \(last).")
    }

    /// How a configuration differs, in what changes bits, from the one a checkpoint was made with. `nil` where it does not, and where the
    /// checkpoint is damaged: such a checkpoint is passed over, and its settings cannot be trusted.
    public func otherSettings(of checkpoint: Checkpoint, than configuration: Configuration) -> String? {
        guard checkpoint.info.identity != configuration.identityDigest else { return nil }
        let place = "the checkpoint after step \(checkpoint.info.step) was made with others"
        let made = (try? checkpoint.open()).flatMap { StateFile.configuration(of: $0, path: checkpoint.statePath) }
        let wrong = made.map { configuration.bitsDifference(from: $0, after: checkpoint.info.step) }
        // No difference: this version only knows more settings than the one that wrote it, each at the value that changes nothing.
        guard wrong?.isEmpty != true, CheckpointStore.damage(of: checkpoint.path) == nil else { return nil }
        guard let wrong else { return "\(place), which cannot be read" }
        return "\(place): "
            + Configuration.telling(wrong).map { "\($0.key) (\($0.other) there, now \($0.mine))" }.joined(separator: ", ")
    }
}
