import Autoencoder
import Datasets
import Files
import Kernels

extension Configuration {
    /// The configuration with the samples of its prior, where the prior is made of samples: from the run's own copy, else from the file that it
    /// names.
    ///
    /// - Throws: `DataError` where the file cannot be read, its samples do not fit the code, or they do not have the configuration's digest.
    func withSamples(of run: RunFolder? = nil) throws -> Configuration {
        guard prior.isOfSamples, let file = prior.sampleFile else { return self }
        var filled = self
        let own = run.flatMap { try? Self.samples(inFile: $0.priorPath) }
        if let own, own.digest == prior.sampleDigest {
            filled.prior = prior.with(own)
        } else {
            let samples = try Self.samples(inFile: file)
            guard [nil, samples.digest].contains(prior.sampleDigest) else {
                throw DataError.unfit(
                    file: file, found: "other samples than prior.digest says",
                    expected: "those of the digest; put the file back as it was, or leave prior.digest out of new settings")
            }
            filled.prior = prior.with(samples)
        }
        guard let samples = filled.prior.codeSamples, samples.dimensions == model.code else {
            throw DataError.unfit(
                file: file, found: "samples of \(filled.prior.codeSamples?.dimensions ?? 0) values",
                expected: "\(model.code), as many as a code has (model.code)")
        }
        return filled
    }

    /// Reads (N, Z) floats of NumPy's.
    private static func samples(inFile path: String) throws -> CodeSamples {
        let array = try NPY.read(path, as: .priorSamples, atMost: mostSampleBytes)
        guard array.shape.count == 2, let values = array.values.floats else {
            throw DataError.unfit(
                file: path, found: "the shape \(array.shape)",
                expected: "samples (N, Z): a row of as many values as a code has, each")
        }
        do {
            return try CodeSamples(values.array, dimensions: array.shape[1])
        } catch {
            throw DataError.unfit(file: path, found: error.found, expected: error.expected)
        }
    }

    /// The most values allowed, 8 bytes each, and a header.
    private static let mostSampleBytes = 8 * CodeSamples.mostValues + 65_536
}

extension RunFolder {
    /// A run's own copy of its prior's samples; with other priors there is no such file.
    var priorPath: String { path + "/prior.npy" }

    /// Writes the copy. The samples have been read.
    func writePrior(of configuration: Configuration, disk: Disk) throws {
        guard let samples = configuration.prior.codeSamples else { return }
        let header = NPYHeader.encode(.float32, shape: [samples.count, samples.dimensions])
        try disk.replace(priorPath, with: header + samples.bytes)
    }
}
