import Foundation

/// The folder of data files: `--data DIR`, else `LOCKSTEP_DATA`, else the cache folder of the XDG convention,
/// `$XDG_CACHE_HOME/lockstep` or `~/.cache/lockstep`.
public struct DataDirectory: Sendable, Hashable {
    public enum Origin: String, Sendable {
        case option = "--data"
        case environment = "LOCKSTEP_DATA"
        case cache = "cache folder"
    }

    public let path: String
    public let origin: Origin

    /// An empty value counts as none; a relative `XDG_CACHE_HOME` is ignored, as its convention says.
    public init(option: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment) {
        func given(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let option, !option.isEmpty {
            self.init(path: option, origin: .option)
        } else if let folder = given("LOCKSTEP_DATA") {
            self.init(path: folder, origin: .environment)
        } else if let cache = given("XDG_CACHE_HOME"), cache.hasPrefix("/") {
            self.init(path: cache + "/lockstep", origin: .cache)
        } else {
            self.init(path: (given("HOME") ?? NSHomeDirectory()) + "/.cache/lockstep", origin: .cache)
        }
    }

    private init(path: String, origin: Origin) {
        self.path = (path as NSString).expandingTildeInPath
        self.origin = origin
    }

    /// Where the files of a set may lie: DIR/SET and DIR.
    public func folders(of set: String) -> [String] { ["\(path)/\(set)", path] }

    /// The file of that name, or else the same with or without `.gz`, in the first folder that has it.
    public func find(_ name: String, of set: String) -> String? {
        let other = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name + ".gz"
        let candidates = name.hasPrefix("/") ? [""] : folders(of: set).map { $0 + "/" }
        for folder in candidates {
            for spelling in [name, other] where Self.isFile(folder + spelling) { return folder + spelling }
        }
        return nil
    }

    /// The paths of all `names`, or one error that names every one that is missing and the folders looked in.
    public func require(_ names: [String], of set: String) throws -> [String] {
        let found = names.map { find($0, of: set) }
        let missing = zip(names, found).filter { $0.1 == nil }.map(\.0)
        guard missing.isEmpty else {
            let absolute = missing.allSatisfy { $0.hasPrefix("/") }
            throw DataError.missing(set: set, files: missing, folders: absolute ? ["the places named"] : folders(of: set))
        }
        return found.compactMap { $0 }
    }

    private static func isFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }
}
