import Kernels

/// A data set, opened and split: train = first images of the training file, validation = last images of the training
/// file, test = the test file; of TFD, the parts of one of its folds. Nothing is ever chosen on test images.
public struct DataSet: Sendable {
    public enum Split: String, Sendable, CaseIterable { case train, validation, test }

    /// The settings as resolved: both sizes are numbers, and every file has the path where it was found.
    public let settings: DataSettings
    public let train: ImageSubset
    public let validation: ImageSubset
    public let test: ImageSubset
    /// One more than the greatest label; 0 where there are no labels.
    public let classes: Int
    /// 64 hex digits that are equal exactly where every image, every label and the split are equal.
    public let identity: String
    /// Mean and deviation of the training images' pixels; nil where `data.standardise` does not ask for them.
    public let standardisation: Standardisation?

    /// `training` and `test` have images of one size; `settings` have both sizes, as `DataSettings.split` gives them.
    init(_ settings: DataSettings, training: any ImageSource, test: any ImageSource, classes: Int) {
        precondition(training.pixels == test.pixels, "training and test images have one size")
        guard let count = settings.train, let held = settings.validation else { preconditionFailure("a split without sizes") }
        self.settings = settings
        self.classes = classes
        train = ImageSubset(training, 0..<count)
        validation = ImageSubset(training, training.count - held..<training.count)
        self.test = ImageSubset(test, 0..<test.count)
        standardisation = settings.standardise ? train.standardisation() : nil
        identity = textDigest(
            "train \(training.identity) \(train.range) validation \(validation.range) test \(test.identity)")
    }

    /// From three parts with images of one size, for a set whose file says what each image is for.
    init(_ settings: DataSettings, train: ImageSubset, validation: ImageSubset, test: ImageSubset, classes: Int) {
        precondition(train.pixels == test.pixels && train.pixels == validation.pixels, "all images have one size")
        self.settings = settings
        self.classes = classes
        (self.train, self.validation, self.test) = (train, validation, test)
        standardisation = settings.standardise ? train.standardisation() : nil
        let parts = [("train", train), ("validation", validation), ("test", test)]
        identity = textDigest(parts.map { "\($0.0) \($0.1.source.identity) \($0.1.range)" }.joined(separator: " "))
    }

    public func subset(_ split: Split) -> ImageSubset {
        switch split {
        case .train: train
        case .validation: validation
        case .test: test
        }
    }

    /// Reads the set's files from `directory`; throws `DataError`.
    ///
    /// - Parameter progress: called while files are converted, which happens once (`svhn`, `tfd`, `pictures`).
    public static func open(
        _ settings: DataSettings, in directory: DataDirectory, progress: @escaping (ConversionProgress) -> Void = { _ in }
    ) throws -> DataSet {
        try settings.validate()
        switch settings.set {
        case "glyphs":
            var split = try settings.split(available: Glyphs.trainingCount, in: "the built-in set glyphs")
            split.folder = nil
            return DataSet(split, training: Glyphs.training, test: Glyphs.test, classes: Glyphs.classes)
        case "glyphs-colour":
            var split = try settings.split(available: settings.colourGlyphs, in: "the built-in set glyphs-colour")
            split.folder = nil
            return DataSet(
                split, training: ColourGlyphs.training(settings.colourGlyphs), test: ColourGlyphs.test(),
                classes: ColourGlyphs.classes)
        case "npz":
            return try openArchive(settings, in: directory)
        case "pictures":
            return try openPictures(settings, in: directory, progress: progress)
        case "svhn":
            return try openSVHN(settings, in: directory, progress: progress)
        case "tfd":
            return try openTFD(settings, in: directory, progress: progress)
        default:
            return try openIDX(settings, in: directory)
        }
    }

    /// `directory` is the value of `--data`; nil leaves it to the settings, `LOCKSTEP_DATA` and the cache folder.
    ///
    /// - Parameters:
    ///   - isOfRun: whether the settings are those of an existing run, whose files may have been moved.
    ///   - progress: called while files are converted.
    public static func open(
        _ settings: DataSettings, directory: String?, isOfRun: Bool = false,
        progress: @escaping (ConversionProgress) -> Void = { _ in }
    ) throws -> DataSet {
        try open(
            settings, in: DataDirectory(option: directory, folder: settings.folder, isOfRun: isOfRun), progress: progress)
    }

    /// One more than the greatest label of two sources; 0 where neither has labels.
    static func classes(_ training: StoredImages, _ test: StoredImages) -> Int {
        max(training.greatestLabel ?? -1, test.greatestLabel ?? -1) + 1
    }
}
