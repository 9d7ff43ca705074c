import Files
import Foundation

/// The runs below a folder.
public enum RunList {
    /// Folders within folders that are looked into: `runs/sweep/night/NAME`.
    private static let depth = 3

    /// Every run in `folder` and below, or the run that it is itself, the newest first. Links are not followed: what `latest` stands for is
    /// listed by its own name.
    ///
    /// - Parameter folder: as it was typed; runs below it are named with it, except those directly under `runs`, which have their own name alone.
    /// - Throws: `DiskError` where the folder itself cannot be listed.
    public static func summaries(below folder: String) throws -> [RunSummary] {
        let typed = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let path = RunFolder.absolute(typed)
        guard Disk.isThere(path) else { throw DiskError(operation: "list", path: typed, code: ENOENT) }
        if isRun(path) { return [RunSummary(RunFolder(path: path), name: typed)] }
        let isUsual = path == RunFolder.absolute(RunFolder.defaultParent)
        let names = try names(in: path, depth: depth) { try Disk().names(in: $0) }
        return newestFirst(
            names.map { name in
                let isPlain = isUsual && !name.contains("/")
                return RunSummary(RunFolder(path: "\(path)/\(name)"), name: isPlain ? name : "\(typed)/\(name)")
            })
    }

    /// By when they began, and by their names where that is the same.
    public static func newestFirst(_ runs: [RunSummary]) -> [RunSummary] {
        runs.sorted { ($1.begun, $0.name) < ($0.begun, $1.name) }
    }

    /// Names of runs, relative to `path`.
    private static func names(in path: String, depth: Int, list: (String) throws -> [String]) rethrows -> [String] {
        try list(path).sorted().flatMap { name -> [String] in
            let inner = "\(path)/\(name)"
            guard !name.hasPrefix("."), isFolder(inner) else { return [] }
            if isRun(inner) { return [name] }
            guard depth > 1 else { return [] }
            // A folder that cannot be read holds no run that could go on.
            return names(in: inner, depth: depth - 1) { (try? Disk().names(in: $0)) ?? [] }.map { "\(name)/\($0)" }
        }
    }

    /// A folder itself, no link to one.
    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether a folder is a run's, or what is left of one.
    private static func isRun(_ path: String) -> Bool {
        ["config.yaml", "metrics.jsonl", "steps.log", "checkpoints"].contains { Disk.isThere("\(path)/\($0)") }
    }
}
