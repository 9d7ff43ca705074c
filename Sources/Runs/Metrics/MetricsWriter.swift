import Files
import Foundation

/// `metrics.jsonl`: one object a line, by any thread. Lines that the disk refuses wait and are tried again (`RecordFile`), so that the file has
/// no hole. A write throws where too many lines wait, and then the run should end.
public final class MetricsWriter: Sendable {
    private let file: RecordFile
    /// Steps done, by the last step's line in the file when it was opened to go on; 0 where there was none.
    public let lastStep: UInt64
    /// Seconds of training that the same line tells: those of the run go on from there.
    public let lastSeconds: Double
    /// The newest epoch that was there then.
    public let lastEpoch: EpochMetrics?

    /// Opens the file to go on at its end, or creates it; a torn last line is cut.
    ///
    /// - Parameter notices: told when lines cannot be written.
    public convenience init(path: String, disk: Disk = Disk(), notices: DiskNotices = DiskNotices()) throws {
        try self.init(path: path, last: Last(), disk: disk, notices: notices)
    }

    /// What stays in a file that is opened to go on.
    private struct Last {
        var step: UInt64 = 0
        var seconds: Double = 0
        var epoch: EpochMetrics?
    }

    private init(path: String, last: Last, disk: Disk, notices: DiskNotices) throws {
        (lastStep, lastSeconds, lastEpoch) = (last.step, last.seconds, last.epoch)
        file = RecordFile(
            path: path, file: try TailRepair.openForAppending(path, disk: disk), patience: .ends, disk: disk, notices: notices)
    }

    /// Opens the file of a run that goes on from a checkpoint. Lines of steps and epochs that will be redone go first, all at once (the file is
    /// replaced); events stay, since they did happen.
    ///
    /// - Parameters:
    ///   - step: steps done at the checkpoint.
    ///   - epochsDone: epochs complete at the checkpoint.
    public convenience init(
        path: String, resumingAt step: UInt64, epochsDone: Int, disk: Disk = Disk(), notices: DiskNotices = DiskNotices()
    ) throws {
        let last = try Self.rewind(path, to: step, epochsDone: epochsDone, disk: disk)
        try self.init(path: path, last: last, disk: disk, notices: notices)
    }

    public func write(_ step: StepMetrics) throws { try write(line: step.json) }

    public func write(_ epoch: EpochMetrics) throws { try write(line: epoch.json) }

    /// Writes `{"kind":"event","what":WHAT,…}`.
    public func event(_ what: String, _ fields: [(String, JSON)] = []) throws {
        let members = [JSON.Member("kind", "event"), JSON.Member("what", .string(what))] + fields.map { JSON.Member($0.0, $0.1) }
        try write(line: .object(members))
    }

    /// Puts the lines so far on the device: before a checkpoint gets its name, since the steps before it are not done again.
    public func sync() { file.sync() }

    /// Puts the file on the device and closes it.
    public func close() throws { try file.close() }

    private func write(line: JSON) throws { try file.append(Array((line.text + "\n").utf8)) }

    private static func rewind(_ path: String, to step: UInt64, epochsDone: Int, disk: Disk) throws -> Last {
        guard FileManager.default.fileExists(atPath: path) else { return Last() }
        var last = Last()
        try disk.writeWhole(path) { output in
            var reader = LineReader(source: try ByteSource(path: path))
            var kept: [UInt8] = []
            while let line = try reader.next(), line.isComplete {
                let object = try? JSON(parsing: line.text)
                guard stays(object, step: step, epochsDone: epochsDone) else { continue }
                if object?["kind"]?.stringValue == "step", let done = object?["step"]?.unsignedValue, done > last.step {
                    let seconds = object?["seconds"]?.realOrNaN ?? 0
                    (last.step, last.seconds) = (done, seconds.isFinite ? max(0, seconds) : 0)
                }
                if object?["kind"]?.stringValue == "epoch", let epoch = object.flatMap({ EpochMetrics($0) }) { last.epoch = epoch }
                kept += Array(line.text.utf8) + [UInt8(ascii: "\n")]
                if kept.count >= 1 << 18 {
                    try output.write(kept)
                    kept = []
                }
            }
            try output.write(kept)
        }
        return last
    }

    /// A line that cannot be read stays: `MetricsReader` names it, and nothing is thrown away on a guess.
    private static func stays(_ object: JSON?, step: UInt64, epochsDone: Int) -> Bool {
        guard let object else { return true }
        switch object["kind"]?.stringValue {
        case "step": return (object["step"]?.unsignedValue ?? 0) <= step
        case "epoch": return (object["epoch"]?.intValue ?? 0) <= epochsDone
        default: return true
        }
    }
}
