import ArgumentParser
import Autoencoder
import Datasets
import Figures
import Foundation
import Kernels
import Runs
import Waiting

/// Where the trained networks come from: shared by all commands that use a run afterwards.
struct TrainedOptions: ParsableArguments {
    @Argument(help: RunReference.help, completion: Completions.runs)
    var run: String

    @Option(help: "The checkpoint after so many steps (default: the newest whole one).")
    var step: UInt64?

    @Option(
        help: "Where the run's data is now (default: where it was; then LOCKSTEP_DATA and the cache folder).",
        completion: .directory)
    var data: String?

    func open() throws -> TrainedRun { try TrainedRun(run: run, data: data, step: step) }
}

extension DataSet.Split: ExpressibleByArgument {}

/// `lockstep encode`: the codes of a split, as numpy files.
struct Encode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the codes of a split as .npy (N x Z), its labels, where it has any, beside it as F.labels.npy.",
        discussion: """
            Where the encoder says classes or clusters too, F.y.npy holds its softmax (N x K), and of a dimensionality reduction
            F.representations.npy the points of its map (N x Z).
            Example:  lockstep encode first --split test --out codes.npy
            """)

    @OptionGroup var trained: TrainedOptions

    @Option(help: "train, validation or test.")
    var split: DataSet.Split

    @Option(
        help: """
            Where to write (F.npy). Beside it go F.labels.npy, F.y.npy and F.representations.npy, as far as there is something to put into \
            them; files of these names are written over.
            """,
        completion: .file())
    var out: String

    func validate() throws { try OutputEnding.require([.npy], of: out) }

    func run() throws {
        try finishing {
            try OutputTargets.require([out], makesFolders: true)
            let run = try trained.open()
            let subset = run.data.subset(split)
            guard run.inference.canEncode else {
                throw UsageError("the variant of this run only generates images, and encodes none: `lockstep sample` it")
            }
            let base = String(out.dropLast(OutputEnding.npy.rawValue.count))
            let width = run.configuration.model.code
            let labelsPath = subset.hasLabels ? base + ".labels.npy" : nil
            let softPath = run.inference.canLabel ? base + ".y.npy" : nil
            let mapPath = run.inference.canRepresent ? base + ".representations.npy" : nil
            try OutputTargets.require([labelsPath, softPath, mapPath].compactMap(\.self), makesFolders: true)
            let codes = try RowFile(out, rows: subset.count, columns: width)
            let labels = try labelsPath.map { try NPYWriter<Int64>($0, shape: [subset.count]) }
            let soft = try softPath.map {
                try RowFile($0, rows: subset.count, columns: run.inference.decodedLabels ?? 1)
            }
            let map = try mapPath.map { try RowFile($0, rows: subset.count, columns: width) }
            for first in stride(from: 0, to: subset.count, by: 1000) {
                let reading = run.inference.read(subset.images(first..<min(first + 1000, subset.count)), firstRow: first)
                try codes.append(reading.codes)
                if let labels = reading.softLabels { try soft?.append(labels) }
                if let places = reading.representations { try map?.append(places) }
            }
            if let labels { try labels.append(subset.labels(0..<subset.count).map(Int64.init)) }
            for file in [codes, soft, map] { try file?.commit() }
            try labels?.commit()
            if let warning = codes.finite.warning(of: "codes", in: out) { Output.complain(warning) }
            let further = [
                soft.map { ", softmax of \(run.training.labelsAreClasses ? "classes" : "clusters") in \($0.path)" },
                map.map { ", representations in \($0.path)" },
            ]
            let told = "\(subset.count) codes of \(width) in \(out)" + further.compactMap { $0 }.joined()
            Output.note(told + (labelsPath.map { ", labels in \($0)" } ?? "; these images have no labels"))
            return 0
        }
    }
}

/// A .npy file of a known number of rows while it is written.
private final class RowFile {
    let path: String
    private let writer: NPYWriter<Float>
    private(set) var finite: FiniteCount

    init(_ path: String, rows: Int, columns: Int) throws {
        self.path = path
        writer = try NPYWriter<Float>(path, shape: [rows, columns])
        finite = FiniteCount(width: columns)
    }

    func append(_ matrix: Matrix) throws {
        try writer.append(matrix.values.array)
        finite.add(matrix.values.array)
    }

    func commit() throws { try writer.commit() }
}

/// `lockstep decode`: images decoded from codes in a numpy file.
struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decode codes from a .npy file to images (.npy or .png).",
        discussion: "Example:  lockstep decode first --codes codes.npy --out images.png")

    @OptionGroup var trained: TrainedOptions

    @Option(help: "Codes: a .npy file of floats, N x Z.", completion: .file(extensions: ["npy"]))
    var codes: String

    @OptionGroup var choice: LabelChoice

    @Option(
        help: """
            What is decoded beside the codes: a .npy file of floats, N x K, each row a softmax or one-hot of the K classes or clusters, as \
            encode writes F.y.npy.
            """,
        completion: .file(extensions: ["npy"]))
    var y: String?

    @Option(help: "Where to write: .npy (N x pixels, 0 to 1, of a linear output about that) or .png (a grid).", completion: .file())
    var out: String

    func validate() throws { try OutputEnding.require(ImageOutput.endings, of: out) }

    func run() throws {
        try finishing {
            try ImageOutput.require(out)
            let run = try trained.open()
            let chosen = try choice.number(in: run)
            let codes = try Self.matrix(codes, as: .codes, columns: run.configuration.model.code)
            let labels = try labels(of: run, rows: codes.rows, chosen: chosen)
            return try ImageOutput(run: run, path: out).write(SampleDraws.Drawn(codes: codes, labels: labels))
        }
    }

    /// Labels that are decoded with the codes; nil where the decoder takes only codes.
    private func labels(of run: TrainedRun, rows: Int, chosen: Int?) throws -> Matrix? {
        guard let columns = run.inference.decodedLabels else {
            guard y == nil else { throw UsageError("this run decodes a code alone; leave --y out") }
            return nil
        }
        guard chosen == nil || y == nil else {
            throw UsageError("--y has a label for each row; leave --label and --cluster out, or --y")
        }
        if let chosen { return Inference.oneHots([Int](repeating: chosen, count: rows), classes: columns) }
        guard let y else {
            let flag = run.training.labelsAreClasses ? "--label K" : "--cluster K"
            throw UsageError("this run's decoder is told more than a code; give \(flag), or --y F.y.npy as encode writes it")
        }
        let labels = try Self.matrix(y, as: .softmaxes, columns: columns)
        guard labels.rows == rows else { throw LocalError("\(y) has \(labels.rows) rows and the codes have \(rows)") }
        try Self.requireShares(labels, path: y)
        return labels
    }

    /// Refuses labels other than softmaxes and one-hots: the decoder has seen no others, and their images would show no class or cluster.
    private static func requireShares(_ labels: Matrix, path: String) throws {
        let others = (0..<labels.rows).filter { row in
            let shares = labels.row(row).array
            return shares.contains { $0 < 0 } || abs(shares.reduce(0, +) - 1) > mostRounding
        }
        guard let first = others.first else { return }
        throw LocalError(
            "\(others.count) of the \(labels.rows) rows in \(path) are no softmax, first row \(first) (from 0): the numbers of one are 0 or more and add up to 1; write them anew with `lockstep encode`, or one-hots of the classes or clusters"
        )
    }

    /// How far the sum of a softmax that was rounded to 16 bits may be off.
    private static let mostRounding: Float = 0.01

    /// Reads N x `columns` finite floats from a file.
    private static func matrix(_ path: String, as role: NPYRole, columns: Int) throws -> Matrix {
        let (array, what) = (try NPY.read(path, as: role), role.rawValue)
        guard array.shape.count == 2, array.shape[1] == columns, let values = array.values.floats else {
            throw LocalError("\(path) is \(array.shape) of \(array.type); \(what) of this run are N x \(columns) floats")
        }
        var finite = FiniteCount(width: columns)
        finite.add(values.array)
        if let first = finite.first {
            throw LocalError(
                "\(finite.rows) of the \(array.shape[0]) \(what) in \(path) have numbers that are not finite, first row \(first) "
                    + "(from 0); such a code has no image: leave those rows out, or `lockstep encode` them anew")
        }
        return Matrix(values, rows: array.shape[0], columns: columns)
    }
}

/// `lockstep sample`: images decoded from the prior.
struct Sample: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decode samples of the prior to images (.npy or .png).",
        discussion: """
            Where the decoder is told a class or cluster beside the code, samples are drawn evenly from all of them, a row of the picture
            each, or from the one that --label or --cluster names. Where each class has a part of the prior, --label draws from that part.
            --grid is a walk over the first two dimensions of the code, the others in the middle; over a mixture a row for each petal,
            along the roll in reading order; of a prior of samples it shows these. Where the decoder is told a class or cluster and none is
            named, each row is one of them and each column one style; of clusters the first column are their heads, of style 0.
            Example:  lockstep sample first --count 100 --grid --out samples.png
            """)

    @OptionGroup var trained: TrainedOptions

    @Option(
        help:
            "How many (default: 100, with --grid as near as goes). A grid has a square number of them, or as many in each of its rows."
    )
    var count: Int?

    @Option(help: "Seed of the samples (default: 0).")
    var seed: UInt64?

    @OptionGroup var choice: LabelChoice

    @OptionGroup var line: Interpolation

    @Flag(help: "Walk the code space on a grid, or show classes by styles, instead of drawing at random.")
    var grid = false

    @Option(help: "Where to write: .npy (N x pixels, 0 to 1, of a linear output about that) or .png (a grid).", completion: .file())
    var out: String

    func validate() throws {
        if let count, !(1...100_000_000).contains(count) {
            throw ValidationError("--count is \(count); it must be 1 to 100000000")
        }
        try line.check(grid: grid, seed: seed, count: count ?? Self.usual)
        try OutputEnding.require(ImageOutput.endings, of: out)
    }

    func run() throws {
        try finishing {
            try ImageOutput.require(out)
            let run = try trained.open()
            let (labels, classes) = (run.inference.decodedLabels, run.training.priorClasses)
            let chosen = try choice.number(in: run, drawing: classes)
            let output = ImageOutput(run: run, path: out)
            if let line = try line.draws(run, count: count ?? Self.usual, label: chosen) {
                return try output.write(line, columns: Interpolation.columns(count ?? Self.usual))
            }
            let draws = SampleDraws(run.configuration, labels: labels, classes: classes, seed: seed ?? 0)
            if grid {
                if let labels, chosen == nil { return try writeStyles(draws, labels, output) }
                return try writeWalk(labels, chosen, output)
            }
            let count = count ?? Self.usual
            let columns = labels.map { chosen == nil ? Self.columns(count, labels: $0) : ImageOutput.columns(count) }
            return try output.write(count: count, columns: columns) {
                draws.samples($0, columns: columns ?? count, label: chosen)
            }
        }
    }

    /// A row for each class or cluster, a column for each style.
    private func writeStyles(_ draws: SampleDraws, _ labels: Int, _ output: ImageOutput) throws -> Int32 {
        let kind = output.run.training.labelsAreClasses ? "classes" : "clusters"
        let columns = try self.columns(ofRows: labels, "the \(labels) \(kind) of this run")
        return try output.write(count: labels * columns, columns: columns) {
            draws.styles($0, columns: columns, headsFirst: !output.run.training.labelsAreClasses)
        }
    }

    /// Codes on a grid over the prior, each with the chosen class or cluster.
    private func writeWalk(_ labels: Int?, _ chosen: Int?, _ output: ImageOutput) throws -> Int32 {
        guard labels != nil || chosen == nil else {
            throw UsageError("--grid walks the whole prior, and --label is one class's part of it; leave one of them out")
        }
        guard seed == nil else {
            throw UsageError("--grid walks the prior place by place and draws nothing; leave --seed out")
        }
        let (prior, codeSize) = (output.run.configuration.prior, output.run.configuration.model.code)
        let columns = try prior.walkRows.map { try self.columns(ofRows: $0, "the \($0) petals of the prior") } ?? side()
        let (rows, most) = (prior.walkRows ?? columns, min(Self.mostWalked, Self.mostNumbers / codeSize))
        guard rows * columns <= most else {
            throw UsageError("--count is \(rows * columns); a walk over codes of \(codeSize) dimensions has at most \(most)")
        }
        let walk = prior.walk(codeSize: codeSize, rows: rows, columns: columns)
        let codes = Matrix(Slice(walk.codes), rows: rows * columns, columns: codeSize)
        return try output.write(count: codes.rows, columns: walk.columns) { places in
            let hots = labels.map { Inference.oneHots([Int](repeating: chosen ?? 0, count: places.count), classes: $0) }
            return SampleDraws.Drawn(codes: codes.rows(places), labels: hots)
        }
    }

    /// How many images by default.
    private static let usual = 100
    /// The most codes of a walk, and the most numbers in all of them: they are made at once.
    private static let (mostWalked, mostNumbers) = (1_000_000, 1 << 26)

    /// Columns of a grid with this number of rows.
    private func columns(ofRows rows: Int, _ what: String) throws -> Int {
        guard let count else { return max(1, Self.usual / rows) }
        guard count.isMultiple(of: rows) else {
            let below = count / rows * rows
            throw UsageError(
                "--count is \(count); a grid has a row for each of \(what), all of one length: expected a multiple of \(rows), for example \(max(rows, below))"
            )
        }
        return count / rows
    }

    /// The side of a square grid.
    private func side() throws -> Int {
        let side = Int(Double(count ?? Self.usual).squareRoot().rounded())
        guard let count, side * side != count else { return side }
        throw UsageError(
            "--count is \(count); a walk over the prior is a square: expected a square number, for example \(side * side)")
    }

    /// Columns of a picture whose rows have one class each; with many samples the classes repeat.
    private static func columns(_ count: Int, labels: Int) -> Int { min(50, (count + labels - 1) / labels) }
}

/// Which class or cluster is decoded with a code.
struct LabelChoice: ParsableArguments {
    @Option(help: "Only this class (from 0), where the decoder is told one, or samples come from its part of the prior.")
    var label: Int?

    @Option(help: "Only this cluster (from 0), of a variant that finds its own.")
    var cluster: Int?

    func validate() throws {
        guard label == nil || cluster == nil else {
            throw ValidationError("--label and --cluster are one choice; give one of them")
        }
    }

    /// Nil where none was asked for.
    ///
    /// - Parameter classes: how many classes have a part of the prior each, where codes are drawn from it.
    func number(in run: TrainedRun, drawing classes: Int? = nil) throws -> Int? {
        guard let number = label ?? cluster else { return nil }
        let (flag, other, kind) = label != nil ? ("--label", "--cluster", "class") : ("--cluster", "--label", "cluster")
        guard let labels = run.inference.decodedLabels ?? classes else {
            throw UsageError(
                "\(flag) \(number): this run decodes a code alone, as its variant does, and no class or cluster beside it; leave \(flag) out"
            )
        }
        guard run.training.labelsAreClasses == (label != nil) else {
            throw UsageError("\(flag) \(number): what can be chosen of this run is no \(kind); use \(other)")
        }
        guard (0..<labels).contains(number) else {
            throw UsageError("\(flag) is \(number); this run has those from 0 to \(labels - 1)")
        }
        return number
    }
}

/// Decoded images to a .npy or a .png, a block of rows at a time.
struct ImageOutput {
    let run: TrainedRun
    let path: String
    /// The file types that images are written as.
    static let endings: [OutputEnding] = [.npy, .png]

    /// Makes sure that images can be written there, before anything is computed. A writer of .npy makes a missing folder.
    static func require(_ path: String) throws {
        try OutputTargets.require([path], makesFolders: OutputEnding(of: path) == .npy)
    }
    private static let block = 1000

    func write(_ drawn: SampleDraws.Drawn, columns: Int? = nil) throws -> Int32 {
        try write(count: drawn.codes.rows, columns: columns) { rows in
            SampleDraws.Drawn(codes: drawn.codes.rows(rows), labels: drawn.labels?.rows(rows))
        }
    }

    /// Columns of a nearly square picture.
    static func columns(_ count: Int) -> Int { max(1, Int(Double(count).squareRoot().rounded(.up))) }

    /// Writes the images. `draws` gives the codes of a range of rows, and the labels decoded with them.
    ///
    /// - Parameter columns: columns of a picture.
    func write(count: Int, columns: Int? = nil, draws: (Range<Int>) -> SampleDraws.Drawn) throws -> Int32 {
        func images(_ rows: Range<Int>) -> [Float] {
            let drawn = draws(rows)
            return run.inference.decode(drawn.codes, labels: drawn.labels).values.array
        }
        let pixels = run.data.train.pixels
        let blocks = stride(from: 0, to: count, by: Self.block).map { $0..<min($0 + Self.block, count) }
        if OutputEnding(of: path) == .npy {
            let writer = try NPYWriter<Float>(path, shape: [count, pixels])
            var finite = FiniteCount(width: pixels)
            var outside = OutsideUnits()
            for rows in blocks {
                let units = images(rows)
                try writer.append(units)
                finite.add(units)
                outside.add(units)
            }
            try writer.commit()
            if let warning = finite.warning(of: "images", in: path) { Output.complain(warning) }
            if let note = outside.sentence(in: path) { Output.note(note) }
        } else {
            let shape = PictureShape(of: run.data.train)
            let limit = shape.most(Self.pictureLimit)
            guard count <= limit else {
                throw UsageError("\(count) images do not fit a picture (at most \(limit)); write .npy instead")
            }
            let units = blocks.flatMap(images)
            let batch = try shape.batch(count: count, units: units)
            try PNG.write(Figures.grid(batch, columns: columns ?? Self.columns(count)), to: path)
        }
        Output.note("\(count) images in \(path)")
        return 0
    }

    /// The most images of one picture.
    static let pictureLimit = 10_000
}
