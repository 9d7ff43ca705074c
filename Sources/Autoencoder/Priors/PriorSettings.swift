import Kernels
import Layers

// Shapes of this file: B rows, Z code.

/// The distribution that the codes are made to follow (section 2 of the paper), and all that follows from it: samples, density, cells,
/// walk and keys.
///
/// A value for each kind comes from the static functions beside it, `PriorSettings.gaussian(std: 5)`.
public struct PriorSettings: Sendable, Hashable {
    var prior: any Prior

    init(_ prior: some Prior) { self.prior = prior }

    public static func == (one: PriorSettings, other: PriorSettings) -> Bool {
        AnyHashable(one.prior) == AnyHashable(other.prior)
    }

    public func hash(into hasher: inout Hasher) { prior.hash(into: &hasher) }

    /// The name in a recipe.
    public var kind: String { prior.kind }

    /// Dimensions of a code where the prior says how many: 2 for petals and the roll, which lie in the plane, and those of samples.
    public var dimensions: Int? { prior.dimensions }

    /// Why it fixes the dimensions; the text follows "the … prior".
    public var extent: String { prior.extent }

    /// Bytes of memory that it takes.
    var bytes: Int { prior.bytes }

    /// Goes through the keys that the kind has beside `kind`, in the order of a recipe.
    public mutating func visit(_ keys: some SettingKeys) throws { try prior.visit(keys) }

    /// Throws a `SettingsError` for the first invalid value.
    public func validate() throws {
        var copy = prior
        try copy.visit(SettingCheck(path: "prior"))
        if let problem = prior.problem { throw problem }
    }

    /// Why rows of so many classes cannot each be drawn from their class's own part of the prior; nil where they can.
    public func problem(classes: Int) -> String? { prior.problem(classes: classes) }

    /// Draws one sample a row. A row's values depend on (source, global row, its label) only.
    ///
    /// Normal numbers use the elements of a row from 0 on; whatever else a row needs uses the elements after their last block of four.
    ///
    /// - Parameters:
    ///   - samples: (B, Z), overwritten; Z is `dimensions` where the prior says how many.
    ///   - firstRow: global row of its first row.
    ///   - labels: (B); a row of class k of K is drawn from the class's part alone: component k of a mixture of K, of the roll the
    ///     piece from k/K to (k + 1)/K of its length. Rows without a label, and all where there are no labels, are drawn from the whole.
    public func sample(into samples: Matrix, source: RandomSource, firstRow: Int, labels: RowLabels? = nil) {
        require(codeSize: samples.columns)
        if let labels {
            precondition(labels.values.count == samples.rows, "\(labels.values.count) labels of \(samples.rows) rows")
            if let problem = prior.problem(classes: labels.classes) { preconditionFailure(problem) }
        }
        prior.sample(into: samples, source: source, firstRow: firstRow, labels: labels)
    }

    /// The density; nil where there is none that is positive everywhere and has a closed form (`lackOfDensity` says why).
    public var density: PriorDensity? {
        guard case .closed(let density) = prior.density else { return nil }
        return density
    }

    /// Why a VAE cannot have this prior, as a sentence; nil where it can (section 2.1 of the paper).
    public var lackOfDensity: String? {
        guard case .none(let why) = prior.density else { return nil }
        return "the \(kind) prior \(why): a VAE needs a density that is positive everywhere, as gaussian and mixture have one, "
            + "and only an adversary makes do with samples"
    }

    /// The code space cut into cells of equal probability.
    public func cells(codeSize: Int) -> CodeCells {
        require(codeSize: codeSize)
        return prior.cells(codeSize: codeSize)
    }

    /// The prior's part of each of so many classes; nil where it has none (`problem(classes:)` says why).
    public func parts(classes: Int) -> CodeParts? {
        prior.problem(classes: classes) == nil ? prior.parts(classes: classes) : nil
    }

    /// Rows of every walk where the prior says how many, whatever `walk` is asked for: a mixture has one for each petal.
    public var walkRows: Int? { prior.walkRows }

    /// Codes on a grid over the prior, of `walkRows` rows where the prior says how many.
    public func walk(codeSize: Int, rows: Int = 20, columns: Int = 20) -> PriorWalk {
        precondition(rows > 0 && columns > 0, "a walk of \(rows) x \(columns) codes")
        require(codeSize: codeSize)
        return prior.walk(codeSize: codeSize, rows: rows, columns: columns)
    }

    /// Codes on a grid over one part of the prior, at middles of parts of equal probability along its own axes (figure 4b of the paper); a mixture's
    /// petal runs from its inner end at the left to its outer end at the right. Nil where the prior has no such part.
    public func grid(ofPart part: Int, rows: Int, columns: Int) -> PriorWalk? {
        precondition(rows > 0 && columns > 0, "a grid of \(rows) x \(columns) codes")
        return prior.grid(ofPart: part, rows: rows, columns: columns)
    }

    private func require(codeSize: Int) {
        precondition(codeSize > 0 && codeSize == prior.dimensions ?? codeSize, "a \(kind) prior on codes of \(codeSize) dimensions")
    }
}
