extension Standardisation {
    /// Values of an image that hardly ever change over the training images, as pixels at the border of a digit's image do: divided by so small a
    /// deviation, the few images that have something there become numbers that no training copes with.
    public struct Faint: Sendable, Hashable {
        /// How many values they are.
        public let count: Int
        /// The least of their deviations.
        public let least: Float
        /// The median deviation of the values that change at all.
        public let usual: Float
    }

    /// A deviation below so small a part of the usual one is a faint value's.
    public static let faintPart: Float = 20

    /// Nil where there are none.
    public var faint: Faint? {
        // A deviation of 1 stands for none: what lies in 0 to 1 deviates by a half at most.
        let changing = std.filter { $0 <= 0.5 }.sorted()
        guard let least = changing.first else { return nil }
        let usual = changing[changing.count / 2]
        let count = changing.count { $0 < usual / Self.faintPart }
        return count > 0 ? Faint(count: count, least: least, usual: usual) : nil
    }
}
