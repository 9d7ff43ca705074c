import Kernels

// Shapes of this file: S samples, N test images, R training images, P pixels.

/// Whether samples are copies of training images: whether they lie nearer to training images than test images do.
public struct Memorisation: Sendable, Hashable {
    /// The share of pairs (sample, test image) in which the sample is nearer to its nearest training image; a tie counts
    /// half. It is 0.5 where samples are as near as the data itself. Blurred samples are near to many images, and may be above
    /// 0.5 too.
    public let share: Double
    /// The median distance of a sample to its nearest training image, and that of a test image.
    public let samples: Double
    public let testImages: Double

    /// - Parameters:
    ///   - samples: (S, P), at least one.
    ///   - test: (N, P), at least one.
    ///   - training: (R, P), at least one, in the same units as both.
    ///   - pace: called before each block of images.
    public init(samples: Matrix, test: Matrix, training: Matrix, team: ThreadTeam, pace: @escaping WorkPace = { _ in }) throws {
        precondition(samples.rows > 0 && test.rows > 0 && training.rows > 0, "nothing to compare")
        let rows = NearestRows(training)
        let first = Double(samples.rows) / Double(samples.rows + test.rows)
        let own = try rows.squaredDistances(to: samples, team: team) { try pace(first * $0) }
        let others = try rows.squaredDistances(to: test, team: team) { try pace(first + (1 - first) * $0) }
        self.init(samples: own, testImages: others)
    }

    /// From squared distances to the nearest training image.
    public init(samples: [Double], testImages: [Double]) {
        let sorted = testImages.sorted()
        var halves = 0
        for sample in samples {
            // Test images that are farther, and those that are equally far.
            let farther = sorted.count - Self.count(of: sorted) { $0 <= sample }
            let equal = sorted.count - farther - Self.count(of: sorted) { $0 < sample }
            halves += 2 * farther + equal
        }
        share = Double(halves) / 2 / (Double(samples.count) * Double(testImages.count))
        self.samples = Self.median(samples).squareRoot()
        self.testImages = Self.median(testImages).squareRoot()
    }

    /// The number of leading values that satisfy `isBelow`, by binary search in a rising order.
    private static func count(of sorted: [Double], _ isBelow: (Double) -> Bool) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if isBelow(sorted[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
