import Autoencoder
import Files
import Foundation
import Waiting

extension Configuration {
    /// Names that start like settings and belong to the command itself: its flags, and the folder of the data.
    public static let reservedEnvironment: Set<String> = [
        "LOCKSTEP_DATA", "LOCKSTEP_RECIPE", "LOCKSTEP_WORKERS", "LOCKSTEP_TOPOLOGY", "LOCKSTEP_COMPRESSION",
        "LOCKSTEP_KERNEL_CHOSEN", "LOCKSTEP_LEVEL",
    ]

    /// Those of them that a person types. The others are set by the program for itself, so a person does not mistype them.
    private static let typedEnvironment = reservedEnvironment.subtracting(["LOCKSTEP_KERNEL_CHOSEN", "LOCKSTEP_LEVEL"]).sorted()

    /// Whether an environment variable is a setting's name with a typing error: at most two wrong letters, or one in a short name.
    private static func isSlip(_ name: String, of setting: String) -> Bool {
        NearestName.distance(setting, name) <= (setting.count - "LOCKSTEP_".count <= 5 ? 1 : 2)
    }

    /// The name that was most likely meant, where one is so near; the first of several that are equally near.
    private static func nearest(to name: String, among names: [String]) -> String? {
        names.filter { isSlip(name, of: $0) }.min { NearestName.distance($0, name) < NearestName.distance($1, name) }
    }

    /// Reads a configuration from all its sources; with neither recipe nor base they lie over the recipe `quickstart`.
    /// Throws `ConfigurationError`, `UnknownRecipe` or `DiskError`.
    public static func load(_ sources: ConfigurationSources) throws -> Configuration {
        let configuration = try Configuration(merged(sources), defaultName: sources.file.flatMap(name(ofFile:)))
        return sources.base.map { configuration.withSizes(of: $0) } ?? configuration
    }

    /// Whether any source gives a key, so that a default that depends on the machine (`threads`) need not be guessed at.
    public static func isGiven(_ key: String, in sources: ConfigurationSources) throws -> Bool {
        try merged(sources).contains(key)
    }

    /// The variant that the sources result in; nil where they name none that exists.
    static func variant(of sources: ConfigurationSources) throws -> Variant? {
        var variant: Variant?
        if case .scalar(let text, _)? = try merged(sources)[variantKey]?.content { variant = Variant(rawValue: text) }
        return variant
    }

    /// Longest text that is read.
    public static var maximumBytes: Int { Setting.maximumBytes }

    /// Reads one text, over the defaults.
    public static func read(yaml: String, file: String) throws -> Configuration {
        try Configuration(Setting(yaml: yaml, file: file), defaultName: name(ofFile: file))
    }

    /// Reads a file and what it says of its making, if it does.
    public static func readFile(_ path: String) throws -> (configuration: Configuration, provenance: Provenance?) {
        let tree = try tree(ofFile: path)
        return (try Configuration(tree, defaultName: name(ofFile: path)), Provenance(tree[provenanceKey]))
    }

    private static func merged(_ sources: ConfigurationSources) throws -> Setting {
        var layers: [Setting] = []
        if let recipe = sources.recipe {
            layers.append(try Recipes.named(recipe).tree())
        } else if sources.base == nil {
            // A file's run has the file's name; other settings that the file leaves out are quickstart's.
            let quickstart = try Recipes.quickstart.tree()
            layers.append(sources.file == nil ? quickstart : quickstart.without(["name"]))
        }
        if let base = sources.base { layers.append(base.settings) }
        if let file = sources.file { layers.append(try typedTree(file)) }
        layers.append(try environmentLayer(sources.environment))
        layers.append(combined(try sources.sets.map(setLayer)))
        layers.append(combined(try sources.flags.map { try Setting(key: $0.key, value: $0.value, origin: .typed($0.flag)) }))
        return layers.reduce(Setting.mapping([:])) { $0.layered(with: $1) }
    }

    /// One layer of many settings, so that `prior.kind` may be typed after `prior.thickness`.
    private static func combined(_ settings: [Setting]) -> Setting {
        settings.reduce(Setting.mapping([:])) { $0.overlaid(by: $1) }
    }

    /// The file that a person has named: a path that leads nowhere is a wrong value like any other.
    private static func typedTree(_ path: String) throws -> Setting {
        guard !path.isEmpty else { throw ConfigurationError(origin: "--config", key: "", problem: "the file's name is empty") }
        do {
            return try tree(ofFile: path)
        } catch let error as DiskError {
            throw ConfigurationError(origin: path, key: "", problem: "this file cannot be read: \(error.reason)")
        } catch let error as FileTooLong {
            throw ConfigurationError(
                origin: path, key: "", problem: "there are \(error.bytes) bytes here, expected at most \(error.limit)")
        }
    }

    private static func tree(ofFile path: String) throws -> Setting {
        // Somebody who gives a recipe's name as the file means the recipe.
        if !Disk.isThere(path), let recipe = NearestName.of(path, among: Recipes.all.map(\.name)) {
            throw ConfigurationError(origin: path, key: "", problem: "there is no such file", suggestion: "--recipe \(recipe)")
        }
        let bytes = WrittenText.normalised(try Disk.bytes(of: path, limit: Setting.maximumBytes))
        guard !bytes.allSatisfy({ $0 == 0 || $0 == 0x20 || (0x09...0x0D).contains($0) }) else {
            throw ConfigurationError(origin: path, key: "", problem: "this file is empty, and settings are due")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError(origin: path, key: "", problem: "this file is not text in UTF-8")
        }
        return try Setting(yaml: text, file: path)
    }

    private static func name(ofFile path: String) -> String? {
        let stem = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
        return isName(stem) ? stem : nil
    }

    private static func setLayer(_ text: String) throws -> Setting {
        let origin = SettingOrigin.typed("--set \(text)")
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ConfigurationError(origin: origin.text, key: "", problem: "a setting is written KEY=VALUE, as in model.code=8")
        }
        return try Setting(key: String(text[..<equals]), value: String(text[text.index(after: equals)...]), origin: origin)
    }

    /// `LOCKSTEP_` and the key in capitals, with `_` for `.`: `LOCKSTEP_PHASES_RECONSTRUCTION_RATE`. A name that differs from a setting's or a
    /// flag's by one or two letters is an error. Any other unknown name is left alone, since Kubernetes makes such names from those of services.
    private static func environmentLayer(_ environment: [String: String]) throws -> Setting {
        let keyByName = Dictionary(uniqueKeysWithValues: knownKeys.map { (environmentName(of: $0), $0) })
        let names = typedEnvironment + knownKeys.map(environmentName)
        var layer = Setting.mapping([:])
        for (name, value) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix("LOCKSTEP_") && !reservedEnvironment.contains(name) {
            if let key = keyByName[name] {
                layer = layer.overlaid(by: try Setting(key: key, value: value, origin: .typed(name)))
            } else if let near = nearest(to: name, among: names) {
                throw ConfigurationError(origin: name, key: "", problem: "no setting has this name", suggestion: near)
            }
        }
        return layer
    }

    /// The environment variable of a key.
    static func environmentName(of key: String) -> String {
        "LOCKSTEP_" + key.uppercased().replacingOccurrences(of: ".", with: "_")
    }
}
