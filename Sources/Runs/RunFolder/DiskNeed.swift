import Autoencoder
import Datasets
import Files
import Foundation
import Kernels

/// An estimate, by kind, of what a run takes on the disk by its end, to be known before the disk is full.
public struct DiskNeed: Sendable, Hashable, CustomStringConvertible {
    private let metrics, events, steps, checkpoints, figures: UInt64

    /// Bytes of all kinds.
    public var total: UInt64 { kinds.reduce(0) { $0 + $1.bytes } }

    /// By the names that they have in a run's folder.
    public var kinds: [(name: String, bytes: UInt64)] {
        [("checkpoints", checkpoints), ("figures", figures), ("metrics", metrics), ("events", events), ("steps.log", steps)]
    }

    /// Bytes that a step takes in `metrics.jsonl`, in the file of events, in `steps.log`.
    private static let stepBytes = (metrics: UInt64(520), events: UInt64(360), steps: UInt64(30))
    /// Bytes that a pixel of an image takes in a picture's PNG, and bytes of the rest of an epoch's pictures.
    private static let (pixelBytes, otherPictures) = (0.8, 100_000.0)

    /// - Parameters:
    ///   - pixels: values of one image.
    ///   - trainingImages: images of one epoch, as the data set has them.
    ///   - shape: of an image in a picture.
    public init(_ configuration: Configuration, pixels: Int, trainingImages: Int, shape: PictureShape) {
        let last = configuration.lastStep(trainingImages: trainingImages)
        let rule = configuration.epochs(trainingImages: trainingImages)
        let epochs = rule.done(after: last)
        metrics = last.capped(times: Self.stepBytes.metrics)
        events = last.capped(times: Self.stepBytes.events)
        steps = last.capped(times: Self.stepBytes.steps)
        let training = configuration.training(pixels: pixels, trainingImages: trainingImages)
        let state = training.stateBytes
        checkpoints = configuration.checkpoint.kept(steps: last, epochs: epochs).capped(times: UInt64(state))
        let images = Self.images(of: shape, training)
        let picture = Double(images * pixels) * Self.pixelBytes + Self.otherPictures
        // Each epoch's own, and the newest ones beside them.
        let sets = configuration.figures.kept(epochs: epochs, endsWithin: !rule.areWhole(after: last))
        figures = sets == 0 ? 0 : (sets + 1).capped(times: UInt64(picture))
    }

    /// Number of images in an epoch's pictures: large images leave room for fewer.
    private static func images(of shape: PictureShape, _ training: TrainingSettings) -> Int {
        let pairs = 2 * shape.most(ModelImages.pairs)
        if let labels = training.decodedLabels {
            let grid = LabelGrid(labels: labels, shape: shape).count
            // Clusters have their heads too.
            return pairs + grid + StyleGrid(labels: labels, shape: shape).count + (training.labelsAreClasses ? 0 : grid)
        }
        let samples = shape.most(ModelImages.samples)
        guard training.model.code == 2 else { return pairs + samples }
        let side = ModelImages.walkSide(of: shape)
        guard let petals = training.prior.walkRows else { return pairs + samples + side * side }
        let square = ModelImages.petalSide(of: shape)
        return pairs + samples + LabelGrid(labels: petals, shape: shape).count + min(petals, ModelImages.petals) * square * square
    }

    /// "about 5.5 GB at the end: checkpoints 4.5 GB, figures 600 MB, …".
    public var description: String {
        let parts = kinds.filter { $0.bytes > 0 }.map { "\($0.name) \(byteText($0.bytes))" }
        return "about \(byteText(total)) at the end: \(parts.joined(separator: ", "))"
    }

    /// A warning where the file system of `path` has less room than that.
    ///
    /// - Parameter taken: bytes of it that a run that goes on has there already.
    public func warning(at path: String, taken: UInt64 = 0) -> String? {
        guard let free = FreeSpace(at: path), free.freeBytes < total - min(total, taken) else { return nil }
        let present = taken > 0 ? "; \(byteText(taken)) of it are there already" : ""
        return
            "the run comes to \(description)\(present); where \(path) is, \(free): make room before it runs out, keep less (checkpoint.keep_every_epochs, figures.keep), or use a folder on another file system"
    }
}

extension RunFolder {
    /// Bytes of all files in the folder, as far as they can be seen.
    public var storedBytes: UInt64 {
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return names.reduce(0) { sum, name in
            var status = stat()
            guard lstat(path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return sum }
            return sum + UInt64(status.st_size)
        }
    }
}

extension CheckpointSettings {
    /// How many checkpoints are there at the end of so many steps and epochs: the newest, and those that stay for good.
    func kept(steps: UInt64, epochs: UInt64) -> UInt64 {
        let bySteps = everySteps > 0 ? steps / UInt64(everySteps) : 0
        let byEpochs = everyEpochs > 0 ? epochs / UInt64(everyEpochs) : 0
        // Checkpoints by the clock cannot be known beforehand; there are at most as many as steps.
        let taken = everySeconds > 0 ? steps : max(bySteps, byEpochs) + 1
        let newest = min(UInt64(keep), max(1, min(taken, steps)))
        guard keepEveryEpochs > 0, everyEpochs > 0 else { return newest }
        let period = UInt64.leastCommonMultiple(UInt64(everyEpochs), UInt64(keepEveryEpochs))
        let forGood = epochs / period
        // One of the newest may be one that stays for good.
        return newest + (forGood > 0 && epochs % period < newest ? forGood - 1 : forGood)
    }
}

extension FigureSettings {
    /// How many epochs have pictures at the end of a run of so many whole epochs, by the rule of `RunPictures.retain`.
    ///
    /// - Parameter endsWithin: whether the last epoch is cut short; it is drawn like any last one.
    func kept(epochs: UInt64, endsWithin: Bool) -> UInt64 {
        guard everyEpochs > 0 else { return 0 }
        let every = UInt64(everyEpochs)
        let drawn = epochs / every + (endsWithin || epochs % every > 0 ? 1 : 0)
        let newest = min(drawn, UInt64(max(1, keep)))
        guard keepEveryEpochs > 0 else { return newest }
        // Older epochs stay where their number is a multiple of `keepEveryEpochs`.
        let older = epochs - min(epochs, newest.capped(times: every))
        return newest + older / UInt64.leastCommonMultiple(every, UInt64(keepEveryEpochs))
    }
}

extension UInt64 {
    fileprivate static func leastCommonMultiple(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var (x, y) = (a, b)
        while y > 0 { (x, y) = (y, x % y) }
        return a / x * b
    }

    /// The product, capped far below the largest number.
    fileprivate func capped(times other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        // So that some of them can be added without overflow.
        return overflow ? .max / 16 : Swift.min(product, .max / 16)
    }
}
