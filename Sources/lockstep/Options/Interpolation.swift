import ArgumentParser
import Autoencoder
import Datasets
import Kernels
import Runs

/// Two images of a split, by their places in it from 0: A,B.
struct ImagePair: ExpressibleByArgument {
    let first, second: Int

    init?(argument: String) {
        let places = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard places.count == 2, let first = places[0], let second = places[1], min(first, second) >= 0 else { return nil }
        (self.first, self.second) = (first, second)
    }
}

/// `sample --interpolate`: images along the straight line between the codes of two held-out ones.
struct Interpolation: ParsableArguments {
    @Option(
        name: .customLong("interpolate"),
        help: "Decode the straight line from the code of validation image A to that of B (A,B, from 0) in --count images.")
    var ends: ImagePair?

    /// - Parameters:
    ///   - grid: whether `--grid` is given too.
    ///   - seed: the value of `--seed`, if given.
    ///   - count: images of the line.
    func check(grid: Bool, seed: UInt64?, count: Int) throws {
        guard ends != nil else { return }
        guard !grid else { throw ValidationError("--grid and --interpolate are two ways to choose codes; give one of them") }
        guard seed == nil else { throw ValidationError("--interpolate goes along a line and draws nothing; leave --seed out") }
        guard count > 1 else { throw ValidationError("--count is \(count); a line between two images has 2 or more") }
    }

    /// Images of a picture side by side, so that a short line is one row.
    static func columns(_ count: Int) -> Int { min(count, 20) }

    /// What is decoded; nil where no line is asked for. Labels are interpolated too: those that the encoder finds, else the images' own.
    ///
    /// - Parameter chosen: the class or cluster of all of them.
    func draws(_ run: TrainedRun, count: Int, label chosen: Int?) throws -> SampleDraws.Drawn? {
        guard let ends else { return nil }
        guard run.inference.canEncode else {
            throw UsageError(
                "the variant of this run encodes no images, so that no line leads from one to another; leave --interpolate out")
        }
        guard chosen == nil || run.inference.decodedLabels != nil else {
            throw UsageError(
                "--interpolate goes from one image's code to another's, wherever they lie, and this run decodes no class beside a code; leave --label out"
            )
        }
        let images = run.data.validation
        let last = images.count - 1
        for place in [ends.first, ends.second] where place > last {
            throw UsageError("--interpolate names validation image \(place); this run has those from 0 to \(last)")
        }
        let places = [ends.first, ends.second]
        let reading = run.inference.read(places) { images.images($0..<$0 + 1) }
        let labels = run.inference.decodedLabels.map { classes in
            if let chosen { return Inference.oneHots([chosen, chosen], classes: classes) }
            return reading.softLabels
                ?? Inference.oneHots(places.map { Int(images.labels($0..<$0 + 1)[0]) }, classes: classes)
        }
        return SampleDraws.Drawn(codes: reading.codes, labels: labels).line(count: count)
    }
}
