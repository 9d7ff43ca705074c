/// The `data` section of a recipe: which set, and how its training file is split.
///
/// | key | type | default | meaning |
/// |---|---|---|---|
/// | `set` | text | glyphs | `glyphs` (built in), `mnist`, `idx` (any IDX pair), `npz` (NumPy arrays) |
/// | `train` | count | 50000 | the first images of the training file |
/// | `validation` | count | 10000 | the last images of the training file |
/// | `images`, `labels` | file | MNIST's names | idx: the training pair |
/// | `test_images`, `test_labels` | file | MNIST's names | idx: the test pair |
/// | `file` | file | mnist.npz | npz: the archive |
///
/// The archive's arrays are `x_train`, `y_train`, `x_test`, `y_test` (as Keras has them) or `train_images`,
/// `train_labels`, `test_images`, `test_labels`.
///
/// A file is looked for in the data folder DIR and in DIR/SET, plain or with `.gz`; an absolute path is taken as it is.
public struct DataSettings: Sendable, Hashable {
    public static let sets = ["glyphs", "mnist", "idx", "npz"]
    /// The published names; a file without its `.gz` is found too.
    public static let mnistNames = (
        images: "train-images-idx3-ubyte.gz", labels: "train-labels-idx1-ubyte.gz",
        testImages: "t10k-images-idx3-ubyte.gz", testLabels: "t10k-labels-idx1-ubyte.gz"
    )

    public var set: String
    /// Images to train on: the first of the training file.
    public var train: Int
    /// Images to validate on: the last of the training file.
    public var validation: Int
    /// Of `idx`; nil is MNIST's own name.
    public var images, labels, testImages, testLabels: String?
    /// Of `npz`; nil is `mnist.npz`.
    public var file: String?

    public init(
        set: String = "glyphs", train: Int = 50_000, validation: Int = 10_000, images: String? = nil, labels: String? = nil,
        testImages: String? = nil, testLabels: String? = nil, file: String? = nil
    ) {
        self.set = set
        self.train = train
        self.validation = validation
        self.images = images
        self.labels = labels
        self.testImages = testImages
        self.testLabels = testLabels
        self.file = file
    }

    /// Checks what can be checked without a file; throws `DataError.setting`.
    public func validate() throws {
        guard Self.sets.contains(set) else {
            throw DataError.setting(key: "set", found: set, expected: "one of \(Self.sets.joined(separator: ", "))")
        }
        for (key, count) in [("train", train), ("validation", validation)] where count < 1 || count > IDXLimits.images {
            throw DataError.setting(key: key, found: "\(count)", expected: "1 to \(IDXLimits.images) images")
        }
        let pairs = [("images", images), ("labels", labels), ("test_images", testImages), ("test_labels", testLabels)]
        for (key, name) in pairs { try checkFile(key, name, of: "idx") }
        try checkFile("file", file, of: "npz")
        if set == "glyphs" { try checkSplit(available: Glyphs.trainingCount, in: "the built-in set glyphs") }
    }

    /// Training and validation images must not overlap.
    func checkSplit(available: Int, in place: String) throws {
        guard validation < available else {
            throw DataError.setting(
                key: "validation", found: "\(validation)", expected: "fewer than the \(available) training images of \(place)")
        }
        guard train + validation <= available else {
            throw DataError.setting(
                key: "train", found: "\(train) with validation \(validation)",
                expected: "at most \(available - validation), since \(place) has \(available) training images in all")
        }
    }

    private func checkFile(_ key: String, _ name: String?, of owner: String) throws {
        guard let name else { return }
        guard set == owner else {
            throw DataError.setting(key: key, found: "given with set \(set)", expected: "only with set \(owner)")
        }
        guard !name.isEmpty else { throw DataError.setting(key: key, found: "empty", expected: "the name of a file") }
    }
}
