import Files
import Kernels

/// Tells the coordinators of a run apart: how many there have been up to this one, and a random name.
///
/// The number tells a later coordinator from an earlier one. The name tells two of the same number apart; these come from two copies of one run
/// folder, or from an older copy that was put back.
public struct Generation: Sendable, Hashable, CustomStringConvertible {
    /// Counts from 1.
    public let number: UInt64
    /// Random; 0 in files of versions that wrote the number alone.
    public let name: UInt64

    public init(number: UInt64, name: UInt64) {
        self.number = number
        self.name = name
    }

    /// A new one with a name of its own.
    static func fresh(number: UInt64) -> Generation {
        Generation(number: number, name: UInt64.random(in: 1 ... .max))
    }

    /// "4 (00c0ffee00c0ffee)".
    public var description: String { name == 0 ? "\(number)" : "\(number) (\(hexDigits(name)))" }

    /// `4 00c0ffee00c0ffee`: number, and name in sixteen hexadecimal digits.
    package var line: String { "\(number) \(hexDigits(name))\n" }

    /// Reads such a line, or a number alone; `nil` for anything else, and for a number that no run comes to.
    package init?(line: String) {
        let fields = line.trimmingSuffix("\n").split(separator: " ", omittingEmptySubsequences: false)
        guard (1...2).contains(fields.count), let number = UInt64(fields[0]), number < Plausible.count else { return nil }
        guard fields.count == 2 else {
            self.init(number: number, name: 0)
            return
        }
        guard fields[1].count == 16, fields[1].allSatisfy(\.isHexDigit), let name = UInt64(fields[1], radix: 16) else { return nil }
        self.init(number: number, name: name)
    }
}

/// Whether a run folder is still that of the coordinator which raised its generation.
public enum Ownership: Sendable, Equatable {
    case ours
    /// A later coordinator has raised the generation, or the folder is another copy by now.
    case taken(by: Generation)
    /// The folder, or the file in it, is not there any more.
    case gone
    /// Nothing can be said at this moment: a network file system that does not answer, a file that is no generation.
    case unreadable(DiskError)
}
