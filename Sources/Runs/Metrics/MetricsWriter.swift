import Foundation
import Synchronization

/// `metrics.jsonl`: one object a line, each handed to the system whole, by any thread.
public final class MetricsWriter: Sendable {
    private let disk: Disk
    private let file: WritableFile
    /// Keeps lines apart: a line is one write.
    private let turn = Mutex(())

    /// Opens the file to go on at its end, or creates it; a torn last line is cut.
    public init(path: String, disk: Disk = Disk()) throws {
        self.disk = disk
        file = try TailRepair.openForAppending(path, disk: disk)
    }

    /// Opens the file of a run that goes on from a checkpoint. Lines of steps and epochs that will be redone go first, all at once (the file is
    /// replaced); events stay, since they did happen.
    ///
    /// - Parameters:
    ///   - step: steps done at the checkpoint.
    ///   - epochsDone: epochs complete at the checkpoint.
    public convenience init(path: String, resumingAt step: UInt64, epochsDone: Int, disk: Disk = Disk()) throws {
        try Self.rewind(path, to: step, epochsDone: epochsDone, disk: disk)
        try self.init(path: path, disk: disk)
    }

    public func write(_ step: StepMetrics) throws { try write(line: step.json) }

    public func write(_ epoch: EpochMetrics) throws { try write(line: epoch.json) }

    /// Writes `{"kind":"event","what":WHAT,…}`.
    public func event(_ what: String, _ fields: [(String, JSON)] = []) throws {
        let members = [JSON.Member("kind", "event"), JSON.Member("what", .string(what))] + fields.map { JSON.Member($0.0, $0.1) }
        try write(line: .object(members))
    }

    /// Puts the file on the device and closes it.
    public func close() throws {
        try turn.withLock { _ in
            try disk.sync(file)
            try disk.close(file)
        }
    }

    private func write(line: JSON) throws {
        let bytes = Array((line.text + "\n").utf8)
        try turn.withLock { _ in try disk.write(bytes, to: file) }
    }

    private static func rewind(_ path: String, to step: UInt64, epochsDone: Int, disk: Disk) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        let temporary = path + ".partial"
        do {
            let output = try disk.create(temporary)
            var reader = LineReader(source: try ByteSource(path: path))
            var kept: [UInt8] = []
            while let line = try reader.next(), line.isComplete {
                guard stays(line.text, step: step, epochsDone: epochsDone) else { continue }
                kept += Array(line.text.utf8) + [UInt8(ascii: "\n")]
                if kept.count >= 1 << 18 {
                    try disk.write(kept, to: output)
                    kept = []
                }
            }
            try disk.write(kept, to: output)
            try disk.sync(output)
            try disk.close(output)
            try disk.rename(temporary, to: path)
            try disk.syncDirectory(of: path)
        } catch {
            disk.discard(temporary)
            throw error
        }
    }

    /// A line that cannot be read stays: `MetricsReader` names it, and nothing is thrown away on a guess.
    private static func stays(_ line: String, step: UInt64, epochsDone: Int) -> Bool {
        guard let object = try? JSON(parsing: line) else { return true }
        switch object["kind"]?.stringValue {
        case "step": return (object["step"]?.unsignedValue ?? 0) <= step
        case "epoch": return (object["epoch"]?.intValue ?? 0) <= epochsDone
        default: return true
        }
    }
}
