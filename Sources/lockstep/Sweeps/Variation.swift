import ArgumentParser
import Foundation
import Runs
import Wire

/// One axis of a sweep as the user types it, `KEY=V1,V2,…`; keys with commas between them, as in `seed,labels.seed=1,2`, have the same value.
struct Variation: ExpressibleByArgument, Equatable {
    static let seed = "seed"

    /// Dotted, one or more.
    let keys: [String]
    /// In the order in which they were named.
    let values: [String]

    /// The axis's name in folders and tables.
    var name: String { isOfSeed ? Self.seed : keys[0] }

    var isOfSeed: Bool { keys.contains(Self.seed) }

    /// The axis that `--seeds` stands for.
    init(seeds: SeedList) {
        keys = [Self.seed]
        values = seeds.values.map { "\($0)" }
    }

    /// Reports what is wrong by itself and ends the command with 64: the parser would not say why.
    init?(argument: String) {
        do {
            self = try Self(parsing: argument)
        } catch {
            Output.complain("\(error)")
            Foundation.exit(64)
        }
    }

    init(parsing argument: String) throws {
        let typed = argument.printable(200)
        guard let equals = argument.firstIndex(of: "=") else {
            throw UsageError("--vary \"\(typed)\" has no values; write KEY=V1,V2, as in dropout.hidden=0.1,0.2")
        }
        let keys = argument[..<equals].split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
        let values = Self.parts(of: argument[argument.index(after: equals)...]).map { $0.trimmed }
        guard keys.allSatisfy({ !$0.isEmpty }), values.allSatisfy({ !$0.isEmpty }) else {
            throw UsageError("--vary \"\(typed)\": a key or a value is empty; write KEY=V1,V2, as in dropout.hidden=0.1,0.2")
        }
        for (list, what) in [(keys, "key"), (values, "value")] {
            if let double = list.first(where: { item in list.count { $0 == item } > 1 }) {
                throw UsageError("--vary \"\(typed)\": the \(what) \(double.printable(200)) stands there twice; name it once")
            }
        }
        (self.keys, self.values) = (keys, values)
        guard !isOfSeed else {
            if let other = values.first(where: { UInt64($0).map { "\($0)" } != $0 }) {
                throw UsageError("--vary \"\(typed)\": \(other.printable(200)) is no seed; write whole numbers, as in seed=1,2")
            }
            return
        }
        for (key, why) in [("data", "the runs of one command have one data set"), ("name", "--run names the folders")] {
            if let other = keys.first(where: { $0.prefix { $0 != "." } == key }) {
                throw UsageError("--vary \(other): \(why)")
            }
        }
    }

    /// Splits at the commas outside of brackets and quotes: a value may be a list or a mapping.
    private static func parts(of text: Substring) -> [Substring] {
        var parts: [Substring] = []
        var (start, depth) = (text.startIndex, 0)
        var quote: Character?
        for index in text.indices {
            let letter = text[index]
            if let open = quote {
                if letter == open { quote = nil }
            } else if letter == "'" || letter == "\"" {
                quote = letter
            } else if "[{".contains(letter) {
                depth += 1
            } else if "]}".contains(letter) {
                depth -= 1
            } else if letter == ",", depth == 0 {
                parts.append(text[start..<index])
                start = text.index(after: index)
            }
        }
        return parts + [text[start...]]
    }
}

extension StringProtocol {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}

/// The runs of a sweep: every combination of its axes; the seed varies fastest.
struct SweepPlan {
    /// Most runs of one command: more are taken for a slip.
    private static let most = 1000

    /// One run's own settings.
    struct Entry {
        let point: SweepPoint
        /// Settings of every key, linked ones too.
        let flags: [FlagSetting]
    }

    let entries: [Entry]

    /// - Parameter given: settings on the command line that are the same in all runs.
    /// - Throws: `UsageError` where axes contradict each other or the given settings.
    init(_ variations: [Variation], seeds: SeedList?, given: [(key: String, typed: String)]) throws {
        if seeds != nil, variations.contains(where: \.isOfSeed) {
            throw UsageError("--seeds and --vary both say the seed; give one of them")
        }
        let axes = variations.filter { !$0.isOfSeed } + variations.filter(\.isOfSeed) + (seeds.map { [Variation(seeds: $0)] } ?? [])
        let keys = axes.flatMap(\.keys)
        for (index, key) in keys.enumerated() {
            if let other = keys[..<index].first(where: { Self.holds($0, key) || Self.holds(key, $0) }) {
                throw UsageError("--vary \(other) and --vary \(key) say the same setting; name it once")
            }
            let flag = seeds != nil && key == Variation.seed ? "--seeds" : "--vary \(key)"
            if let other = given.first(where: { Self.holds(key, $0.key) }) {
                throw UsageError(
                    "\(flag) and \(other.typed) both say the \(key == Variation.seed ? "seed" : "same setting"); give one of them")
            }
        }
        let count = axes.reduce(1) { $0.multipliedReportingOverflow(by: $1.values.count).overflow ? Int.max : $0 * $1.values.count }
        guard count <= Self.most else { throw UsageError("these are too many runs; expected at most \(Self.most) of one command") }
        entries = axes.reduce([Entry(point: SweepPoint(), flags: [])]) { entries, axis in
            entries.flatMap { entry in axis.values.map { entry.adding($0, of: axis) } }
        }
        var names: [String: SweepPoint] = [:]
        for entry in entries {
            if let other = names.updateValue(entry.point, forKey: entry.point.folderEnding) {
                throw UsageError(
                    "the runs of \(other.words) and of \(entry.point.words) would have one folder, *\(entry.point.folderEnding); write their values so that they differ in letters or digits"
                )
            }
        }
        let longest = entries.map(\.point.folderEnding).max { $0.utf8.count < $1.utf8.count } ?? ""
        guard longest.utf8.count <= 200 else {
            throw UsageError(
                "a folder cannot be called *\(longest.prefix(60))…: its name would be too long; put the values into files of their own (--config)"
            )
        }
    }

    /// Whether the key `one` is `other`, or a mapping that holds it.
    private static func holds(_ one: String, _ other: String) -> Bool { one == other || other.hasPrefix(one + ".") }
}

extension SweepPlan.Entry {
    fileprivate func adding(_ value: String, of axis: Variation) -> SweepPlan.Entry {
        var point = point
        if axis.isOfSeed { point.seed = UInt64(value) } else { point.settings.append(.init(axis.name, value)) }
        return SweepPlan.Entry(
            point: point, flags: flags + axis.keys.map { FlagSetting(flag: "--vary \($0)", key: $0, value: value) })
    }
}
