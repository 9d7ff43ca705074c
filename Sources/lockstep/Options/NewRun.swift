import Datasets
import Foundation
import Runs

/// What `train` and `coordinator` begin a run with.
enum NewRun {
    /// The folder with the configuration in it, marked as the latest run where it is one that stays.
    static func begin(
        _ configuration: Configuration, data: DataSet, at path: String?, isLatest: Bool = true
    ) throws -> RunFolder {
        let folder = try RunFolder.begin(
            configuration,
            provenance: Provenance(
                commit: Build.commit, dataIdentity: data.identity, kernel: configuration.kernel,
                commandLine: CommandLine.arguments),
            at: path)
        guard isLatest else { return folder }
        do {
            try folder.markLatest()
        } catch {
            // The mark saves typing, and a run elsewhere may be started from a folder that cannot be written.
            Output.note("`latest` does not stand for this run: \(error)")
        }
        return folder
    }
}
