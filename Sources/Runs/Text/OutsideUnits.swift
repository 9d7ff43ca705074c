/// How many values of images lie outside 0 to 1, as those of a linear output may, and how far.
public struct OutsideUnits: Sendable {
    private var (count, outside) = (0, 0)
    private var least: Float = 0
    private var greatest: Float = 1

    public init() {}

    public mutating func add(_ values: [Float]) {
        count += values.count
        for value in values where value < 0 || value > 1 {
            outside += 1
            (least, greatest) = (min(least, value), max(greatest, value))
        }
    }

    /// One line; nil where there are none.
    public func sentence(in path: String) -> String? {
        guard outside > 0 else { return nil }
        let share = NumberText.rounded(100 * Double(outside) / Double(count))
        return
            "\(share) % of the values in \(path) lie outside 0 to 1, from \(least) to \(greatest): the model's output is linear, and images are written as it makes them; clip them where that matters"
    }
}
