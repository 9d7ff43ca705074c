import Crypto
import Files
import Foundation
import Kernels
import Waiting

extension CheckpointStore {
    /// How often the folder is looked at anew where checkpoints come and go while they are read.
    private static let maximumLooks = 5

    /// The newest checkpoint whose manifest and digest agree with its state file, and the newer ones that were passed over.
    /// Every byte of the state file is read for its digest.
    ///
    /// A run at work may remove a checkpoint while it is read. One that is gone does not count as passed over, and where none is left the folder
    /// is looked at again.
    ///
    /// - Parameter limit: only checkpoints of earlier steps than this.
    public func newestWhole(before limit: UInt64 = .max) throws -> (checkpoint: Checkpoint?, leftOut: [LeftOut]) {
        var seen: [Candidate] = []
        var leftOut: [LeftOut] = []
        for _ in 0..<Self.maximumLooks {
            let candidates = try newestFirst()
            guard candidates != seen else { break }
            seen = candidates
            leftOut = []
            for candidate in candidates where candidate.step < limit {
                switch inspect(candidate) {
                case .whole(let checkpoint): return (checkpoint, leftOut)
                case .broken(let reason):
                    // A link that leads nowhere counts as there: its target may be a checkpoint.
                    if Disk.isThere(candidate.path) { leftOut.append(reason) }
                }
            }
        }
        return (nil, leftOut)
    }

    /// The checkpoint of one step, verified like `newestWhole`.
    public func at(step: UInt64) throws -> Checkpoint {
        var broken: LeftOut?
        for candidate in try newestFirst() where candidate.step == step {
            switch inspect(candidate) {
            case .whole(let checkpoint): return checkpoint
            case .broken(let reason): broken = broken ?? reason
            }
        }
        if let broken {
            throw CheckpointError(
                description: "\(broken.path) cannot be used: \(broken.reason); take another step of the same run.")
        }
        let steps = try steps()
        let list = steps.map(String.init).joined(separator: ", ")
        let there =
            steps.isEmpty ? "it holds none" : steps.count == 1 ? "it holds that of step \(list)" : "it holds those of steps \(list)"
        throw CheckpointError(description: "There is no checkpoint of step \(step) in \(directory); \(there).")
    }

    /// What the manifests say, the newest first; no state file is read, and what has no manifest that can be read is left out.
    func manifests() throws -> [Checkpoint] {
        try newestFirst().compactMap { candidate in
            guard let manifest = try? manifest(in: candidate.path) else { return nil }
            return Checkpoint(path: candidate.path, info: manifest.info, bytes: manifest.bytes, sha256: manifest.sha256)
        }
    }

    /// What is wrong with a checkpoint's folder that was named by its path; `nil` when it is whole.
    public static func damage(of path: String) -> String? {
        let folder = (path as NSString).standardizingPath
        let store = CheckpointStore(directory: FilePath.folder(of: folder))
        let step = CheckpointLayout.step(ofName: (folder as NSString).lastPathComponent)
        guard case .broken(let found) = store.inspect(path: folder, step: step) else { return nil }
        return found.reason
    }

    private enum Verdict {
        case whole(Checkpoint)
        case broken(LeftOut)
    }

    private func inspect(_ candidate: Candidate) -> Verdict { inspect(path: candidate.path, step: candidate.step) }

    /// - Parameter step: what the folder's name says; `nil` for a copy under a name of its own.
    private func inspect(path: String, step: UInt64?) -> Verdict {
        func broken(_ reason: String) -> Verdict { .broken(LeftOut(path: path, reason: reason)) }
        let manifest: Manifest
        do {
            manifest = try self.manifest(in: path)
        } catch {
            return broken(error.reason)
        }
        if let step, manifest.info.step != step { return broken("its manifest speaks of step \(manifest.info.step)") }
        let checkpoint = Checkpoint(path: path, info: manifest.info, bytes: manifest.bytes, sha256: manifest.sha256)
        let name = CheckpointLayout.stateName
        do {
            let source = try ByteSource(path: checkpoint.statePath)
            guard source.count >= manifest.bytes else {
                return broken("\(name) is cut short: it has \(source.count) of \(manifest.bytes) bytes")
            }
            guard source.count == manifest.bytes else {
                return broken("\(name) has \(source.count) bytes, \(source.count - manifest.bytes) more than were written")
            }
            guard try Self.digest(of: source) == manifest.sha256 else {
                return broken("\(name) is damaged: its SHA-256 is not the one in its manifest")
            }
            _ = try checkpoint.open()
            return .whole(checkpoint)
        } catch {
            return broken(Self.reason(error, of: name))
        }
    }

    private func manifest(in path: String) throws(Manifest.Malformed) -> Manifest {
        let name = CheckpointLayout.manifestName
        if let target = RunFolder.missingTarget(of: path) {
            throw Manifest.Malformed(reason: "it is a symbolic link to \(target), where nothing is")
        }
        guard Disk.isDirectory(path) else { throw Manifest.Malformed(reason: "it is a file, not the folder of a checkpoint") }
        do {
            let source = try ByteSource(path: path + "/" + name)
            return try Manifest(parsing: try source.read(0..<min(source.count, Manifest.maximumBytes + 1)))
        } catch let error as Manifest.Malformed {
            throw error
        } catch {
            if (error as? DiskError)?.code == ENOENT {
                throw Manifest.Malformed(reason: "it has no \(name): it was never finished, or is being removed")
            }
            throw Manifest.Malformed(reason: Self.reason(error, of: name))
        }
    }

    /// An error of a file inside a checkpoint's folder; the folder is named already.
    private static func reason(_ error: any Error, of file: String) -> String {
        switch error {
        case let error as DiskError where error.code == ENOENT: "it has no \(file)"
        case let error as DiskError: "\(file) cannot be read: \(error.reason)"
        default: "\(error)".trimmingSuffix(".")
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
