/// A data set, opened and split: train = first images of the training file, validation = last images of the training
/// file, test = the test file. Nothing is ever chosen on test images.
public struct DataSet: Sendable {
    public enum Split: String, Sendable, CaseIterable { case train, validation, test }

    public let settings: DataSettings
    public let train: ImageSubset
    public let validation: ImageSubset
    public let test: ImageSubset
    /// One more than the greatest label.
    public let classes: Int
    /// 64 hex digits that are equal exactly where every image, every label and the split are equal.
    public let identity: String

    /// `training` and `test` have images of one size.
    init(_ settings: DataSettings, training: any ImageSource, test: any ImageSource, classes: Int) {
        precondition(training.pixels == test.pixels, "training and test images have one size")
        self.settings = settings
        self.classes = classes
        train = ImageSubset(training, 0..<settings.train)
        validation = ImageSubset(training, training.count - settings.validation..<training.count)
        self.test = ImageSubset(test, 0..<test.count)
        identity = textDigest(
            "train \(training.identity) \(train.range) validation \(validation.range) test \(test.identity)")
    }

    public func subset(_ split: Split) -> ImageSubset {
        switch split {
        case .train: train
        case .validation: validation
        case .test: test
        }
    }

    /// Reads the set's files from `directory`; throws `DataError`.
    public static func open(_ settings: DataSettings, in directory: DataDirectory) throws -> DataSet {
        try settings.validate()
        switch settings.set {
        case "glyphs":
            return DataSet(settings, training: Glyphs.training, test: Glyphs.test, classes: Glyphs.classes)
        case "npz":
            return try openArchive(settings, in: directory)
        default:
            return try openIDX(settings, in: directory)
        }
    }

    /// `directory` is the value of `--data`; nil leaves it to `LOCKSTEP_DATA` and the cache folder.
    public static func open(_ settings: DataSettings, directory: String?) throws -> DataSet {
        try open(settings, in: DataDirectory(option: directory))
    }
}
