import Files
import Foundation
import Waiting

/// The folder `checkpoints/` of a run: writes checkpoints that are whole or not there, finds the newest whole one, and thins them out.
public struct CheckpointStore: Sendable {
    /// How many attempts a checkpoint has in all before a disk error ends the run.
    public static let maximumAttempts = 3

    public let directory: String
    let disk: Disk
    private let pause: Duration

    /// - Parameters:
    ///   - directory: need not exist yet.
    ///   - pause: wait between attempts.
    public init(directory: String, disk: Disk = Disk(), pause: Duration = .seconds(1)) {
        self.directory = directory
        self.disk = disk
        self.pause = pause
    }

    /// Starts a checkpoint whose bytes will be handed over piece by piece.
    public func begin(_ info: CheckpointInfo) throws -> CheckpointWriter {
        try CheckpointWriter(info, directory: directory, disk: disk)
    }

    /// Writes a checkpoint, from the start again after a `DiskError`, up to `maximumAttempts` times; then the first error is thrown,
    /// since later ones may only follow from it (a file system that makes itself read-only after a failed sync).
    /// A failed sync cannot be repeated in place (the kernel forgets the pages), so `produce` must deliver all bytes each time it is called.
    public func write(_ info: CheckpointInfo, produce: (CheckpointWriter) throws -> Void) throws -> Checkpoint {
        var attempt = 1
        var first: DiskError?
        while true {
            do {
                let writer = try begin(info)
                try produce(writer)
                return try writer.finish()
            } catch let error as DiskError {
                let cause = first ?? error
                guard attempt < Self.maximumAttempts else { throw cause }
                first = cause
                attempt += 1
                Pause.wait(for: pause)
            }
        }
    }

    /// A folder that may be a checkpoint.
    struct Candidate: Sendable, Equatable {
        let step: UInt64
        let path: String
        /// It was making way for another of its step when that was interrupted.
        let isReplaced: Bool
    }

    /// Every folder that may be a checkpoint, by step.
    func candidates() throws -> [Candidate] {
        let found = try disk.names(in: directory).compactMap { name -> Candidate? in
            let isReplaced = name.hasPrefix(CheckpointLayout.replacedPrefix)
            let ownName = isReplaced ? String(name.dropFirst(CheckpointLayout.replacedPrefix.count)) : name
            return CheckpointLayout.step(ofName: ownName).map {
                Candidate(step: $0, path: directory + "/" + name, isReplaced: isReplaced)
            }
        }
        return found.sorted { $0.step < $1.step }
    }

    /// The newest first, and of one step the one in its place before the one that made way for it.
    func newestFirst() throws -> [Candidate] {
        try candidates().sorted { ($1.step, $0.isReplaced ? 1 : 0) < ($0.step, $1.isReplaced ? 1 : 0) }
    }

    /// Steps that have a folder, ascending; none is opened.
    public func steps() throws -> [UInt64] {
        try candidates().map(\.step).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}
