import Foundation

/// Numbers as a person reads them.
package enum Sizes {
    /// "512 MB", "1.2 GB": powers of ten.
    package static func text(_ bytes: UInt64) -> String {
        var value = Double(bytes)
        var unit = 0
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return String(format: value < 9.95 && unit > 0 ? "%.1f %@" : "%.0f %@", value, units[unit])
    }

    /// "0.25 ms", "12 ms".
    package static func milliseconds(_ seconds: Double) -> String {
        let value = seconds * 1000
        return String(format: value < 1 ? "%.2f ms" : value < 10 ? "%.1f ms" : "%.0f ms", value)
    }
}
