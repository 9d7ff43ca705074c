import Files

extension Configuration {
    /// The whole effective configuration as YAML, and what made it. Reads back to an equal value.
    public func yaml(provenance: Provenance? = nil) -> String {
        guard let provenance else { return writtenSettings.yaml() }
        let lines = provenance.entries.map { "  \($0.key): \(JSON.string($0.value).text)\n" }.joined()
        return writtenSettings.yaml()
            + "\n# A record of what made this run; nothing here is a setting.\n\(Self.provenanceKey):\n\(lines)"
    }
}

extension Provenance {
    /// Reads the section of a `config.yaml`; `nil` where there is none. A text that is missing is "unknown".
    init?(_ section: Setting?) {
        guard let section, section.entries != nil else { return nil }
        func text(_ key: String) -> String {
            guard case .scalar(let text, _) = section[key]?.content else { return "unknown" }
            return text
        }
        self.init(
            version: text("version"), commit: text("commit"), data: text("data"), cpu: text("cpu"), kernel: text("kernel"),
            host: text("host"),
            system: text("system"), command: text("command"), created: text("created"))
    }
}

extension RunFolder {
    /// Writes `config.yaml`, whole or not at all.
    public func write(_ configuration: Configuration, provenance: Provenance, disk: Disk = Disk()) throws {
        try disk.replace(configurationPath, with: Array(configuration.yaml(provenance: provenance).utf8))
    }

    /// Reads the run's `config.yaml`.
    public func configuration() throws -> (configuration: Configuration, provenance: Provenance?) {
        do {
            return try Configuration.readFile(configurationPath)
        } catch let error as ConfigurationError {
            // The file was whole when the run was made.
            guard let checkpoint = try? checkpoints().manifests().last else { throw error }
            let problem = "\(error)".trimmingSuffix(".")
            throw RunFolderError(
                "\(problem); the file was changed since the run was made: put it back as it was (the checkpoint has the settings, see `lockstep inspect \(ShellText.word(checkpoint.path))`)."
            )
        }
    }
}
