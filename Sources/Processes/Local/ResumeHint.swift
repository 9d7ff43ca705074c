import Runs
import Waiting

/// What is left of a run whose coordinator ended without saying so: the end of a sentence for the user who wants to go on with it.
public struct ResumeHint: Sendable {
    private let folder: RunFolder
    private let way: String

    /// - Parameter way: the command that goes on with the run; the words "goes on" follow it.
    public init(folder: RunFolder, way: String) {
        self.folder = folder
        self.way = way
    }

    /// How long the disk may take to answer; a large checkpoint is read whole.
    private static let patience: Duration = .seconds(10)

    /// Looks at the checkpoints, on a thread of its own: a disk that does not answer keeps no command from ending.
    public var sentence: String {
        let found = Mailbox<String>()
        OwnedThread.detach(name: "resume-hint") { found.put(look()) }
        return found.take(.atMost(Self.patience))
            ?? "the disk did not tell within \(Self.patience.components.seconds) s whether there is a checkpoint, \(way) goes on from the newest that is whole"
    }

    private func look() -> String {
        do {
            let found = try folder.checkpoints().newestWhole()
            guard let newest = found.checkpoint else {
                // A new run that has not begun may have left nothing to go on with.
                guard folder.hasBegun else { return "the run had not begun" }
                return found.leftOut.isEmpty
                    ? "there is no checkpoint yet, \(way) begins at the start"
                    : "no checkpoint is whole, \(way) says why"
            }
            return found.leftOut.isEmpty
                ? "the newest checkpoint is whole (step \(newest.info.step)), \(way) goes on from it"
                : "the newest checkpoint that is whole is that of step \(newest.info.step), \(way) goes on from it"
        } catch {
            return "whether there is a checkpoint cannot be told (\(error)), \(way) goes on from the newest that is whole"
        }
    }
}
