/// One figure of the metrics over the steps of a run.
public struct LossCurve: Sendable, Equatable {
    /// The name in the metrics: "reconstruction", "discriminator", "generator".
    public let name: String
    public let steps: [UInt64]
    /// One value a step; a value that is not finite leaves a gap.
    public let values: [Double]

    /// The number of terms that each value sums up.
    public let terms: Int

    public init(name: String, steps: [UInt64], values: [Double], terms: Int = 1) {
        precondition(steps.count == values.count, "\(steps.count) steps, \(values.count) values of \(name)")
        self.name = name
        self.terms = terms
        self.steps = steps
        self.values = values
    }

    /// A value beyond this is treated as an outlier and not drawn.
    static let largest = 1e30

    /// Values that are NaN or infinite.
    public var notFinite: Int { values.count { !$0.isFinite } }

    /// The finite values with their steps.
    var drawable: [Sample] {
        zip(steps, values).compactMap { step, value in
            value.isFinite && abs(value) <= LossCurve.largest ? Sample(step: Double(step), value: value) : nil
        }
    }

    struct Sample: Sendable, Equatable {
        var step: Double
        var value: Double
    }

    /// The window of `smoothed`, in samples, for a curve of `count` samples; `nil` where it does not smooth.
    static func window(_ count: Int) -> Int? { count / 100 > 0 ? 2 * (count / 100) + 1 : nil }

    /// The mean over a window around each sample, a fiftieth of the curve wide.
    ///
    /// At the start, where losses fall steeply, the window reaches no further ahead than back; at the end its far side is cut off.
    static func smoothed(_ samples: [Sample]) -> [Sample] {
        let reach = samples.count / 100
        guard reach > 0 else { return samples }
        var sums = [0.0]
        sums.reserveCapacity(samples.count + 1)
        for sample in samples { sums.append(sums[sums.count - 1] + sample.value) }
        return samples.indices.map { at in
            let ahead = min(reach, max(at, reach / 8))
            let window = max(0, at - reach)...min(samples.count - 1, at + ahead)
            let mean = (sums[window.upperBound + 1] - sums[window.lowerBound]) / Double(window.count)
            return Sample(step: samples[at].step, value: mean)
        }
    }

    /// At most a few samples a pixel column: the least and the greatest of each run of samples, in their order.
    static func thinned(_ samples: [Sample], columns: Int) -> [Sample] {
        let run = samples.count / max(1, 2 * columns)
        guard run > 1 else { return samples }
        return stride(from: 0, to: samples.count, by: run).flatMap { start in
            let part = samples[start..<min(samples.count, start + run)]
            guard let low = part.min(by: { $0.value < $1.value }), let high = part.max(by: { $0.value < $1.value }) else {
                return [Sample]()
            }
            return low.step < high.step ? [low, high] : low.step > high.step ? [high, low] : [low]
        }
    }
}
