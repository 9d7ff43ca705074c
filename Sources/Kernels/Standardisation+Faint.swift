extension Standardisation {
    /// Values of an image that hardly ever change over the training images, such as pixels at the border of a digit's image. Divided by so small a
    /// deviation, the few images with something there give numbers too large for training.
    public struct Faint: Sendable, Hashable {
        /// How many such values there are.
        public let count: Int
        /// The least of their deviations.
        public let least: Float
        /// The median deviation of the values that change at all.
        public let usual: Float
    }

    /// A value is faint where its deviation is below the usual one divided by this.
    public static let faintPart: Float = 20

    /// Nil where there are none.
    public var faint: Faint? {
        // A deviation of 1 stands for no deviation: values in 0 to 1 deviate by a half at most.
        let changing = std.filter { $0 <= 0.5 }.sorted()
        guard let least = changing.first else { return nil }
        let usual = changing[changing.count / 2]
        let count = changing.count { $0 < usual / Self.faintPart }
        return count > 0 ? Faint(count: count, least: least, usual: usual) : nil
    }
}
