import Kernels

/// Any distribution given by samples, each equally likely. An adversary needs no more of a prior (section 2.1 of the paper).
///
/// The settings name a file. Its samples are read when the run's data is opened; a worker gets them with its welcome. Nothing is drawn before.
struct SamplesPrior: Prior {
    static let kind = "samples"

    /// The file's path.
    var file: String?
    /// Digest of the samples, once they were read. By it a run recognises them wherever the file lies. Part of what decides bits.
    var digest: String?
    /// Nil until they are read.
    var samples: CodeSamples?

    /// Settings are equal when they name the same samples in the same place.
    static func == (one: SamplesPrior, other: SamplesPrior) -> Bool { one.file == other.file && one.digest == other.digest }

    func hash(into hasher: inout Hasher) {
        hasher.combine(file)
        hasher.combine(digest)
    }

    var kind: String { Self.kind }
    var dimensions: Int? { samples?.dimensions }
    var extent: String { "has samples of \(samples?.dimensions ?? 0) values" }
    var bytes: Int { MemoryLayout<Float>.size * (samples?.values.count ?? 0) }

    mutating func visit(_ keys: some SettingKeys) throws {
        try keys.path("file", &file)
        try keys.digest("digest", &digest)
    }

    var problem: SettingsError? {
        guard file == nil, samples == nil else { return nil }
        return SettingsError(
            key: "prior.file", problem: "a prior of samples has no file; give it one, as in prior.file=samples.npy",
            with: ["prior.kind"])
    }

    func sample(into samples: Matrix, source: RandomSource, firstRow: Int, labels: RowLabels?) {
        let own = loaded
        for row in 0..<samples.rows { own.copy(own.index(source, row: UInt32(firstRow + row)), into: samples.row(row)) }
    }

    private var loaded: CodeSamples {
        guard let samples else { preconditionFailure("the samples of a prior are read before any is drawn") }
        return samples
    }

    var density: KnownDensity { .none(because: "is known by samples alone") }

    /// Rows and columns of cells that are tried.
    private static let sides = [20, 10, 5, 2]
    /// The most samples that cells are cut by.
    private static let mostCut = 200_000

    /// Cut by the quantiles of the samples' own first two dimensions: 20 × 20, or fewer for fewer samples. Where so many samples coincide that no
    /// such cut has equal parts, there is a single cell, which says nothing.
    func cells(codeSize: Int) -> CodeCells {
        let own = loaded
        let cut = min(own.count, Self.mostCut)
        let places = (0..<cut).map { place in
            let start = place * own.count / cut * own.dimensions
            return EqualCells.Place(along: Double(own.values[start]), across: codeSize > 1 ? Double(own.values[start + 1]) : 0)
        }
        for side in Self.sides where cut >= 4 * side * side {
            let cells = EqualCells(along: codeSize > 1 ? side : side * side, across: codeSize > 1 ? side : 1, sample: places)
            guard Self.isEqual(cells, places) else { continue }
            return CodeCells(count: cells.count, dimensions: min(codeSize, 2)) { code in
                cells.cell(of: EqualCells.Place(along: Double(code[0]), across: code.count > 1 ? Double(code[1]) : 0))
            }
        }
        return CodeCells(count: 1, dimensions: 1) { _ in 0 }
    }

    /// Whether each cell has its share of the samples, to a factor of two.
    private static func isEqual(_ cells: EqualCells, _ places: [EqualCells.Place]) -> Bool {
        var counts = [Int](repeating: 0, count: cells.count)
        for place in places { counts[cells.cell(of: place)] += 1 }
        let share = Double(places.count) / Double(cells.count)
        return counts.allSatisfy { (share / 2...share * 2).contains(Double($0)) }
    }

    /// The samples themselves, from the file's first to its last.
    func walk(codeSize: Int, rows: Int, columns: Int) -> PriorWalk {
        let own = loaded
        return PriorWalk(rows: rows, columns: columns, caption: "samples of the prior, in the order of their file") { row, column in
            let index = (row * columns + column) * own.count / (rows * columns)
            return (0..<codeSize).map { Double(own.values[index * codeSize + $0]) }
        }
    }
}

extension PriorSettings {
    /// Samples of a file, which are read later; they must have the given `digest`.
    public static func samples(file: String, digest: String? = nil) -> PriorSettings {
        PriorSettings(SamplesPrior(file: file, digest: digest))
    }

    /// The file of a prior of samples; nil of the others.
    public var sampleFile: String? { (prior as? SamplesPrior)?.file }

    /// The digest of its samples; nil for the other priors, and until they have been read for the first time.
    public var sampleDigest: String? { (prior as? SamplesPrior)?.digest }

    /// The samples; nil for the other priors, and until they are read.
    public var codeSamples: CodeSamples? { (prior as? SamplesPrior)?.samples }

    /// Whether it is known by samples, which have to be read before one is drawn.
    public var isOfSamples: Bool { prior is SamplesPrior }

    /// The same prior with these samples.
    public func with(_ samples: CodeSamples) -> PriorSettings {
        guard var own = prior as? SamplesPrior else { preconditionFailure("a \(kind) prior has no samples") }
        (own.samples, own.digest) = (samples, samples.digest)
        return PriorSettings(own)
    }
}
