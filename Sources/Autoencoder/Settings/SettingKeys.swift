/// What a real setting may be.
public enum RealRange: Sendable, Hashable {
    case any, positive, notNegative
    /// 0 or more and less than 1.
    case fraction

    public func holds(_ value: Double) -> Bool {
        switch self {
        case .any: true
        case .positive: value > 0
        case .notNegative: value >= 0
        case .fraction: value >= 0 && value < 1
        }
    }

    public var text: String {
        switch self {
        case .any: "any number"
        case .positive: "more than 0"
        case .notNegative: "0 or more"
        case .fraction: "0 or more and less than 1"
        }
    }
}

/// One of a few words.
public typealias SettingWord = RawRepresentable<String> & CaseIterable & Sendable

/// Whoever goes through settings key by key: a reader changes the values, a writer keeps them, a check throws.
///
/// Settings name each of their keys once, in the order of a recipe, with its type and its range; what a value is before a reader
/// has been there is its default.
public protocol SettingKeys: AnyObject {
    func real(_ key: String, _ value: inout Double, _ range: RealRange) throws
    func integer<Value: FixedWidthInteger>(_ key: String, _ value: inout Value, _ range: ClosedRange<Value>) throws
    /// Seconds; a reader takes a duration too.
    func seconds(_ key: String, _ value: inout Double) throws
    /// A count; nil is written as a word.
    func count(_ key: String, _ value: inout Int?, _ range: ClosedRange<Int>, or word: String) throws
    func choice<Value: SettingWord>(_ key: String, _ value: inout Value) throws
    func list(_ key: String, _ value: inout [Int], _ range: ClosedRange<Int>, atMost count: Int) throws
    /// A mapping with keys of its own; where it is not there the body is not asked, and a reader says that it is there where it is given.
    func mapping(_ key: String, isThere: inout Bool, _ body: (Self) throws -> Void) throws
    /// A key that there is elsewhere, and why it is not here: a reader throws where it is given.
    func absent(_ key: String, _ why: @autoclosure () -> String) throws
}

extension SettingKeys {
    public func seconds(_ key: String, _ value: inout Double) throws { try real(key, &value, .notNegative) }

    /// A mapping that is always there.
    public func mapping(_ key: String, _ body: (Self) throws -> Void) throws {
        var isThere = true
        try mapping(key, isThere: &isThere, body)
    }
}

/// A setting that cannot be: which key, what is wrong, what was expected.
public struct SettingsError: Error, CustomStringConvertible, Sendable, Equatable {
    /// As it stands in a recipe, `model.code`.
    public let key: String
    public let problem: String

    public init(key: String, problem: String) {
        self.key = key
        self.problem = problem
    }

    public var description: String { "\(key): \(problem)" }
}

/// Throws a `SettingsError` for the first value outside its range.
final class SettingCheck: SettingKeys {
    /// Dotted key of the mapping that the keys stand in; empty for the root.
    private let path: String

    init(path: String = "") { self.path = path }

    private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func require(_ holds: Bool, _ key: String, _ problem: @autoclosure () -> String) throws {
        if !holds { throw SettingsError(key: full(key), problem: problem()) }
    }

    func real(_ key: String, _ value: inout Double, _ range: RealRange) throws {
        try require(value.isFinite && range.holds(value), key, "\(key) is \(value), expected \(range.text)")
    }

    func integer<Value: FixedWidthInteger>(_ key: String, _ value: inout Value, _ range: ClosedRange<Value>) throws {
        try require(range.contains(value), key, "\(key) is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }

    func count(_ key: String, _ value: inout Int?, _ range: ClosedRange<Int>, or word: String) throws {
        if var count = value { try integer(key, &count, range) }
    }

    func choice<Value: SettingWord>(_ key: String, _ value: inout Value) {}

    func list(_ key: String, _ value: inout [Int], _ range: ClosedRange<Int>, atMost count: Int) throws {
        try require(value.count <= count, key, "there are \(value.count) entries, expected at most \(count)")
        for entry in value where !range.contains(entry) {
            try require(false, key, "an entry is \(entry), expected \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func mapping(_ key: String, isThere: inout Bool, _ body: (SettingCheck) throws -> Void) throws {
        if isThere { try body(SettingCheck(path: full(key))) }
    }

    func absent(_ key: String, _ why: @autoclosure () -> String) {}
}
