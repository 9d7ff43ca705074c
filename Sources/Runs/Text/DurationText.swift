/// Durations as they are typed: a number and its unit, `500ms`, `5s`, `10m`, `2h`.
public enum DurationText {
    /// A text that is no duration.
    public struct Malformed: Error, CustomStringConvertible, Sendable, Equatable {
        public let text: String

        public var description: String {
            "\"\(text)\" is not a duration: write a number and its unit, as in 500ms, 5s, 10m or 2h."
        }
    }

    private static let millisecondsOfUnit = [("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0), ("h", 3_600_000.0)]

    /// Longest duration that is read (a year).
    public static let maximum = Duration.seconds(365 * 86_400)

    /// Reads a duration that is not negative. A number without a unit is refused, since nobody can tell what it means.
    public static func parse(_ text: String) throws -> Duration {
        let number = text.prefix { ("0"..."9").contains($0) || $0 == "." }
        let unit = String(text.dropFirst(number.count))
        guard let value = Double(number), let scale = millisecondsOfUnit.first(where: { $0.0 == unit })?.1,
            value * scale <= Double(maximum.components.seconds) * 1_000
        else { throw Malformed(text: text) }
        return .milliseconds(value * scale)
    }

    /// The shortest text that `parse` reads back to the same duration, in whole units.
    public static func text(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000
        if milliseconds == 0 { return "0s" }
        if milliseconds % 3_600_000 == 0 { return "\(milliseconds / 3_600_000)h" }
        if milliseconds % 60_000 == 0 { return "\(milliseconds / 60_000)m" }
        if milliseconds % 1_000 == 0 { return "\(milliseconds / 1_000)s" }
        return "\(milliseconds)ms"
    }
}
