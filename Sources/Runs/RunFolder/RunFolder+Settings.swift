import Files
import Foundation

extension RunFolder {
    /// What a person types after `lockstep resume`: the name of a run under ./runs, else its path; as a word of the shell.
    public var typedName: String {
        let runs = URL(fileURLWithPath: "runs").standardizedFileURL.resolvingSymlinksInPath().path
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().standardizedFileURL.resolvingSymlinksInPath().path
        return ShellText.word(parent == runs ? name : path)
    }

    /// The command that begins a new run from a run's weights with its settings, as a person types it where the run is called `run`
    /// (a word of the shell).
    public static func beginning(from run: String, step: UInt64? = nil) -> String {
        let folder = run.contains("/") ? run : "runs/\(run)"
        return "lockstep train --config \(folder)/config.yaml --from \(run)" + (step.map { "@\($0)" } ?? "")
    }
}

extension RunFolder {
    /// Writes settings that change no bits (the end of the run, checkpoints, pictures) into config.yaml; its provenance stays.
    public func update(to configuration: Configuration) throws {
        let (existing, provenance) = try self.configuration()
        guard configuration != existing, let provenance else { return }
        try write(configuration, provenance: provenance)
    }
}
