import ArgumentParser
import Autoencoder
import Cluster
import Datasets
import Foundation
import Kernels
import Runs

/// Where the trained networks come from: shared by everything that uses a run after the fact.
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
        discussion: "Example:  lockstep encode first --split test --out codes.npy")

    @OptionGroup var trained: TrainedOptions

    @Option(help: "train, validation or test.")
    var split: DataSet.Split

    @Option(
        help: "Where to write (F.npy). Labels go to F.labels.npy beside it; files of these names are written over.",
        completion: .file())
    var out: String

    func validate() throws { try OutputEnding.require([.npy], of: out) }

    func run() throws {
        try finishing {
            let run = try trained.open()
            let subset = run.data.subset(split)
            let writer = try NPYWriter<Float>(out, shape: [subset.count, run.configuration.model.code])
            var finite = FiniteCount(width: run.configuration.model.code)
            for first in stride(from: 0, to: subset.count, by: 1000) {
                let codes = run.inference.encode(subset.images(first..<min(first + 1000, subset.count)))
                try writer.append(codes.values.array)
                finite.add(codes.values.array)
            }
            try writer.commit()
            if let warning = finite.warning(of: "codes", in: out) { Output.complain(warning) }
            guard subset.hasLabels else {
                Output.note("\(subset.count) codes of \(run.configuration.model.code) in \(out); these images have no labels")
                return 0
            }
            let base = String(out.dropLast(OutputEnding.npy.rawValue.count))
            try NPY.write(subset.labels(0..<subset.count).map(Int64.init), shape: [subset.count], to: base + ".labels.npy")
            Output.note("\(subset.count) codes of \(run.configuration.model.code) in \(out), labels in \(base).labels.npy")
            return 0
        }
    }
}

/// `lockstep decode`: images of codes from a numpy file.
struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decode codes from a .npy file to images (.npy or .png).",
        discussion: "Example:  lockstep decode first --codes codes.npy --out images.png")

    @OptionGroup var trained: TrainedOptions

    @Option(help: "Codes: a .npy file of floats, N x Z.", completion: .file(extensions: ["npy"]))
    var codes: String

    @Option(help: "Where to write: .npy (N x pixels, 0 to 1) or .png (a grid).", completion: .file())
    var out: String

    func validate() throws { try OutputEnding.require(ImageOutput.endings, of: out) }

    func run() throws {
        try finishing {
            let run = try trained.open()
            let array = try NPY.read(codes, as: .codes)
            let width = run.configuration.model.code
            guard array.shape.count == 2, array.shape[1] == width, let values = array.values.floats else {
                throw LocalError(
                    "\(codes) is \(array.shape) of \(array.type); codes of this run are N x \(width) floats")
            }
            var finite = FiniteCount(width: width)
            finite.add(values.array)
            if let first = finite.first {
                throw LocalError(
                    "\(finite.rows) of the \(array.shape[0]) codes in \(codes) have numbers that are not finite, first row \(first) "
                        + "(from 0); such a code has no image: leave those rows out, or `lockstep encode` them anew")
            }
            return try ImageOutput(run: run, path: out).write(codes: Matrix(values, rows: array.shape[0], columns: width))
        }
    }
}

/// `lockstep sample`: images decoded from the prior.
struct Sample: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decode samples of the prior to images (.npy or .png).",
        discussion: "Example:  lockstep sample first --count 100 --grid --out samples.png")

    @OptionGroup var trained: TrainedOptions

    @Option(help: "How many.")
    var count = 100

    @Option(help: "Seed of the samples.")
    var seed: UInt64 = 0

    @Flag(help: "Walk a 2-D code space on a grid instead of drawing at random.")
    var grid = false

    @Option(help: "Where to write: .npy (N x pixels, 0 to 1) or .png (a grid).", completion: .file())
    var out: String

    func validate() throws {
        guard (1...100_000_000).contains(count) else { throw ValidationError("--count is \(count); it must be 1 to 100000000") }
        try OutputEnding.require(ImageOutput.endings, of: out)
    }

    func run() throws {
        try finishing {
            let run = try trained.open()
            let output = ImageOutput(run: run, path: out)
            if grid {
                let side = max(2, Int(Double(count).squareRoot().rounded()))
                return try output.write(codes: RunPictures.walk(run.configuration, side: side).codes)
            }
            return try output.write(count: count) { range in
                let codes = Matrix(rows: range.count, columns: run.configuration.model.code)
                run.configuration.prior.sample(
                    into: codes, source: RandomSource(seed: seed, purpose: .sample, step: 0), firstRow: range.lowerBound)
                return codes
            }
        }
    }
}

/// Decoded images to a .npy or a .png, a block of rows at a time.
struct ImageOutput {
    let run: TrainedRun
    let path: String
    /// What images are written as.
    static let endings: [OutputEnding] = [.npy, .png]
    private static let block = 1000

    func write(codes: Matrix) throws -> Int32 { try write(count: codes.rows) { codes.rows($0) } }

    /// `codes` gives the codes of a range of rows.
    func write(count: Int, codes: (Range<Int>) -> Matrix) throws -> Int32 {
        let pixels = run.data.train.pixels
        let blocks = stride(from: 0, to: count, by: Self.block).map { $0..<min($0 + Self.block, count) }
        if OutputEnding(of: path) == .npy {
            let writer = try NPYWriter<Float>(path, shape: [count, pixels])
            var finite = FiniteCount(width: pixels)
            for rows in blocks {
                let units = run.inference.decode(codes(rows)).values.array
                try writer.append(units)
                finite.add(units)
            }
            try writer.commit()
            if let warning = finite.warning(of: "images", in: path) { Output.complain(warning) }
        } else {
            let shape = PictureShape(of: run.data.train)
            let limit = shape.most(Self.pictureLimit)
            guard count <= limit else {
                throw UsageError("\(count) images do not fit a picture (at most \(limit)); write .npy instead")
            }
            let units = blocks.flatMap { run.inference.decode(codes($0)).values.array }
            let images = try shape.batch(count: count, units: units)
            let columns = max(1, Int(Double(count).squareRoot().rounded(.up)))
            try PNG.write(Figures.grid(images, columns: columns), to: path)
        }
        Output.note("\(count) images in \(path)")
        return 0
    }

    /// Images of one picture.
    static let pictureLimit = 10_000
}
