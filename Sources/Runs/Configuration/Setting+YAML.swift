import Yams

extension Setting {
    /// Most values one text may hold, aliases counted as often as they are used.
    static let maximumNodes = 10_000
    /// Longest text that is read; the settings of a run take about 1 KB.
    static let maximumBytes = 64 << 10
    /// Most uses of aliases (`*name`) in one text. The parser compares whole keys, so that a key of nested aliases costs time that
    /// grows with a power of their number, before values can be counted.
    static let maximumAliases = 8

    /// Reads a file's text, whose root is a mapping. Throws `ConfigurationError` with the line.
    init(yaml: String, file: String) throws {
        try self.init(yaml: yaml) { .file(file, line: $0) }
    }

    /// Reads a text, whose lines have the origins that `origin` gives them.
    init(yaml: String, origin: (Int) -> SettingOrigin) throws {
        let root = try Self.compose(yaml, origin: origin)
        self = root ?? Setting(content: .mapping([]), origin: origin(1))
        guard entries != nil else {
            throw ConfigurationError(
                origin: self.origin.text, key: "", problem: "settings are a mapping of keys to values, and this is \(description)")
        }
    }

    /// A tree that holds one value, written in YAML (`[500, 500]`, `{kind: gaussian}`), under a dotted key.
    init(key: String, value: String, origin: SettingOrigin) throws {
        let names = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy({ !$0.isEmpty }) else {
            throw ConfigurationError(
                origin: origin.text, key: key, problem: "a key is names with dots between them, as in model.code")
        }
        let content = try Self.compose(value) { _ in origin }
        let leaf = content ?? Setting(content: .scalar("", isQuoted: false), origin: origin)
        self = names.reversed().reduce(leaf) { inner, name in
            Setting(content: .mapping([Entry(key: name, keyOrigin: origin, value: inner)]), origin: origin)
        }
    }

    private static func compose(_ yaml: String, origin: (Int) -> SettingOrigin) throws -> Setting? {
        func tooMuch(_ line: Int, _ problem: String) -> ConfigurationError {
            ConfigurationError(origin: origin(line).text, key: "", problem: problem)
        }
        guard yaml.utf8.count <= maximumBytes else {
            throw tooMuch(1, "there are \(yaml.utf8.count) bytes here, expected at most \(maximumBytes)")
        }
        if let line = lineOfExcessAlias(in: yaml) {
            throw tooMuch(line, "there are more than \(maximumAliases) aliases (*name) here; write the values out")
        }
        do {
            guard let node = try Yams.compose(yaml: yaml) else { return nil }
            var budget = maximumNodes
            return try Setting(node: node, origin: origin, budget: &budget)
        } catch let error as YamlError {
            throw Self.error(error, in: yaml, origin: origin)
        }
    }

    /// The line where a text exceeds the limit of `*` before a name. Those in comments and quoted texts count too: telling them apart is the
    /// parser's work, and a file of settings has few.
    private static func lineOfExcessAlias(in yaml: String) -> Int? {
        var (line, aliases) = (1, 0)
        var previous: UInt8 = 0
        for byte in yaml.utf8 {
            if byte == UInt8(ascii: "\n") { line += 1 }
            let isName = byte > 0x20 && byte != UInt8(ascii: "*")
            if previous == UInt8(ascii: "*"), isName { aliases += 1 }
            if aliases > maximumAliases { return line }
            previous = byte
        }
        return nil
    }

    private init(node: Node, origin: (Int) -> SettingOrigin, budget: inout Int) throws {
        self.origin = origin(node.mark?.line ?? 1)
        budget -= 1
        guard budget >= 0 else {
            throw ConfigurationError(
                origin: self.origin.text, key: "", problem: "there are more than \(Self.maximumNodes) values here")
        }
        switch node {
        case .scalar(let scalar):
            content = .scalar(scalar.string, isQuoted: scalar.style != .plain && scalar.style != .any)
        case .sequence(let sequence):
            content = .list(try sequence.map { try Setting(node: $0, origin: origin, budget: &budget) })
        case .mapping(let mapping):
            content = .mapping(
                try mapping.map { key, value in
                    let keyOrigin = origin(key.mark?.line ?? 1)
                    guard let name = key.scalar?.string else {
                        throw ConfigurationError(origin: keyOrigin.text, key: "", problem: "a key is a word, and this one is not")
                    }
                    return Entry(key: name, keyOrigin: keyOrigin, value: try Setting(node: value, origin: origin, budget: &budget))
                })
        case .alias:
            throw ConfigurationError(
                origin: self.origin.text, key: "", problem: "this alias stands for nothing that was named before")
        }
    }

    private static func error(_ error: YamlError, in yaml: String, origin: (Int) -> SettingOrigin) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return ConfigurationError(origin: origin(mark.line).text, key: "", problem: "this is not YAML: \(problem)")
        case .reader(let problem, let offset, _, _):
            let line = yaml.prefix(offset ?? 0).reduce(1) { $1.isNewline ? $0 + 1 : $0 }
            return ConfigurationError(origin: origin(line).text, key: "", problem: "this is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let name = duplicates.first ?? ""
            let line = secondLine(of: name, after: context.mark.line, in: yaml)
            return ConfigurationError(
                origin: origin(line).text, key: name, problem: "this key stands twice in one mapping; remove one of the two")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return ConfigurationError(origin: origin(1).text, key: "", problem: "this cannot be read as YAML: \(error)")
        }
    }

    /// The line of a repeated key's second place. The parser tells only the first, so this is the next line on which the key is followed by a
    /// colon.
    private static func secondLine(of key: String, after first: Int, in yaml: String) -> Int {
        let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where index + 1 > first {
            let start = line.drop { $0 == " " || $0 == "{" || $0 == "\"" || $0 == "'" }
            if start.hasPrefix(key), start.dropFirst(key.count).drop(while: { " \"'".contains($0) }).hasPrefix(":") {
                return index + 1
            }
        }
        return first
    }
}
