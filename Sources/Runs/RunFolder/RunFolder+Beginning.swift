import Files
import Foundation
import Waiting

extension RunFolder {
    /// Creates a new run's folder with its configuration in it. Where that fails, nothing of it is left behind.
    ///
    /// - Parameters:
    ///   - directory: the folder itself, where the user named one; else it is `RUNS/NAME-20260102-030405` (UTC), with a number behind where
    ///     that is taken. A blank folder is taken as it is: a fresh volume, or what a process left that was killed before this was done.
    ///   - runs: folder for runs without a place of their own.
    /// - Throws: `RunFolderError` when `directory` holds a run, naming `resume`, or anything else; `RunLocked`; `DiskError`.
    public static func begin(
        _ configuration: Configuration, provenance: Provenance, at directory: String? = nil, under runs: String = defaultParent,
        now: Date = Date(), disk: Disk = Disk()
    ) throws -> RunFolder {
        let (folder, isNew) = try claim(name: configuration.name, at: directory, under: runs, now: now, disk: disk)
        do {
            // Two processes may have found the same blank folder.
            let lock = try folder.lock(within: .zero)
            defer { lock.release() }
            guard isNew || isBlank(folder.path) else { throw folder.taken() }
            try disk.makeDirectory(folder.checkpointsPath)
            try disk.makeDirectory(folder.figuresPath)
            try folder.writePrior(of: configuration, disk: disk)
            try folder.write(configuration, provenance: provenance, disk: disk)
            try disk.syncDirectory(FilePath.folder(of: folder.path))
        } catch {
            if isNew { disk.discard(folder.path) }
            throw error
        }
        return folder
    }

    /// Whether a folder exists and holds nothing that a run, or anybody else, would miss.
    public static func isBlank(_ directory: String) -> Bool {
        let folder = RunFolder(path: absolute(directory))
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else { return false }
        return names.allSatisfy { name in
            switch name {
            case "lost+found", "lock", "config.yaml" + Disk.temporarySuffix: true
            case "prior.npy", "prior.npy" + Disk.temporarySuffix: true
            case "checkpoints", "figures": (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/" + name)) == []
            default: false
            }
        }
    }

    /// Most runs of one recipe that may start within one second.
    private static let maximumNamesakes = 1_000

    private static func claim(
        name: String, at directory: String?, under runs: String, now: Date, disk: Disk
    ) throws -> (folder: RunFolder, isNew: Bool) {
        if let directory {
            let folder = RunFolder(path: absolute(directory))
            try disk.makeParents(FilePath.folder(of: folder.path))
            if try folder.claim() { return (folder, true) }
            guard isBlank(folder.path) else { throw folder.taken(as: directory) }
            return (folder, false)
        }
        try disk.makeParents(absolute(runs))
        let path = absolute(runs) + "/" + name + "-" + timestamp(now)
        for number in 1...maximumNamesakes {
            let folder = RunFolder(path: number == 1 ? path : "\(path)-\(number)")
            if try folder.claim() { return (folder, true) }
        }
        throw RunFolderError("\(path) and \(maximumNamesakes - 1) names after it are taken; name a folder with --run.")
    }

    /// Makes the folder itself, for its owner alone; false when something of that name exists. Of two processes one wins.
    private func claim() throws -> Bool {
        if mkdir(path, Disk.folderMode) == 0 { return true }
        if errno == EEXIST { return false }
        throw DiskError(operation: DiskError.makingFolder, path: path, code: errno)
    }

    private func taken(as typed: String? = nil) -> RunFolderError {
        let typed = typed ?? path
        guard Disk.isDirectory(path) else {
            return RunFolderError(
                "\(typed) is there and is no folder, or a link that leads to none; name another place with --run.")
        }
        return RunFolderError(
            Self.isRun(path)
                ? "The run folder \(typed) exists already; go on with it by `lockstep resume \(ShellText.word(typed))`, or name another with --run."
                : "\(typed) exists already and is no run: it holds other things and no config.yaml; name another folder with --run."
        )
    }

    private static func timestamp(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        func digits(_ value: Int?, _ width: Int) -> String {
            let text = String(value ?? 0)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return digits(parts.year, 4) + digits(parts.month, 2) + digits(parts.day, 2) + "-" + digits(parts.hour, 2)
            + digits(parts.minute, 2)
            + digits(parts.second, 2)
    }
}
