import Crypto
import Foundation

/// The folder `checkpoints/` of a run: writes checkpoints that are whole or not there, finds the newest whole one, and thins them out.
public struct CheckpointStore: Sendable {
    /// How often a checkpoint is tried in all before a disk error ends the run.
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

    /// Writes a checkpoint, from the start again after a `DiskError`, up to `maximumAttempts` times; then the last error is thrown.
    /// A failed sync cannot be repeated in place (the kernel forgets the pages), so `produce` must deliver all bytes each time it is called.
    public func write(_ info: CheckpointInfo, produce: (CheckpointWriter) throws -> Void) throws -> Checkpoint {
        var attempt = 1
        while true {
            do {
                let writer = try begin(info)
                try produce(writer)
                return try writer.finish()
            } catch let error as DiskError {
                guard attempt < Self.maximumAttempts else { throw error }
                attempt += 1
                Thread.sleep(forTimeInterval: pause / .seconds(1))
            }
        }
    }

    /// Steps that have a folder, ascending; none is opened.
    public func steps() throws -> [UInt64] {
        try disk.names(in: directory).compactMap(CheckpointLayout.step(ofName:)).sorted()
    }

    /// The newest checkpoint whose manifest and digest agree with its state file, and the newer ones that were passed over.
    /// Every byte of the state file is read for its digest.
    public func newestWhole() throws -> (checkpoint: Checkpoint?, leftOut: [LeftOut]) {
        var leftOut: [LeftOut] = []
        for step in try steps().reversed() {
            switch inspect(step: step) {
            case .whole(let checkpoint): return (checkpoint, leftOut)
            case .broken(let reason): leftOut.append(reason)
            }
        }
        return (nil, leftOut)
    }

    /// The checkpoint of one step, verified like `newestWhole`.
    public func at(step: UInt64) throws -> Checkpoint {
        let steps = try steps()
        guard steps.contains(step) else {
            let there =
                steps.isEmpty ? "it holds none" : "it holds those of steps \(steps.map(String.init).joined(separator: ", "))"
            throw CheckpointError(description: "There is no checkpoint of step \(step) in \(directory); \(there).")
        }
        switch inspect(step: step) {
        case .whole(let checkpoint): return checkpoint
        case .broken(let reason):
            throw CheckpointError(
                description: "\(reason.path) cannot be used: \(reason.reason); take another step of the same run.")
        }
    }

    private enum Verdict {
        case whole(Checkpoint)
        case broken(LeftOut)
    }

    private func inspect(step: UInt64) -> Verdict {
        let path = directory + "/" + CheckpointLayout.name(step: step)
        func broken(_ reason: String) -> Verdict { .broken(LeftOut(path: path, reason: reason)) }
        let manifest: Manifest
        do {
            manifest = try self.manifest(in: path)
        } catch {
            return broken(error.reason)
        }
        guard manifest.info.step == step else { return broken("its manifest speaks of step \(manifest.info.step)") }
        let checkpoint = Checkpoint(path: path, info: manifest.info, bytes: manifest.bytes, sha256: manifest.sha256)
        do {
            let source = try ByteSource(path: checkpoint.statePath)
            guard source.count == manifest.bytes else {
                return broken("\(CheckpointLayout.stateName) has \(source.count) bytes and its manifest says \(manifest.bytes)")
            }
            guard try Self.digest(of: source) == manifest.sha256 else {
                return broken("the SHA-256 of \(CheckpointLayout.stateName) is not the one in its manifest")
            }
            _ = try checkpoint.open()
            return .whole(checkpoint)
        } catch {
            return broken("\(error)".trimmingSuffix("."))
        }
    }

    private func manifest(in path: String) throws(Manifest.Malformed) -> Manifest {
        let manifestPath = path + "/" + CheckpointLayout.manifestName
        guard FileManager.default.fileExists(atPath: manifestPath) else {
            throw Manifest.Malformed(reason: "it has no \(CheckpointLayout.manifestName)")
        }
        do {
            let source = try ByteSource(path: manifestPath)
            return try Manifest(parsing: try source.read(0..<min(source.count, Manifest.maximumBytes + 1)))
        } catch let error as Manifest.Malformed {
            throw error
        } catch {
            throw Manifest.Malformed(reason: "\(error)".trimmingSuffix("."))
        }
    }

    private static func digest(of source: ByteSource) throws -> String {
        var hash = SHA256()
        var offset = 0
        while offset < source.count {
            let end = min(source.count, offset + 1 << 20)
            hash.update(data: try source.read(offset..<end))
            offset = end
        }
        return hexDigits(hash.finalize())
    }
}

extension String {
    /// The text without a last sentence mark, to go inside another sentence.
    func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
