import Datasets
import Foundation
import Runs

/// The start of a run by `train` and `coordinator`: a folder with the configuration in it.
struct NewRun {
    let folder: RunFolder
    /// Whether a blank folder existed.
    private let wasThere: Bool
    /// What `latest` stood for before; nil where this run did not take that name.
    private let before: Latest?

    private struct Latest {
        let target: String?
    }

    /// Makes the folder, marked as the latest run where it is one that stays.
    init(_ configuration: Configuration, data: DataSet, at path: String?, isLatest: Bool = true) throws {
        let target = RunFolder.latestTarget()
        wasThere = path.map(RunFolder.exists) ?? false
        folder = try RunFolder.begin(
            configuration,
            provenance: Provenance(
                commit: Build.commit, dataIdentity: data.identity, kernel: configuration.kernelInUse,
                commandLine: CommandLine.arguments),
            at: path)
        var marked = false
        if isLatest {
            do {
                try folder.markLatest()
                marked = true
            } catch {
                // Not an error: the mark only saves typing, and a run elsewhere may be started from a read-only folder.
                Output.note("`latest` does not stand for this run: \(error)")
            }
        }
        before = marked ? Latest(target: target) : nil
    }

    /// Runs `body`, for which the folder was made. Where the run could not begin, nothing of it is left behind.
    func keeping(_ body: () throws -> Int32) throws -> Int32 {
        do {
            let status = try body()
            if status != 0 { withdraw() }
            return status
        } catch {
            withdraw()
            throw error
        }
    }

    private func withdraw() {
        guard !folder.hasBegun else { return }
        folder.withdraw(keepingFolder: wasThere)
        if let before { folder.giveLatestBack(to: before.target) }
        Output.note("the run has not begun: what was made for it in \(folder.path) is removed")
    }
}
