/// A file as its publisher offers it.
public struct PublishedFile: Sendable, Hashable {
    public let name: String
    public let bytes: Int
    /// 64 hex digits.
    public let sha256: String
    /// SHA-256 of what gzip unpacks: a file that was unpacked by hand is right too.
    public let unpackedSHA256: String

    public init(name: String, bytes: Int, sha256: String, unpackedSHA256: String) {
        self.name = name
        self.bytes = bytes
        self.sha256 = sha256
        self.unpackedSHA256 = unpackedSHA256
    }

    /// A file that is not offered packed.
    init(name: String, bytes: Int, sha256: String) {
        self.init(name: name, bytes: bytes, sha256: sha256, unpackedSHA256: sha256)
    }
}

/// An entry of `lockstep data list`.
public struct KnownSet: Sendable, Hashable {
    public let name: String
    /// One line.
    public let summary: String
    /// The files that can be fetched and verified; none for built-in sets and for the user's own files.
    public let files: [PublishedFile]
    /// Files that are fetched and verified only on request.
    public let optional: [PublishedFile]
    /// The name of a file that its publisher hands out without publishing a hash.
    public let handed: String?
    /// Folders that offer the files, tried in this order; each ends in a slash.
    public let mirrors: [String]

    public init(
        name: String, summary: String, files: [PublishedFile] = [], optional: [PublishedFile] = [], handed: String? = nil,
        mirrors: [String] = []
    ) {
        self.name = name
        self.summary = summary
        self.files = files
        self.optional = optional
        self.handed = handed
        self.mirrors = mirrors
    }

    /// The set with the `optional` files among its files.
    public var withOptional: KnownSet {
        KnownSet(name: name, summary: summary, files: files + optional, mirrors: mirrors)
    }

    /// The set that publishes a file of this name, packed or not.
    static func publisher(of path: String) -> KnownSet? {
        all.first { set in
            (set.files + set.optional).contains { file in
                path.contains(file.name.hasSuffix(".gz") ? String(file.name.dropLast(".gz".count)) : file.name)
            }
        }
    }

    public static let all = [glyphs, glyphsColour, mnist, idx, npz, pictures, svhn, tfd]

    public static let glyphs = KnownSet(
        name: "glyphs", summary: "built in: 70,000 digits drawn as pen strokes, 28 × 28, 10 classes; needs no files")

    public static let glyphsColour = KnownSet(
        name: "glyphs-colour",
        summary: "built in: digits in colour in SVHN's manner, 32 × 32, 10 classes, as many as asked for; needs no files")

    public static let mnist = KnownSet(
        name: "mnist", summary: "70,000 handwritten digits, 28 × 28, 10 classes; `lockstep data fetch mnist`",
        files: [
            PublishedFile(
                name: "train-images-idx3-ubyte.gz", bytes: 9_912_422,
                sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                unpackedSHA256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            PublishedFile(
                name: "train-labels-idx1-ubyte.gz", bytes: 28_881,
                sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                unpackedSHA256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            PublishedFile(
                name: "t10k-images-idx3-ubyte.gz", bytes: 1_648_877,
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                unpackedSHA256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            PublishedFile(
                name: "t10k-labels-idx1-ubyte.gz", bytes: 4_542,
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                unpackedSHA256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        ],
        mirrors: [
            "https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ])

    public static let idx = KnownSet(
        name: "idx", summary: "your own IDX pairs: data.images and data.test_images; with labels: data.labels and data.test_labels")

    public static let npz = KnownSet(
        name: "npz", summary: "your own NumPy archive: data.file with x_train and x_test; with labels: y_train and y_test")

    public static let pictures = KnownSet(
        name: "pictures",
        summary: "your own PNG and JPEG files: data.folder with a folder for each class; with a test set: train/ and test/")

    /// Format 2. Sizes and digests are of the files as they were published.
    public static let svhn = KnownSet(
        name: "svhn",
        summary:
            "99,289 digits of house numbers, 32 × 32 in colour, 10 classes, for non-commercial use; `lockstep data fetch svhn`",
        files: [
            PublishedFile(
                name: DataSettings.svhnNames.train, bytes: 182_040_794,
                sha256: "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"),
            PublishedFile(
                name: DataSettings.svhnNames.test, bytes: 64_275_384,
                sha256: "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"),
        ],
        optional: [
            PublishedFile(
                name: DataSettings.svhnNames.extra, bytes: 1_329_278_602,
                sha256: "a133a4beb38a00fcdda90c9489e0c04f900b660ce8a316a5e854838379a71eb3")
        ],
        mirrors: ["http://ufldl.stanford.edu/housenumbers/"])

    public static let tfd = KnownSet(
        name: "tfd",
        summary:
            "the Toronto Face Database, 48 × 48, 7 classes, fold 1 unless data.fold names another: its owners give it on request",
        handed: DataSettings.tfdName)

    /// The sets that can be verified: those whose files are published or handed out, and those that are drawn.
    public static let verifiable = all.filter { !$0.files.isEmpty || $0.handed != nil || $0 == glyphs || $0 == glyphsColour }

    /// The set of that name that can be verified; throws `DataError.unknownSet`.
    public static func named(_ name: String) throws -> KnownSet {
        guard let found = verifiable.first(where: { $0.name == name }) else {
            throw DataError.unknownSet(name: name, known: verifiable.map(\.name))
        }
        return found
    }
}
