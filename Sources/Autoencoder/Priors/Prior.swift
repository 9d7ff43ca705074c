import Kernels
import Layers

/// A distribution that codes are made to follow. Each one has a file beside this one with all that belongs to it.
///
/// To add one, write such a file, and enter it in `PriorSettings.usual` if recipes are to name it.
protocol Prior: Sendable, Hashable {
    /// The name in a recipe.
    var kind: String { get }
    /// Dimensions of its samples; nil where each dimension has the same distribution and their number is free.
    var dimensions: Int? { get }
    /// Why its samples have that many; the text follows "the … prior".
    var extent: String { get }
    /// Bytes of memory that it takes.
    var bytes: Int { get }
    /// Names the keys it has beside its kind, in the order of a recipe.
    mutating func visit(_ keys: some SettingKeys) throws
    /// What is wrong with the values together, each being within its range, or nil.
    var problem: SettingsError? { get }
    /// Why it cannot give each of so many classes a part of its own, or nil.
    func problem(classes: Int) -> String?
    /// Draws one sample a row, as `PriorSettings.sample` says.
    func sample(into samples: Matrix, source: RandomSource, firstRow: Int, labels: RowLabels?)
    var density: KnownDensity { get }
    /// Cells of equal probability.
    func cells(codeSize: Int) -> CodeCells
    func walk(codeSize: Int, rows: Int, columns: Int) -> PriorWalk
    /// Rows of every walk, whatever is asked for; nil where any number does.
    var walkRows: Int? { get }
    /// Codes on a grid over one of its parts, as `PriorSettings.grid` says; nil where it has none that a grid fits.
    func grid(ofPart part: Int, rows: Int, columns: Int) -> PriorWalk?
    /// Which class's part a code lies in; asked for as many classes as it has parts for.
    func parts(classes: Int) -> CodeParts
}

extension Prior {
    var dimensions: Int? { nil }
    var extent: String { "lies in the plane" }
    var bytes: Int { 0 }
    var walkRows: Int? { nil }
    func grid(ofPart part: Int, rows: Int, columns: Int) -> PriorWalk? { nil }
    mutating func visit(_ keys: some SettingKeys) throws {}
    var problem: SettingsError? { nil }
    func problem(classes: Int) -> String? {
        "no part of the \(kind) prior is a class's own, expected a mixture or a swiss-roll"
    }
    func parts(classes: Int) -> CodeParts { CodeParts(count: 1) { _ in 0 } }
}

/// What a VAE needs of a prior, and an adversary does not (section 2.1 of the paper).
enum KnownDensity: Sendable {
    case closed(PriorDensity)
    /// There is none that is positive everywhere and has a closed form; the reason is a text that follows "the … prior".
    case none(because: String)
}

/// How a row of a prior with parts gets its part.
enum PriorParts {
    /// The first element of a row outside the block that holds the two normal numbers of a sample in the plane.
    static let element = 4

    /// Which of so many equally likely parts a uniform number chooses.
    static func part(_ uniform: Float, of parts: Int) -> Int { min(Int(Double(uniform) * Double(parts)), parts - 1) }
}

/// The classes of a minibatch's rows, by which a prior draws each from its class's own part (section 2.3 of the paper).
public struct RowLabels: Sendable {
    /// One a row: 0..<classes, or anything above where a row has no label.
    public let values: Slice<UInt8>
    public let classes: Int

    public init(_ values: Slice<UInt8>, classes: Int) {
        precondition((1...256).contains(classes), "\(classes) classes")
        self.values = values
        self.classes = classes
    }

    /// The class of a row; nil where it has no label.
    subscript(row: Int) -> Int? {
        let label = Int(values[row])
        return label < classes ? label : nil
    }
}
