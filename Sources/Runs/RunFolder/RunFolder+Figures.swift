import Foundation

extension RunFolder {
    /// Epochs, counted from 1, whose held-out figures stand in `metrics.jsonl`.
    public func epochsWithFigures() -> Set<Int> { MetricsReader.epochs(path: metricsPath) }

    /// Whether the held-out figures of an epoch, counted from 1, are missing.
    public func lacksFigures(ofEpoch epoch: Int) -> Bool { !epochsWithFigures().contains(epoch) }

    /// Whether an epoch, counted from 1, has no picture of its own.
    public func lacksPictures(ofEpoch epoch: Int) -> Bool {
        let own = "\(figuresPath)/\(PictureFolders.name(epoch: epoch))"
        return !((try? FileManager.default.contentsOfDirectory(atPath: own)) ?? []).contains { $0.hasSuffix(".png") }
    }
}
