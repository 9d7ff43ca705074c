import ArgumentParser
import Foundation

/// Seeds as the user lists them: numbers and ranges with commas between them, `1,2,5-8`.
struct SeedList: ExpressibleByArgument {
    /// Most runs of one command: more are taken for a slip in a range.
    private static let most: UInt64 = 1000

    /// In the order in which they were named.
    let values: [UInt64]

    /// Reports what is wrong by itself and ends the command with 64: the parser would not say why.
    init?(argument: String) {
        do {
            values = try Self.values(of: argument)
        } catch {
            Output.complain("\(error)")
            Foundation.exit(64)
        }
    }

    private static func values(of argument: String) throws -> [UInt64] {
        var values: [UInt64] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(number)
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else {
                throw UsageError(
                    "--seeds \"\(argument)\" is no list of seeds; write whole numbers and ranges with commas between them, as in 1,2,5-8"
                )
            }
            guard first <= last else { throw UsageError("--seeds \(argument): a range begins with its lower end, as in 5-8") }
            guard last - first < most, UInt64(values.count) + (last - first) < most else {
                throw UsageError("--seeds \(argument): these are too many; expected at most \(most) seeds")
            }
            values += first...last
        }
        if let double = values.first(where: { seed in values.count { $0 == seed } > 1 }) {
            throw UsageError("--seeds \(argument): seed \(double) stands there twice; name it once")
        }
        return values
    }

    /// Digits only: a seed has no sign.
    private static func number(_ text: Substring) -> UInt64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(text) : nil
    }
}
