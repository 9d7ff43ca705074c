import Files
import Foundation

/// The folders in which data files are looked for: `--data DIR` alone where it is given; otherwise the folder that the settings name,
/// `LOCKSTEP_DATA`, and the cache folder of the XDG convention, `$XDG_CACHE_HOME/lockstep` or `~/.cache/lockstep`, in this order.
public struct DataDirectory: Sendable, Hashable {
    public enum Origin: String, Sendable {
        case option = "--data"
        case settings = "data.folder"
        case environment = "LOCKSTEP_DATA"
        case cache = "cache folder"
    }

    /// One of the folders, as an absolute path.
    struct Place: Sendable, Hashable {
        var path: String
        var origin: Origin
    }

    let places: [Place]
    /// The cache folder, whichever folders are searched.
    let cache: String
    /// Whether these are the folders of an existing run: `--data` then takes precedence over the paths that the run remembers.
    private let isOfRun: Bool

    /// The folder that is looked in first, and that a set is fetched to.
    public var path: String { places[0].path }
    public var origin: Origin { places[0].origin }

    /// An empty value counts as none; a relative `XDG_CACHE_HOME` is ignored, as its convention says.
    ///
    /// - Parameters:
    ///   - option: what `--data` says.
    ///   - folder: what `data.folder` says: where a run has found its files.
    public init(
        option: String? = nil, folder: String? = nil, isOfRun: Bool = false,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        func given(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        self.isOfRun = isOfRun
        let usual =
            given("XDG_CACHE_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? (given("HOME") ?? NSHomeDirectory()) + "/.cache"
        cache = usual + "/lockstep"
        if let option, !option.isEmpty {
            places = [Place(path: Self.folder(option), origin: .option)]
            return
        }
        let all: [(String?, Origin)] = [
            (folder, .settings), (given("LOCKSTEP_DATA"), .environment), (cache, .cache),
        ]
        places = all.compactMap { path, origin in path.map { Place(path: Self.folder($0), origin: origin) } }
    }

    /// The absolute path that a shell would mean, relative to `folder` or, where that is nil, to the current folder.
    public static func absolute(_ path: String, from folder: String? = nil) -> String {
        let path = path.hasPrefix("~") ? (path as NSString).expandingTildeInPath : path
        guard !path.hasPrefix("/"), !path.isEmpty else { return path }
        let current = FileManager.default.currentDirectoryPath
        let base = folder.flatMap { $0.isEmpty ? nil : absolute($0) } ?? current
        var rest = path[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2).drop { $0 == "/" } }
        if rest.isEmpty || rest == "." { return base }
        return base.hasSuffix("/") ? base + rest : "\(base)/\(rest)"
    }

    /// An absolute path without the slash that a shell's completion puts behind a folder's name.
    private static func folder(_ path: String) -> String {
        let path = absolute(path)
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// Where the files of a set may lie: DIR/SET and DIR.
    public func folders(of set: String) -> [String] { folders(of: set, in: places) }

    private func folders(of set: String, in places: [Place]) -> [String] { places.flatMap { ["\($0.path)/\(set)", $0.path] } }

    /// The folders in which a file is looked for: its path's own folder, and the set's folders, there by the file's name alone.
    private func folders(for name: String, of set: String) -> [String] {
        guard name.hasPrefix("/") else { return folders(of: set) }
        let own = [(name as NSString).deletingLastPathComponent]
        if isOfRun { return origin == .option ? folders(of: set) + own : own + folders(of: set) }
        // A mistyped path must not find another file of that name in a folder that the user has not named.
        return own + folders(of: set, in: places.filter { $0.origin == .option || $0.origin == .settings })
    }

    /// The file of that name, or else the same with or without `.gz`, in the first folder that has it. A path is tried first, unless
    /// `--data` says that a run's files are elsewhere now.
    public func find(_ name: String, of set: String) -> String? {
        let own = name.hasPrefix("/") ? (name as NSString).lastPathComponent : name
        let other = own.hasSuffix(".gz") ? String(own.dropLast(3)) : own + ".gz"
        for folder in folders(for: name, of: set) {
            for spelling in [own, other] {
                let path = folder.hasSuffix("/") ? folder + spelling : "\(folder)/\(spelling)"
                if Self.isFile(path) { return path }
            }
        }
        return nil
    }

    /// The place whose folder, or the set's folder in it, holds a file that was found.
    func place(of file: String, set: String) -> String? {
        guard let slash = file.lastIndex(of: "/") else { return nil }
        let folder = String(file[..<slash])
        return places.first { [$0.path, "\($0.path)/\(set)"].contains(folder) }?.path
    }

    /// The paths of the files that settings name, or one error that names every missing file and the folders searched.
    ///
    /// - Parameter files: keys of the `data` section, and the names they have there or by default.
    func require(_ files: [(key: String, name: String)], of set: String) throws -> [String] {
        let found = files.map { find($0.name, of: set) }
        let missing = zip(files, found).filter { $0.1 == nil }.map(\.0)
        guard missing.isEmpty else {
            var looked: [String] = []
            for folder in missing.flatMap({ folders(for: $0.name, of: set) }) where !looked.contains(folder) {
                looked.append(folder)
            }
            throw DataError.missing(
                set: set, files: missing.map { ($0.name as NSString).lastPathComponent }, folders: looked,
                wayOn: folderInTheWay(missing) ?? wayOn(set, missing))
        }
        return found.compactMap { $0 }
    }

    /// - Throws: `DataError` for a set that is a folder, where the first place to look is no folder.
    func requireFolder(of set: String) throws {
        guard !Self.isFolder(path) else { return }
        let wayOn =
            switch origin {
            case .option: "check what you gave for --data"
            case _ where isOfRun: "name its new place with --data DIR, or give it to `lockstep resume` by --set data.folder=DIR"
            default: "check what you gave for data.folder, or name the folder with --data DIR"
            }
        throw DataError.missingFolder(set: set, folder: path, isFile: Self.isFile(path), wayOn: wayOn)
    }

    /// The message for a given path that is a folder.
    private func folderInTheWay(_ files: [(key: String, name: String)]) -> String? {
        files.first { $0.name.hasPrefix("/") && Self.isFolder($0.name) }.map {
            "data.\($0.key) names a folder, where a file is due: give the file's own path"
        }
    }

    private func wayOn(_ set: String, _ files: [(key: String, name: String)]) -> String {
        let known = KnownSet.all.first { $0.name == set }
        let more = files.contains { $0.name == DataSettings.svhnNames.extra } ? " --extra" : ""
        let fetch = "`lockstep data fetch \(set)\(more)\(origin == .option ? " --data \(ShellText.word(path))" : "")`"
        let isFetched = known.map { !$0.files.isEmpty } ?? false
        if isFetched, isOfRun { return "run \(fetch), or name a folder that has them with --data DIR" }
        if set == "tfd" {
            return "its owners give it on request: put it into \(path)/\(set), or name its folder with --data DIR or LOCKSTEP_DATA"
        }
        if isFetched {
            return "run \(fetch), name their folder with --data DIR or LOCKSTEP_DATA, "
                + "or start with --recipe quickstart, which needs no files"
        }
        let settings = files.map { "--set data.\($0.key)=PATH" }.joined(separator: " ")
        if isOfRun {
            return "name a folder that has them with --data DIR, or give `lockstep resume` their new place by \(settings)"
        }
        // A configuration is read with absolute paths; a bare name is the default that is looked for when nothing is given.
        let keys = files.map { "data.\($0.key)" }.joined(separator: " and ")
        return files.allSatisfy { $0.name.hasPrefix("/") }
            ? "check what you gave for \(keys), or give a folder that has it by --data DIR"
            : "give the path by \(settings), or a folder that has them by --data DIR"
    }

    private static func isFile(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) && !isFolder(path) }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
