import Autoencoder
import Datasets
import Foundation

/// Reads one mapping key by key. Every key asked for is thereby known; `finish` reports those nobody asked for.
final class SettingSection {
    private let path: String
    private let setting: Setting
    private var asked: [String] = []
    /// Which key says the mapping's kind, and the kind, once it was read.
    private var kind: (key: String, value: String)?

    /// - Parameter path: dotted key of the mapping; empty for the root.
    init(_ setting: Setting, path: String) throws {
        self.path = path
        self.setting = setting
        guard setting.entries != nil else {
            throw Self.error(setting, path, "a mapping is expected here, not \(setting.description)")
        }
    }

    private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func consume(_ key: String) -> Setting? {
        asked.append(key)
        return setting[key]
    }

    private static func error(_ setting: Setting, _ key: String, _ problem: String, _ suggestion: String? = nil)
        -> ConfigurationError
    {
        ConfigurationError(origin: setting.origin.text, key: key, problem: problem, suggestion: suggestion)
    }

    /// The mapping under a key; an empty one where there is none.
    func section(_ key: String) throws -> SettingSection {
        try SettingSection(consume(key) ?? Setting(content: .mapping([]), origin: setting.origin), path: full(key))
    }

    /// Marks a mapping as known without reading it.
    func passOver(_ key: String) { asked.append(key) }

    func contains(_ key: String) -> Bool { setting[key] != nil }

    /// - Parameter word: what may stand in the number's place. The error suggests it, since no number is sure to be right where a count follows
    ///   the data.
    private static func integer<Value: FixedWidthInteger>(
        _ setting: Setting, _ key: String, in range: ClosedRange<Value>, or word: String? = nil
    ) throws -> Value {
        guard case .scalar(let text, isQuoted: false) = setting.content, let value = whole(text) else {
            throw error(setting, key, "a whole number is expected, not \(setting.description)")
        }
        guard let number = Value(value), range.contains(number) else {
            let nearest =
                value.hasPrefix("-")
                ? range.lowerBound : Value(value).map { $0 < range.lowerBound ? range.lowerBound : range.upperBound }
            let bounds =
                range.upperBound == Value.max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
            throw error(
                setting, key, "\(text) is impossible, expected \(bounds)\(word.map { ", or \($0)" } ?? "")",
                word ?? (nearest ?? range.upperBound).description)
        }
        return number
    }

    /// A count, or `auto`: the data says how many.
    func size(_ key: String, in range: ClosedRange<Int>) throws -> DataSettings.Size {
        guard let value = consume(key) else { return .usual }
        return try count(value, key, in: range, or: "auto").map(DataSettings.Size.count) ?? .auto
    }

    /// A count; nil where it is the word.
    private func count(_ value: Setting, _ key: String, in range: ClosedRange<Int>, or word: String) throws -> Int? {
        if case .scalar(word, _) = value.content { return nil }
        guard case .scalar(let text, isQuoted: false) = value.content, Self.whole(text) != nil else {
            throw Self.error(value, full(key), "a whole number or \(word) is expected, not \(value.description)")
        }
        return try Self.integer(value, full(key), in: range, or: word)
    }

    /// Digits with an optional sign; YAML's underscores are taken out.
    private static func whole(_ text: String) -> String? {
        let digits = text.replacingOccurrences(of: "_", with: "")
        let unsigned = digits.hasPrefix("-") || digits.hasPrefix("+") ? digits.dropFirst() : digits[...]
        guard !unsigned.isEmpty, unsigned.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text.first != "_", text.last != "_"
        else { return nil }
        return digits
    }

    /// A real within its range, in single precision too.
    func real(_ key: String, _ number: inout Double, _ bound: RealRange) throws {
        guard let value = consume(key) else { return }
        number = try Self.real(value, full(key), bound)
    }

    private static func real(_ setting: Setting, _ key: String, _ bound: RealRange) throws -> Double {
        guard case .scalar(let text, isQuoted: false) = setting.content, let value = real(text) else {
            throw error(setting, key, "a number is expected, not \(setting.description)")
        }
        try require(value, setting, key, bound)
        return value
    }

    /// Checks a value read, or one that follows from it.
    private static func require(_ value: Double, _ setting: Setting, _ key: String, _ bound: RealRange) throws {
        guard let problem = bound.problem(with: value) else { return }
        throw error(setting, key, "\(setting.flow) is impossible, \(problem)")
    }

    private static func real(_ text: String) -> Double? {
        guard let first = text.utf8.first, (0x30...0x39).contains(first) || "+-.".utf8.contains(first),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) })
        else { return nil }
        let padded = first == UInt8(ascii: ".") ? "0" + text : text
        guard let value = Double(padded), value.isFinite else { return nil }
        return value
    }

    /// Epochs: a number, or a part of the run's length such as `2/5`.
    func epochs(_ key: String, default fallback: Double, of length: Int) throws -> Double {
        guard let value = consume(key) else { return fallback }
        guard case .scalar(let text, isQuoted: false) = value.content, text.contains("/") else {
            return try Self.real(value, full(key), .notNegative)
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Self.real(String($0)) }
        guard parts.count == 2, let part = parts[0], let whole = parts[1], whole > 0, (0...whole).contains(part) else {
            throw Self.error(value, full(key), "epochs, or a part of the run such as 2/5, are expected, not \(value.description)")
        }
        let epochs = Double(length) * part / whole
        try Self.require(epochs, value, full(key), .notNegative)
        return epochs
    }

    /// Seconds: a number, or a duration such as `5m`.
    func seconds(_ key: String, _ seconds: inout Double) throws {
        guard let value = consume(key) else { return }
        if case .scalar(let text, isQuoted: false) = value.content, Self.real(text) == nil,
            let duration = try? DurationText.parse(text)
        {
            seconds = duration / .seconds(1)
            try Self.require(seconds, value, full(key), .notNegative)
            return
        }
        guard case .scalar(let text, isQuoted: false) = value.content, Self.real(text) != nil else {
            throw Self.error(value, full(key), "seconds or a duration such as 90s or 5m are expected, not \(value.description)")
        }
        seconds = try Self.real(value, full(key), .notNegative)
    }

    /// Whole numbers between brackets.
    func list(_ key: String, _ numbers: inout [Int], _ range: ClosedRange<Int>, atMost count: Int) throws {
        guard let value = consume(key) else { return }
        guard case .list(let elements) = value.content else {
            throw Self.error(value, full(key), "a list such as \(numbers) is expected, not \(value.description)")
        }
        guard elements.count <= count else {
            throw Self.error(value, full(key), "\(elements.count) entries are impossible, expected at most \(count)")
        }
        numbers = try elements.map { try Self.integer($0, full(key), in: range) }
    }

    /// A text; quotation marks make no difference.
    func text(_ key: String) throws -> (text: String, setting: Setting)? {
        guard let value = consume(key) else { return nil }
        guard case .scalar(let text, let isQuoted) = value.content, isQuoted || !text.isEmpty else {
            throw Self.error(value, full(key), "a text is expected, not \(value.description)")
        }
        return (text, value)
    }

    /// A whole number within a range; nil where none is given.
    func number(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = consume(key) else { return nil }
        return try Self.integer(value, full(key), in: range)
    }

    /// True or false.
    func flag(_ key: String, default fallback: Bool) throws -> Bool {
        try choice(key, default: "\(fallback)", among: ["true", "false"]) == "true"
    }

    /// The path of a file or folder, as the shell means it where it was written.
    func path(_ key: String) throws -> String? {
        try text(key).map { $0.setting.origin.resolve($0.text) }
    }

    /// One of a few words. The error names the nearest.
    func choice(_ key: String, default fallback: String, among words: [String]) throws -> String {
        let (given, value) = try text(key) ?? (fallback, setting)
        guard words.contains(given) else {
            throw Self.error(
                value, full(key), "\"\(given)\" is none of \(words.joined(separator: ", "))", NearestName.of(given, among: words))
        }
        if Configuration.kindKeys.contains(key) { kind = (key, given) }
        return given
    }

    /// The error for a key under `key` that is impossible for a reason that the caller knows.
    ///
    /// - Parameter others: further keys that take part in the conflict; a person may have written one of them.
    func failure(_ key: String, _ problem: String, with others: [String] = [], suggestion: String? = nil) -> ConfigurationError {
        ConfigurationError(
            origin: setting.origin(of: key, with: others).text, key: full(key), problem: problem, suggestion: suggestion)
    }

    /// Throws for the first key that nobody asked for.
    func finish() throws {
        for entry in setting.entries ?? [] where !asked.contains(entry.key) {
            let key = full(entry.key)
            if entry.key.contains("."), Configuration.knownKeys.contains(key) {
                throw ConfigurationError(
                    origin: entry.keyOrigin.text, key: key,
                    problem: "a key with dots is for --set, and in a file a mapping holds it: write \(Self.nested(entry))")
            }
            if let kind, let owners = Configuration.kindsByKey[key] {
                throw ConfigurationError(
                    origin: entry.keyOrigin.text, key: key,
                    problem:
                        "this key does not go with \(kind.key) \(kind.value), but with \(kind.key) \(owners.joined(separator: " or "))"
                )
            }
            let nearest = NearestName.of(entry.key, among: asked).map(full) ?? Configuration.keyElsewhere(named: entry.key)
            throw ConfigurationError(
                origin: entry.keyOrigin.text, key: key, problem: "there is no such key\(path.isEmpty ? "" : " in \(path)")",
                suggestion: nearest)
        }
    }

    /// An entry whose key has dots as YAML has it: `model: {code: 3}`.
    private static func nested(_ entry: Setting.Entry) -> String {
        let parts = entry.key.split(separator: ".")
        let inner = parts.dropFirst().reversed().reduce(entry.value.flow) { "{\($1): \($0)}" }
        return "\(parts.first ?? ""): \(inner)"
    }
}

/// Reads settings that name their own keys; a key that is not given keeps its value.
extension SettingSection: SettingKeys {
    func integer<Value: FixedWidthInteger>(_ key: String, _ value: inout Value, _ range: ClosedRange<Value>) throws {
        guard let given = consume(key) else { return }
        value = try Self.integer(given, full(key), in: range)
    }

    func count(_ key: String, _ value: inout Int?, _ range: ClosedRange<Int>, or word: String) throws {
        guard let given = consume(key) else { return }
        value = try count(given, key, in: range, or: word)
    }

    func choice<Value: SettingWord>(_ key: String, _ value: inout Value) throws {
        value = Value(rawValue: try choice(key, default: value.rawValue, among: Value.allCases.map(\.rawValue))) ?? value
    }

    func path(_ key: String, _ value: inout String?) throws { value = try path(key) ?? value }

    func digest(_ key: String, _ value: inout String?) throws { value = try text(key)?.text.lowercased() ?? value }

    func mapping(_ key: String, isThere: inout Bool, _ body: (SettingSection) throws -> Void) throws {
        isThere = isThere || contains(key)
        let section = try section(key)
        guard isThere else { return }
        try body(section)
        try section.finish()
    }

    func absent(_ key: String, _ why: @autoclosure () -> String) throws {
        guard let entry = setting.entries?.first(where: { $0.key == key }) else { return }
        throw ConfigurationError(origin: entry.keyOrigin.text, key: full(key), problem: why())
    }
}
