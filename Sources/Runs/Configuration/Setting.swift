/// Where a setting was written.
enum SettingOrigin: Sendable, Hashable {
    case file(String, line: Int)
    /// A recipe that comes with the program.
    case recipe(String, line: Int)
    /// A flag, a `--set` or an environment variable, as the user typed it.
    case typed(String)
    /// A value of the program's own.
    case program

    /// How near the origin is to the person. Of two settings that do not go together, the nearer one is to blame: a person's before a recipe's.
    var rank: Int {
        switch self {
        case .program: 0
        case .recipe: 1
        case .file: 2
        case .typed: 3
        }
    }

    var text: String {
        switch self {
        case .file(let name, let line): "\(name), line \(line)"
        case .recipe(let name, let line): "recipe \(name), line \(line)"
        case .typed(let text): text
        case .program: "the configuration"
        }
    }
}

/// A tree of settings, as a file holds it and as flags and environment variables change it: the step between YAML and a `Configuration`.
struct Setting: Sendable {
    enum Content: Sendable {
        /// `isQuoted`: written as a text, so never a number.
        case scalar(String, isQuoted: Bool)
        case list([Setting])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        var key: String
        var keyOrigin: SettingOrigin
        var value: Setting
    }

    var content: Content
    var origin: SettingOrigin

    static func mapping(_ pairs: KeyValuePairs<String, Setting>) -> Setting {
        Setting(content: .mapping(pairs.map { Entry(key: $0.key, keyOrigin: .program, value: $0.value) }), origin: .program)
    }

    static func list(_ values: [Setting]) -> Setting { Setting(content: .list(values), origin: .program) }
    static func integer(_ value: Int) -> Setting { plain(String(value)) }
    static func text(_ value: String) -> Setting { Setting(content: .scalar(value, isQuoted: !isPlain(value)), origin: .program) }
    static func plain(_ value: String) -> Setting { Setting(content: .scalar(value, isQuoted: false), origin: .program) }

    /// A real with all its digits; a whole one without a fraction, and an exponent with one, which is what YAML takes for a number.
    static func real(_ value: Double) -> Setting {
        if value == value.rounded(), abs(value) < 1e15 { return plain(String(Int64(value))) }
        let text = value.description
        guard let e = text.firstIndex(of: "e"), !text[..<e].contains(".") else { return plain(text) }
        return plain(text[..<e] + ".0" + text[e...])
    }

    /// Whether a text reads as itself without quotation marks in every YAML.
    private static func isPlain(_ text: String) -> Bool {
        let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        guard let first = text.utf8.first, (0x41...0x5A).contains(first & 0xDF), !words.contains(text.lowercased()) else {
            return false
        }
        return text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || "-_.".utf8.contains($0) }
    }

    var entries: [Entry]? {
        guard case .mapping(let entries) = content else { return nil }
        return entries
    }

    subscript(key: String) -> Setting? {
        entries?.first { $0.key == key }?.value
    }

    /// The setting at a dotted path, or the deepest one above it that is there.
    func nearest(to path: String) -> Setting {
        var setting = self
        for key in path.split(separator: ".") {
            guard let next = setting[String(key)] else { break }
            setting = next
        }
        return setting
    }

    /// Where the setting at a dotted path was written, or the place of one of the others where that is nearer to the person (`rank`).
    func origin(of path: String, with others: [String]) -> SettingOrigin {
        let origins = others.filter(contains).map { nearest(to: $0).origin }
        return origins.reduce(nearest(to: path).origin) { $1.rank > $0.rank ? $1 : $0 }
    }

    /// Whether a dotted path is there.
    func contains(_ path: String) -> Bool {
        var setting = self
        for key in path.split(separator: ".") {
            guard let next = setting[String(key)] else { return false }
            setting = next
        }
        return true
    }

    /// Every leaf with its dotted key, in order. A list is a leaf.
    var leaves: [(key: String, value: Setting)] {
        guard let entries else { return [] }
        return entries.flatMap { entry -> [(key: String, value: Setting)] in
            guard entry.value.entries != nil else { return [(entry.key, entry.value)] }
            return entry.value.leaves.map { ("\(entry.key).\($0.key)", $0.value) }
        }
    }

    /// What stands there, for messages.
    var description: String {
        switch content {
        case .scalar("", isQuoted: false): "nothing"
        case .scalar(let text, let isQuoted): isQuoted ? "the text \"\(text)\"" : "\"\(text)\""
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}
