import Collectives
import Files
import Foundation
import Glibc
import Processes
import Runs
import Waiting

/// A `lockstep train` as a child: it dies with this process.
struct TrainProcess {
    private let child: ChildProcess

    var pid: Int32 { child.pid }

    /// Starts it with the run folder `folder`; what it writes goes to `folder`.log.
    ///
    /// - Parameter lastStep: the step that ends it; nil: as its settings say.
    init(options: ChaosOptions, model: ChaosModel, topology: Topology, folder: String, lastStep: UInt64?) throws {
        try FileManager.default.createDirectory(atPath: options.folder, withIntermediateDirectories: true)
        let log = try LogFile(path: folder + ".log")
        defer { log.close() }
        let end = lastStep.map { ["--steps", "\($0)"] } ?? options.end
        child = try ChildProcess(
            executable: Executable.path,
            arguments: ["train"] + options.settings + model.arguments + end
                + (options.threads.map { ["--threads", "\($0)"] } ?? [])
                + [
                    "--workers", "\(options.workers)", "--topology", topology.rawValue, "--run", folder, "--max-restarts",
                    "\(Int32.max)", "--parent-pid", "\(getpid())",
                ],
            environment: ProcessInfo.processInfo.environment, descriptors: [(log.descriptor, 1), (log.descriptor, 2)],
            holdsStopSignals: true)
    }

    /// Its exit status once it has ended, or 128 plus the number of the signal that ended it.
    func ended(within patience: Duration) -> Int32? {
        guard let ended = Children.end(of: pid, .atMost(patience)) else { return nil }
        switch ChildProcess.Ending(waitStatus: ended.status) {
        case .exited(let status): return status
        case .killed(let signal): return 128 + signal
        }
    }

    /// Ends it at once, and with it everything it has started.
    func end() {
        child.send(signal: SIGKILL)
        while ended(within: .seconds(1)) == nil, ProcessTable.lives(pid) {}
    }

    /// Whether a run has done anything yet.
    static func hasSteps(_ folder: String) -> Bool { !SystemText.text(folder + "/steps.log", limit: nil).isEmpty }

    /// The last line it wrote.
    static func lastWords(_ folder: String) -> String {
        SystemText.text(folder + ".log", limit: nil).split(separator: "\n").last.map(String.init) ?? "it said nothing"
    }
}
