import Autoencoder
import Wire

/// How large a batch message may become.
extension BatchImages {
    /// Bytes of a shard's part: four numbers of up to five bytes with their keys, and its own length.
    private static let partBytes = 32
    /// Bytes of everything in the message that is no image, label or part.
    private static let otherBytes = 64

    /// The most bytes of a step's message to one worker: it has all shards, as the last worker of a run has, and its images cannot be
    /// compressed.
    package static func mostBytes(_ settings: TrainingSettings) -> Int {
        // No later minibatch is larger than the first.
        let rows = settings.streams.reduce(0) { $0 + settings.minibatchSize(of: $1, ofStep: 0) }
        return Zstd.bound(rows * settings.pixels) + rows + settings.streams.count * settings.shards * partBytes + otherBytes
    }

    /// Makes sure that every step's images can be sent: otherwise a message that is too large would appear only in mid-run, when workers have died.
    ///
    /// - Throws: `SettingsError` for the larger of the minibatches.
    public static func requireRoom(_ settings: TrainingSettings) throws {
        let (bytes, limit) = (mostBytes(settings), Limits.batch)
        guard bytes > limit else { return }
        let labelled = settings.minibatchSize(of: .labelled, ofStep: 0)
        let rows = settings.minibatchSize(of: .images, ofStep: 0) + labelled
        let (key, wayOn) =
            labelled == 0
            ? ("minibatch", "lower minibatch")
            : (labelled > rows - labelled ? "labels.minibatch" : "minibatch", "lower minibatch or labels.minibatch")
        throw SettingsError(
            key: key,
            problem:
                "a step of \(rows) images of \(settings.pixels) values takes a message of up to \(megabytes(bytes)) MB to a worker that has all shards, and a message may have \(megabytes(limit)) MB; \(wayOn)"
        )
    }

    private static func megabytes(_ bytes: Int) -> Int { (bytes + 999_999) / 1_000_000 }
}
