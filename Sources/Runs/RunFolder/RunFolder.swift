import Files
import Foundation

/// A run folder that cannot be made, found or used.
public struct RunFolderError: Error, CustomStringConvertible, Sendable, Equatable {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// The folder of one run, `runs/NAME`, and the places in it:
/// ```
/// config.yaml  prior.npy  metrics.jsonl  events.out.tfevents.*  steps.log  generation  lock
/// checkpoints/step-00012345/{state.safetensors,manifest.json}  figures/*.png  coordinator.log  worker-*.log
/// ```
public struct RunFolder: Sendable, Hashable {
    /// Folder for runs that were given no place of their own.
    public static let defaultParent = "runs"
    /// RUN that stands for the newest run.
    public static let latestName = "latest"

    /// Absolute path.
    public let path: String

    init(path: String) {
        self.path = path
    }

    /// The folder's own name.
    public var name: String { (path as NSString).lastPathComponent }

    public var configurationPath: String { path + "/config.yaml" }
    public var metricsPath: String { path + "/metrics.jsonl" }
    public var stepsLogPath: String { path + "/steps.log" }
    public var checkpointsPath: String { path + "/checkpoints" }
    public var figuresPath: String { path + "/figures" }

    /// Whether a picture has been drawn.
    public var hasFigures: Bool {
        ((try? FileManager.default.contentsOfDirectory(atPath: figuresPath)) ?? []).contains { $0.hasSuffix(".png") }
    }
    public var coordinatorLogPath: String { path + "/coordinator.log" }

    public func workerLogPath(_ index: Int) -> String { path + "/worker-\(index).log" }

    /// Of the n-th summation server of a run on one machine.
    public func serverLogPath(_ index: Int) -> String { path + "/server-\(index).log" }

    /// The log of what a worker of another host says of itself.
    public func noticesPath(worker: UInt32, host: String) -> String { path + "/worker-\(worker)-\(host).log" }

    /// The highest number of a worker of another host that has a log here; 0 where there is none.
    public func lastWorker(below limit: UInt32) -> UInt32 {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name in
            let parts = name.split(separator: "-", maxSplits: 2)
            return parts.count == 3 && parts[0] == "worker" ? UInt32(parts[1]) : nil
        }.filter { $0 < limit }.max() ?? 0
    }

    var generationPath: String { path + "/generation" }
    var identityPath: String { path + "/identity" }
    var lockPath: String { path + "/lock" }

    /// The run's checkpoints.
    public func checkpoints(disk: Disk = Disk()) -> CheckpointStore {
        CheckpointStore(directory: checkpointsPath, disk: disk)
    }

    /// Finds the run that RUN stands for: a path, a name under `runs`, or `latest`.
    ///
    /// A folder counts as a run when it holds `config.yaml`. The error of an unknown name tells the nearest one there is.
    public static func open(_ run: String, under runs: String = defaultParent) throws -> RunFolder {
        guard !run.isEmpty else {
            throw RunFolderError("The name of the run is empty; give a run's folder, its name under \(runs), or latest.")
        }
        let underRuns = absolute(runs) + "/" + run
        if run != latestName, isRun(run) { return RunFolder(path: absolute(run)) }
        if !run.contains("/"), isRun(underRuns) { return RunFolder(path: resolved(underRuns)) }
        if run == latestName, isRun(run) { return RunFolder(path: absolute(run)) }
        for place in run.contains("/") ? [absolute(run)] : [absolute(run), underRuns] { try requireFile(place + "/config.yaml") }
        if exists(run) || (!run.contains("/") && exists(underRuns)) {
            let path = exists(run) ? absolute(run) : underRuns
            if let checkpoint = try? RunFolder(path: path).checkpoints().manifests().first {
                throw RunFolderError(
                    "\(run) has checkpoints and no config.yaml: put the file back as it was (the checkpoint has the settings, see `lockstep inspect \(ShellText.word(checkpoint.path))`)."
                )
            }
            throw RunFolderError(
                "\(run) is not a run: it holds no config.yaml; RUN is a run's folder, its name under \(runs), or latest.")
        }
        if run == latestName {
            throw RunFolderError(
                "There is no \(runs)/latest, since no run was started from this folder; give a run's path or name.")
        }
        let nearest = NearestName.ofBeginning(run, among: names(under: runs)).map { "; the nearest name is \($0)" } ?? ""
        throw RunFolderError("There is no run \(run), neither as a path nor under \(runs)\(nearest).")
    }

    /// The names of the runs under `runs`, in their order.
    public static func names(under runs: String = defaultParent) -> [String] {
        ((try? Disk().names(in: absolute(runs))) ?? []).filter { $0 != latestName && isRun(runs + "/" + $0) }.sorted()
    }

    /// Whether anything has this path.
    public static func exists(_ directory: String) -> Bool {
        FileManager.default.fileExists(atPath: absolute(directory))
    }

    static func isRun(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: absolute(path) + "/config.yaml")
    }

    static func absolute(_ path: String) -> String {
        let base = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        return (base as NSString).standardizingPath
    }

    /// The path behind a link, so that `latest` gives the run's own name.
    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
