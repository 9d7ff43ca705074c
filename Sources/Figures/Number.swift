import Glibc

/// Numbers as a figure prints them, with a minus sign as wide as the digits.
package enum Number {
    private static let minus = "\u{2212}"

    static func power10(_ exponent: Int) -> Double { pow(10, Double(exponent)) }

    static func log10(_ value: Double) -> Double { Glibc.log10(value) }

    /// `value` with exactly `places` digits behind the point.
    static func fixed(_ value: Double, places: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? minus + "inf" : "inf" }
        guard abs(value) < 1e12 else { return scientific(value) }
        let scaled = (abs(value) * power10(places)).rounded()
        guard scaled < 9e15 else { return scientific(value) }
        let digits = String(Int(scaled))
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let whole = padded.dropLast(places)
        let sign = value < 0 && scaled > 0 ? minus : ""
        return places == 0 ? sign + whole : "\(sign)\(whole).\(padded.suffix(places))"
    }

    /// `value` in about three digits, with no zeros at the end: 0.021, 1.39, 24.5, 310, 4.2e-7.
    package static func short(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return fixed(value, places: 0) }
        let exponent = Int(log10(abs(value)).rounded(.down))
        guard (-4...5).contains(exponent) else { return scientific(value) }
        return trimmed(fixed(value, places: max(0, 2 - exponent)))
    }

    /// The label of a tick: as many places as the distance to the next tick needs, thousands and millions by letter.
    ///
    /// `exponent` is that of the distance. `largest` is the greatest magnitude on the axis, so that all its labels have one form.
    static func tick(_ value: Double, step: Double, exponent: Int, largest: Double) -> String {
        if abs(value) < step / 2 { return fixed(0, places: exponent < -4 ? 0 : max(0, -exponent)) }
        if exponent < -4 || exponent > 8 { return scientific(value) }
        if exponent >= 5, largest >= 1e6 { return trimmed(fixed(value / 1e6, places: max(0, 6 - exponent))) + "M" }
        if exponent >= 3, largest >= 1e4 { return trimmed(fixed(value / 1e3, places: 0)) + "k" }
        return fixed(value, places: max(0, -exponent))
    }

    private static func scientific(_ value: Double) -> String {
        var exponent = Int(log10(abs(value)).rounded(.down))
        var lead = trimmed(fixed(value / power10(exponent), places: 1))
        if lead == "10" || lead == minus + "10" {
            exponent += 1
            lead = lead == "10" ? "1" : minus + "1"
        }
        return "\(lead)e\(exponent < 0 ? minus : "")\(abs(exponent))"
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}
