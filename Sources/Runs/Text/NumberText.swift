import Glibc

/// Numbers and durations as a person reads them on a line.
package enum NumberText {
    /// About four significant digits, which is what an eye takes in.
    package static func rounded(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value > 0 ? "inf" : "-inf" }
        let size = abs(value)
        if size == 0 { return "0" }
        if size >= 1e15 { return "\(value)" }
        if size >= 1_000 { return grouped(value) }
        if size < 1e-4 { return scientific(value) }
        let decimals = size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.01 ? 3 : 5
        return fixed(value, decimals)
    }

    /// A share in percent.
    package static func percent(_ share: Double) -> String { "\(rounded(100 * share)) %" }

    /// A number with a fixed count of decimals.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1) { power, _ in power * 10 }
        let scaled = UInt64((abs(value) * Double(scale)).rounded())
        let digits = String(scaled % UInt64(scale))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return sign + "\(scaled / UInt64(scale))." + String(repeating: "0", count: decimals - digits.count) + digits
    }

    /// Three significant digits and a power of ten, of a number below 1.
    private static func scientific(_ value: Double) -> String {
        var exponent = Int(log10(abs(value)).rounded(.down))
        // Powers below 10^-308 cannot be divided by in one go.
        func lead() -> String { fixed(value * pow(10, Double(-exponent / 2)) * pow(10, Double(-exponent + exponent / 2)), 2) }
        if lead().hasSuffix("10.00") { exponent += 1 }
        return "\(lead())e\(exponent)"
    }

    /// A whole number in groups of three.
    package static func grouped(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }

    /// The nearest whole number, in groups of three.
    package static func grouped(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e18 else { return "?" }
        return grouped(Int(value.rounded()))
    }

    /// `42s`, `3m05s`, `2h07m`, `4d02h`.
    package static func clock(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
            "\(large)\(largeUnit)\(small < 10 ? "0" : "")\(small)\(smallUnit)"
        }
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3_600 { return pair(seconds / 60, "m", seconds % 60, "s") }
        if seconds < 86_400 { return pair(seconds / 3_600, "h", seconds / 60 % 60, "m") }
        return pair(seconds / 86_400, "d", seconds / 3_600 % 24, "h")
    }
}
