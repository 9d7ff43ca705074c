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

/// Whoever goes through settings key by key: a reader changes the values, a writer keeps them, a check throws.
///
/// Settings name each of their keys once, in the order of a recipe, with its type and its range; what a value is before a reader
/// has been there is its default.
public protocol SettingKeys: AnyObject {
    func real(_ key: String, _ value: inout Double, _ range: RealRange) throws
    func integer(_ key: String, _ value: inout Int, _ range: ClosedRange<Int>) throws
}

/// Throws a `SettingsError` for the first value outside its range.
final class SettingCheck: SettingKeys {
    /// Dotted key of the mapping that the keys stand in.
    private let path: String

    init(path: String) { self.path = path }

    func real(_ key: String, _ value: inout Double, _ range: RealRange) throws {
        guard value.isFinite, range.holds(value) else {
            throw SettingsError(key: "\(path).\(key)", problem: "\(key) is \(value), expected \(range.text)")
        }
    }

    func integer(_ key: String, _ value: inout Int, _ range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            let bounds = "\(range.lowerBound) to \(range.upperBound)"
            throw SettingsError(key: "\(path).\(key)", problem: "\(key) is \(value), expected \(bounds)")
        }
    }
}
