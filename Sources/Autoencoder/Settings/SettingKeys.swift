/// The range that a real setting may have.
///
/// A setting that is multiplied with values of the model has an upper limit, far above anything useful, so that neither it nor its square overflows
/// in single precision. A model may still diverge where its rates are too high for its losses.
public enum RealRange: Sendable, Hashable {
    /// −10⁶ to 10⁶.
    case any
    /// More than 0, up to 10⁶.
    case positive
    /// 0 to 10⁶.
    case amount
    /// For noise on pixels of 0 to 1: 0 to 10. A Gaussian posterior takes the exponential of what an encoder computes from it.
    case pixelNoise
    /// For a deviation, whose square is also a divisor: 10⁻⁶ to 10⁶.
    case deviation
    /// 0 or more: for a value that is no factor, such as a time.
    case notNegative
    /// 0 or more and less than 1.
    case fraction

    /// The upper limit of a factor.
    public static let most = 1e6
    private static let mostPixelNoise = 10.0
    private static let leastDeviation = 1e-6

    public func holds(_ value: Double) -> Bool {
        switch self {
        case .any: abs(value) <= Self.most
        case .positive: value > 0 && value <= Self.most
        case .amount: value >= 0 && value <= Self.most
        case .pixelNoise: value >= 0 && value <= Self.mostPixelNoise
        case .deviation: value >= Self.leastDeviation && value <= Self.most
        case .notNegative: value >= 0
        case .fraction: value >= 0 && value < 1
        }
    }

    /// The value that training uses: the setting in single precision.
    private static func applied(_ value: Double) -> Double { Double(Float(value)) }

    /// Why a value is invalid, as a text that follows the value and a comma; nil where it is valid. A value other than 0 that rounds to 0 would
    /// silently do nothing, so it is refused.
    public func problem(with value: Double) -> String? {
        guard value.isFinite, holds(value) else { return "expected \(text)" }
        let applied = Self.applied(value)
        guard !applied.isFinite || !holds(applied) || (applied == 0 && value != 0) else { return nil }
        let made = applied.isFinite ? "\(Int(applied))" : "infinite"
        let least = applied == 0 ? ", and the least number is \(Float.leastNonzeroMagnitude)" : ""
        return "expected \(text): training is in single precision, where it is \(made)\(least)"
    }

    public var text: String {
        switch self {
        case .any: "-1000000 to 1000000"
        case .positive: "more than 0, up to 1000000"
        case .amount: "0 to 1000000"
        case .pixelNoise: "0 to 10"
        case .deviation: "0.000001 to 1000000"
        case .notNegative: "0 or more"
        case .fraction: "0 or more and less than 1"
        }
    }
}

/// One of a few words.
public typealias SettingWord = RawRepresentable<String> & CaseIterable & Sendable

/// A visitor of settings, key by key: a reader changes the values, a writer leaves them, a check throws.
///
/// Settings name each of their keys once, in the order of a recipe, with its type and its range. The value before a reader visits it is its default.
public protocol SettingKeys: AnyObject {
    func real(_ key: String, _ value: inout Double, _ range: RealRange) throws
    func integer<Value: FixedWidthInteger>(_ key: String, _ value: inout Value, _ range: ClosedRange<Value>) throws
    /// Seconds; a reader takes a duration too.
    func seconds(_ key: String, _ value: inout Double) throws
    /// A count; nil is written as a word.
    func count(_ key: String, _ value: inout Int?, _ range: ClosedRange<Int>, or word: String) throws
    func choice<Value: SettingWord>(_ key: String, _ value: inout Value) throws
    func list(_ key: String, _ value: inout [Int], _ range: ClosedRange<Int>, atMost count: Int) throws
    /// The path of a file; a reader gives a whole one. Nil is not written.
    func path(_ key: String, _ value: inout String?) throws
    /// A SHA-256, 64 hex digits. Nil is not written.
    func digest(_ key: String, _ value: inout String?) throws
    /// A mapping with keys of its own. The body is not called where the mapping is absent; a reader sets `isThere` where it is given.
    func mapping(_ key: String, isThere: inout Bool, _ body: (Self) throws -> Void) throws
    /// A key that exists elsewhere, and why it does not exist here; a reader throws where it is given.
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

/// An invalid setting: which key, what is wrong, what was expected.
public struct SettingsError: Error, CustomStringConvertible, Sendable, Equatable {
    /// As it stands in a recipe, `model.code`.
    public let key: String
    public let problem: String
    /// Keys of other settings that contribute to the problem; a person may have written any of them.
    public let others: [String]

    public init(key: String, problem: String, with others: [String] = []) {
        self.key = key
        self.problem = problem
        self.others = others
    }

    public var description: String { "\(key): \(problem)" }
}

/// Collects the keys of factors that are not 0: those that may be too large where a model's numbers overflow.
final class FactorKeys: SettingKeys {
    private(set) var keys: [String] = []

    func real(_ key: String, _ value: inout Double, _ range: RealRange) {
        if value != 0, ![.notNegative, .fraction].contains(range) { keys.append(key) }
    }

    func mapping(_ key: String, isThere: inout Bool, _ body: (FactorKeys) throws -> Void) rethrows {
        guard isThere else { return }
        let below = FactorKeys()
        try body(below)
        keys += below.keys.map { "\(key).\($0)" }
    }

    func integer<Value: FixedWidthInteger>(_ key: String, _ value: inout Value, _ range: ClosedRange<Value>) {}
    func count(_ key: String, _ value: inout Int?, _ range: ClosedRange<Int>, or word: String) {}
    func choice<Value: SettingWord>(_ key: String, _ value: inout Value) {}
    func list(_ key: String, _ value: inout [Int], _ range: ClosedRange<Int>, atMost count: Int) {}
    func path(_ key: String, _ value: inout String?) {}
    func digest(_ key: String, _ value: inout String?) {}
    func absent(_ key: String, _ why: @autoclosure () -> String) {}
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
        if let problem = range.problem(with: value) { try require(false, key, "\(key) is \(value), \(problem)") }
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

    func path(_ key: String, _ value: inout String?) throws {
        try require(value?.isEmpty != true, key, "\(key) is empty, expected the path of a file")
    }

    func digest(_ key: String, _ value: inout String?) throws {
        try require(value.map(Self.isDigest) ?? true, key, "\(key) is \(value ?? ""), expected a SHA-256 of 64 hex digits")
    }

    private static func isDigest(_ text: String) -> Bool { text.utf8.count == 64 && text.allSatisfy(\.isHexDigit) }

    func mapping(_ key: String, isThere: inout Bool, _ body: (SettingCheck) throws -> Void) throws {
        if isThere { try body(SettingCheck(path: full(key))) }
    }

    func absent(_ key: String, _ why: @autoclosure () -> String) {}
}
