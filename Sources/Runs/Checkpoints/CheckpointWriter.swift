import Crypto
import Files
import Foundation
import Kernels
import Synchronization

/// Takes the bytes of a state file as they arrive and makes a checkpoint of them.
///
/// Nothing has the checkpoint's name until everything is on the device: state file synced, manifest synced, temporary folder synced,
/// rename, parent folder synced. A writer that is dropped or fails leaves no more than a temporary folder, which it removes if it can.
public final class CheckpointWriter: Sendable {
    private struct Progress {
        var file: WritableFile?
        var hash = SHA256()
        var bytes = 0
    }

    private let info: CheckpointInfo
    private let disk: Disk
    private let directory: String
    private let temporary: String
    private let progress: Mutex<Progress>

    init(_ info: CheckpointInfo, directory: String, disk: Disk) throws {
        self.info = info
        self.disk = disk
        self.directory = directory
        temporary = directory + "/" + CheckpointLayout.temporaryPrefix + CheckpointLayout.name(step: info.step)
        try disk.makeDirectory(directory)
        disk.discard(temporary)
        try disk.makeDirectory(temporary)
        do {
            progress = Mutex(Progress(file: try disk.create(temporary + "/" + CheckpointLayout.stateName)))
        } catch {
            disk.discard(temporary)
            throw error
        }
    }

    deinit { abandon() }

    /// Bytes taken so far.
    public var bytesWritten: Int { progress.withLock { $0.bytes } }

    /// Appends bytes of the state file. After a `DiskError` only `abandon` is of use.
    public func write(_ bytes: [UInt8]) throws {
        try progress.withLock { progress in
            guard let file = progress.file else {
                throw CheckpointError(description: "The checkpoint of step \(info.step) was already finished or abandoned.")
            }
            try disk.write(bytes, to: file)
            progress.hash.update(data: bytes)
            progress.bytes += bytes.count
        }
    }

    /// Makes the checkpoint durable under its name, in place of an earlier one of the same step. Throws `SafetensorsError` when the bytes
    /// are no safetensors file, `DiskError` when the disk refuses; nothing is left behind then.
    public func finish() throws -> Checkpoint {
        do {
            let manifest = try closeState()
            try disk.replace(temporary + "/" + CheckpointLayout.manifestName, with: Array(manifest.text.utf8))
            let checkpoint = Checkpoint(
                path: directory + "/" + CheckpointLayout.name(step: info.step), info: info, bytes: manifest.bytes,
                sha256: manifest.sha256)
            try publish(as: checkpoint.path)
            progress.withLock { $0.file = nil }
            return checkpoint
        } catch {
            abandon()
            throw error
        }
    }

    /// Gives up and removes what was written.
    public func abandon() {
        let wasOpen = progress.withLock { progress in
            defer { progress.file = nil }
            progress.file?.closeQuietly()
            return progress.file != nil
        }
        if wasOpen { disk.discard(temporary) }
    }

    private func closeState() throws -> Manifest {
        try progress.withLock { progress in
            guard let file = progress.file else {
                throw CheckpointError(description: "The checkpoint of step \(info.step) was already finished or abandoned.")
            }
            try disk.sync(file)
            try disk.close(file)
            _ = try SafetensorsReader(path: file.path)
            let digest = hexDigits(progress.hash.finalize())
            return Manifest(info: info, bytes: progress.bytes, sha256: digest)
        }
    }

    /// Gives the finished folder its name. One of the same step (a run redone from an older checkpoint) makes way first; should the process
    /// end in between, readers still find it, and `CheckpointStore.sweep` gives it its name back.
    private func publish(as path: String) throws {
        let aside = directory + "/" + CheckpointLayout.replacedName(step: info.step)
        let isTaken = FileManager.default.fileExists(atPath: path)
        try disk.syncDirectory(temporary)
        if isTaken {
            disk.discard(aside)
            try disk.rename(path, to: aside)
        }
        do {
            try disk.rename(temporary, to: path)
        } catch {
            if isTaken { try? disk.rename(aside, to: path) }
            throw error
        }
        try disk.syncDirectory(directory)
        disk.discard(aside)
    }
}
