import Datasets

extension Configuration {
    /// Opens the data of a new run, and reads the samples of a prior that is made of some.
    ///
    /// - Parameters:
    ///   - directory: the value of `--data`.
    ///   - progress: of files that are converted first.
    /// - Returns: the configuration with what follows from the data: the sizes of the splits, the places of the files, the prior's samples.
    public func opened(
        directory: String?, progress: @escaping (ConversionProgress) -> Void = { _ in }
    ) throws -> (configuration: Configuration, data: DataSet) {
        try opened(directory: directory, of: nil, progress: progress)
    }

    fileprivate func opened(
        directory: String?, of run: RunFolder?, progress: @escaping (ConversionProgress) -> Void
    ) throws -> (configuration: Configuration, data: DataSet) {
        // First what takes less time.
        var configuration = try withSamples(of: run)
        let data = try DataSet.open(self.data, directory: directory, isOfRun: run != nil, progress: progress)
        configuration.data = data.settings
        return (configuration, data)
    }

    /// The configuration with what follows from data that is open already, such as that of another run of the same sweep.
    public func opened(with data: DataSet) throws -> Configuration {
        var configuration = try withSamples(of: nil)
        configuration.data = data.settings
        return configuration
    }
}

extension RunFolder {
    /// Opens the run's data wherever it is now: in `directory`, the value of `--data`, else where the run remembers it. Its content decides, not
    /// its place.
    ///
    /// - Returns: the configuration with the places where the files were found.
    /// - Throws: `RunFolderError` where the content is not what the run began with; `DataError`.
    public func openData(
        _ configuration: Configuration, directory: String?, progress: @escaping (ConversionProgress) -> Void = { _ in }
    ) throws -> (configuration: Configuration, data: DataSet) {
        let opened: (configuration: Configuration, data: DataSet)
        do {
            opened = try configuration.opened(directory: directory, of: self, progress: progress)
        } catch DataError.setting(let key, let found, let expected) {
            // Images that are too few for the run's sizes are not the run's.
            throw otherData("data.\(key) of the run is \(found), and with these files it would have to be \(expected)")
        }
        try requireData(opened.data)
        return opened
    }

    /// Throws `RunFolderError` where the run began with other data than these.
    public func requireData(_ data: DataSet) throws {
        let began = try self.configuration().provenance?.data ?? ""
        guard Self.isDigest(began), began != data.identity else { return }
        throw otherData("the digest of \(Self.places(of: data.settings)) is \(data.identity), the run's is \(began)")
    }

    private func otherData(_ difference: String) -> RunFolderError {
        RunFolderError(
            "The run \(typedName) began with other data: \(difference); name a folder that has its files with --data DIR, or begin a new run from its weights with `\(Self.beginning(from: typedName)) --set data.train=auto --set data.validation=auto`."
        )
    }

    /// Runs of tests and of versions that knew no digest say something else.
    private static func isDigest(_ text: String) -> Bool { text.utf8.count == 64 && text.allSatisfy(\.isHexDigit) }

    private static func places(of data: DataSettings) -> String {
        let files = [data.images, data.labels, data.testImages, data.testLabels, data.file].compactMap(\.self)
        return files.isEmpty ? "the set \(data.set)" + (data.folder.map { " in \($0)" } ?? "") : files.joined(separator: ", ")
    }
}
