import Files
import Logging
import Runs
import Synchronization
import Waiting

/// The run folder now belongs to another coordinator, or is gone: nothing more is written there.
struct FolderLost: Error, CustomStringConvertible, Sendable {
    let description: String
}

/// Makes sure that a coordinator writes into its run folder only as long as the folder is its own.
///
/// The lock keeps a second coordinator out, but a lock file can be removed, a file system mounted twice, a folder deleted or moved under a run.
/// What decides is the file `generation`: each coordinator that opens the run gives it a new value. It is read once a second, before each
/// checkpoint, and before each action that replaces or removes files. Once the folder is lost it stays lost, and everybody who asks is told so.
final class FolderWatch: Sendable {
    /// How often the file is read while nobody asks: as often as records are put on the device.
    static let interval = Duration.seconds(1)

    private struct State {
        var lost: FolderLost?
        var isUnreadable = false
        var isClosed = false
    }

    private let folder: RunFolder
    /// Rises where workers have obeyed a coordinator of a higher generation (`outrank`); the disk is read under the same lock.
    private let generation: Mutex<Generation>
    private let wayBack: String
    private let log: Logger
    private let state = Monitor(State())
    private let onLost: @Sendable (String) -> Void

    /// - Parameters:
    ///   - generation: this coordinator's.
    ///   - wayBack: what to do once a folder that is gone is there again, to follow "put it back and ".
    ///   - onLost: called once, with the sentence that the run ends with. The workers are to keep their state.
    init(
        folder: RunFolder, generation: Generation, wayBack: String, log: Logger, onLost: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.generation = Mutex(generation)
        self.wayBack = wayBack
        self.log = log
        self.onLost = onLost
    }

    /// Begins to look by itself, until `close` or until the folder is lost.
    func start() {
        OwnedThread.detach(name: "folder") { [self] in
            while state.wait(.atMost(Self.interval), { $0.isClosed || $0.lost != nil ? () : nil }) == nil { try? require() }
        }
    }

    func close() { state.update { $0.isClosed = true } }

    /// Whether the folder is lost, as far as is known; looks at nothing.
    var isLost: Bool { state.withLock { $0.lost != nil } }

    /// Looks at the disk, and throws `FolderLost` where the folder is no longer this coordinator's. Where the disk gives no answer, it does not
    /// throw: the caller's own attempt to write will show it.
    func require() throws {
        if let lost = state.withLock({ $0.lost }) { throw lost }
        switch generation.withLock({ folder.ownership(of: $0) }) {
        case .ours:
            let wasUnreadable = state.withLock { state in
                defer { state.isUnreadable = false }
                return state.isUnreadable
            }
            if wasUnreadable {
                log.info("\(folder.path)/generation can be read again, and the run folder is still this coordinator's")
            }
        case .unreadable(let error):
            let isFirst = state.withLock { state in
                defer { state.isUnreadable = true }
                return !state.isUnreadable
            }
            guard isFirst else { return }
            log.warning(
                "whether the run folder is still this coordinator's cannot be told: \(error.problem); the run goes on, and it is looked at every second"
            )
        case .taken(let other): try lose(taken(by: other))
        case .gone: try lose(gone)
        }
    }

    /// Raises this coordinator's generation above that of another which workers have obeyed, where the folder is still its own: this folder
    /// is then a copy, or was restored from one.
    ///
    /// - Throws: `FolderLost` where it is another's, `RunFolderError`, `DiskError`.
    func outrank(_ other: UInt64) throws -> Generation {
        try require()
        return try generation.withLock { mine in
            mine = try folder.raiseGeneration(above: other)
            return mine
        }
    }

    private func lose(_ sentence: String) throws {
        let lost = FolderLost(description: sentence)
        let isFirst = state.update { state in
            defer { state.lost = state.lost ?? lost }
            return state.lost == nil
        }
        if isFirst { onLost(sentence) }
        throw lost
    }

    private func taken(by other: Generation) -> String {
        let who = folder.holder.map { ": \($0)" } ?? ""
        return
            "another coordinator has taken the run folder \(folder.path) (generation \(other), this one is \(generation.withLock { $0 }))\(who); "
            + "this process is an old one and ends, the workers keep their state for the newer one; "
            + "one run has one coordinator, which the file lock in the folder stands for: do not remove it"
    }

    private var gone: String {
        "the run folder \(folder.path) is gone, or its file generation is: it was deleted, moved or unmounted under the run; "
            + "nothing is made anew in its place: put it back and \(wayBack)"
    }
}
