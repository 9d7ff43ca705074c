/// The `data` section of a recipe: which set, where its files are, and how its training file is split.
///
/// | key | type | default | meaning |
/// |---|---|---|---|
/// | `set` | text | glyphs | `glyphs`, `glyphs-colour` (built in), `mnist`, `idx` (any IDX pair), `npz` (NumPy arrays), `pictures` (PNG and JPEG files), `svhn` (format 2), `tfd` |
/// | `train` | count or auto | glyphs, mnist: 50000; glyphs-colour: 63257; else auto | the first images of the training file; auto: what validation leaves |
/// | `validation` | count or auto | glyphs, glyphs-colour, mnist: 10000; else auto | its last images; auto: a sixth, at most 10000 |
/// | `images`, `labels` | file | MNIST's names | idx: the training pair |
/// | `test_images`, `test_labels` | file | MNIST's names | idx: the test pair |
/// | `file` | file | mnist.npz | npz: the archive |
/// | `standardise` | true or false | false | each pixel less its mean over the training images, by its standard deviation |
/// | `extra` | true or false | false | svhn: whether the images of extra_32x32.mat stand behind those of the training file |
/// | `fold` | 1 to 5 | 1 | tfd: which of its folds |
/// | `folder` | folder | none | where files are looked for that are not at their path; a run remembers where it found them; pictures: their folder |
///
/// The archive's arrays are `x_train`, `y_train`, `x_test`, `y_test` (as Keras has them) or `train_images`,
/// `train_labels`, `test_images`, `test_labels`; those of labels may be missing, as may the files of labels.
///
/// SVHN's training file has 73,257 images: 63,257 for training and the last 10,000 for validation, as in the other sets. With the
/// 531,131 of `extra` there are 594,388 for training, and the last 10,000 validate. TFD's file says what an image is for: unlabelled images
/// train, the fold's own validate and test; `train` takes the first of the training images, `validation` the last of the validation images.
///
/// glyphs-colour has as many images as are asked for; `auto` is the usual number.
///
/// Reading a configuration resolves paths as a shell does. A file that is not at its path, or has none, is looked for by its name in the data
/// folder DIR and in DIR/SET, plain or with `.gz`.
public struct DataSettings: Sendable, Hashable {
    /// How the settings give the size of a split.
    public enum Size: Sendable, Hashable, ExpressibleByIntegerLiteral {
        /// Not given: the usual size for a set whose size is known before a file is opened, otherwise as `auto`.
        case usual
        /// What the data and the other split leave.
        case auto
        case count(Int)

        public init(integerLiteral count: Int) { self = .count(count) }

        func count(usual: Int?) -> Int? {
            switch self {
            case .usual: usual
            case .auto: nil
            case .count(let count): count
            }
        }
    }

    /// What `set` may be.
    public static let sets = ["glyphs", "glyphs-colour", "mnist", "idx", "npz", "pictures", "svhn", "tfd"]
    /// What `fold` may be.
    public static let folds = 1...TFDFile.folds
    /// The published names; a file without its `.gz` is found too.
    public static let mnistNames = (
        images: "train-images-idx3-ubyte.gz", labels: "train-labels-idx1-ubyte.gz",
        testImages: "t10k-images-idx3-ubyte.gz", testLabels: "t10k-labels-idx1-ubyte.gz"
    )
    /// SVHN's published names, of format 2.
    static let svhnNames = (train: "train_32x32.mat", test: "test_32x32.mat", extra: "extra_32x32.mat")
    /// TFD's, as its owners hand it out.
    static let tfdName = "TFD_48x48.mat"
    /// The default name of the archive.
    static let archiveName = "mnist.npz"
    /// The usual split of sets whose size is known before a file is opened.
    private static func usualSplit(of set: String) -> (train: Int, validation: Int)? {
        switch set {
        case "glyphs", "mnist": (50_000, 10_000)
        case "glyphs-colour": (ColourGlyphs.usual.train, ColourGlyphs.usual.validation)
        default: nil
        }
    }
    /// Default size of validation: the training file's size divided by `validationPart`, at most `mostValidation`.
    private static let validationPart = 6
    private static let mostValidation = 10_000

    public var set: String
    /// Images to train on: the first of the training file. Nil until the data says how many.
    public var train: Int?
    /// Images to validate on: the last of the training file. Nil until the data says how many.
    public var validation: Int?
    /// For `idx`; nil is MNIST's own name, or no labels where the images are named.
    public var images, labels, testImages, testLabels: String?
    /// For `npz`; nil is `mnist.npz`.
    public var file: String?
    /// Where files are looked for before the usual data folder.
    public var folder: String?
    /// Networks see each pixel minus its mean over the training images, divided by its standard deviation there, or by 1 where that is 0.
    public var standardise: Bool
    /// For `svhn`: whether its largest file is part of the training images.
    public var extra: Bool
    /// For `tfd`, where it is always set: 1 to 5.
    public var fold: Int?

    /// A size that is not given is the usual one for a set whose size is known at once; for the others it depends on the data.
    public init(
        set: String = "glyphs", train: Size = .usual, validation: Size = .usual, images: String? = nil, labels: String? = nil,
        testImages: String? = nil, testLabels: String? = nil, file: String? = nil, folder: String? = nil,
        standardise: Bool = false,
        extra: Bool = false, fold: Int? = nil
    ) {
        let usual = Self.usualSplit(of: set)
        self.set = set
        self.train = train.count(usual: usual?.train)
        self.validation = validation.count(usual: usual?.validation)
        self.images = images
        self.labels = labels
        self.testImages = testImages
        self.testLabels = testLabels
        self.file = file
        self.folder = folder
        self.standardise = standardise
        self.extra = extra
        self.fold = fold ?? (set == "tfd" ? 1 : nil)
    }

    /// Checks what can be checked without a file; throws `DataError.setting`.
    public func validate() throws {
        guard Self.sets.contains(set) else {
            throw DataError.setting(key: "set", found: set, expected: "one of \(Self.sets.joined(separator: ", "))")
        }
        for case (let key, let count?) in [("train", train), ("validation", validation)]
        where count < 1 || count > IDXLimits.images {
            throw DataError.setting(key: key, found: "\(count)", expected: "1 to \(IDXLimits.images) images")
        }
        let pairs = [("images", images), ("labels", labels), ("test_images", testImages), ("test_labels", testLabels)]
        for (key, name) in pairs { try checkFile(key, name, of: "idx") }
        try checkFile("file", file, of: "npz")
        try checkOwner("extra", isGiven: extra, of: "svhn")
        try checkOwner("fold", isGiven: fold != nil, of: "tfd")
        if let fold, !Self.folds.contains(fold) {
            throw DataError.setting(
                key: "fold", found: "\(fold)", expected: "\(Self.folds.lowerBound) to \(Self.folds.upperBound)")
        }
        if let folder, folder.isEmpty {
            throw DataError.setting(key: "folder", found: "empty", expected: "the path of a folder")
        }
        if set == "glyphs" { _ = try split(available: Glyphs.trainingCount, in: "the built-in set glyphs") }
    }

    /// Images of glyphs-colour that train and validate.
    var colourGlyphs: Int { (train ?? ColourGlyphs.usual.train) + (validation ?? ColourGlyphs.usual.validation) }

    /// The settings with both sizes. Sizes that are not given: for validation the last sixth of the training file, but at most 10,000; for
    /// training all the rest.
    ///
    /// - Throws: `DataError.setting` where training and validation images would overlap.
    func split(available: Int, in place: String) throws -> DataSettings {
        var split = self
        guard available > 1 else {
            throw DataError.unfit(
                file: place, found: "one training image", expected: "two or more, to train on and to validate on")
        }
        let part = min(Self.mostValidation, available / Self.validationPart, available - (train ?? 0))
        let validation = validation ?? max(1, part)
        guard validation < available else {
            throw DataError.setting(
                key: "validation", found: "\(validation)", expected: "fewer than the \(available) training images of \(place)")
        }
        let train = train ?? (available - validation)
        guard train + validation <= available else {
            throw DataError.setting(
                key: "train", found: "\(train) with validation \(validation)",
                expected: "at most \(available - validation), since \(place) has \(available) training images in all")
        }
        (split.train, split.validation) = (train, validation)
        return split
    }

    private func checkFile(_ key: String, _ name: String?, of owner: String) throws {
        guard let name else { return }
        try checkOwner(key, isGiven: true, of: owner)
        guard !name.isEmpty else { throw DataError.setting(key: key, found: "empty", expected: "the name of a file") }
    }

    private func checkOwner(_ key: String, isGiven: Bool, of owner: String) throws {
        guard isGiven, set != owner else { return }
        throw DataError.setting(
            key: key, found: "given with set \(set)", expected: "only with set \(owner) (--set data.set=\(owner))")
    }
}
