import Files
import Kernels

/// One applied step as `steps.log` has it.
public struct StepRecord: Sendable, Hashable {
    /// Steps done.
    public var step: UInt64
    /// Membership view under which it was done.
    public var view: UInt64
    /// Chain hash of the sums so far.
    public var chain: UInt64

    public init(step: UInt64, view: UInt64, chain: UInt64) {
        self.step = step
        self.view = view
        self.chain = chain
    }

    /// `12345 3 00ff…`: step, view, chain hash in sixteen hexadecimal digits.
    package var line: String { "\(step) \(view) \(hexDigits(chain))\n" }

    init?(line: Substring) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 3, let step = UInt64(fields[0]), let view = UInt64(fields[1]), fields[2].count == 16,
            step <= Plausible.count, view <= Plausible.count, let chain = UInt64(fields[2], radix: 16)
        else { return nil }
        self.init(step: step, view: view, chain: chain)
    }
}

/// `steps.log`: a record of the steps, not an authority. Written line by line, on the device once a second at most; lines that the disk
/// refuses wait and are tried again (`RecordFile`).
///
/// Steps that are redone after a restart stand there again; the last line of a step counts. A torn last line is cut when the file is opened
/// and passed over when it is read.
public final class StepsLog: Sendable {
    private let file: RecordFile

    /// Opens the log to go on at its end, or creates it.
    ///
    /// - Parameter notices: told when lines cannot be written.
    public init(path: String, disk: Disk = Disk(), notices: DiskNotices = DiskNotices()) throws {
        file = RecordFile(
            path: path, file: try TailRepair.openForAppending(path, disk: disk), patience: .ends, disk: disk, notices: notices)
    }

    /// Adds a step. Throws the disk's error where too many lines wait to be written.
    public func append(_ record: StepRecord) throws { try file.append(Array(record.line.utf8)) }

    /// Puts what is left on the device and closes the file.
    public func close() throws { try file.close() }

    /// All records of a log, in the order they were written; none when there is no file.
    ///
    /// A line that is no record, or one that no run can have written, is passed over: a power cut can leave zeros where lines were, an editor
    /// anything, and as the log is no authority the run must go on without them.
    public static func read(_ path: String) throws -> [StepRecord] { try look(path).records }

    /// The same, with what was passed over.
    public static func look(_ path: String) throws -> (records: [StepRecord], passedOver: PassedOverSteps?) {
        guard RunFolder.exists(path) else { return ([], nil) }
        var records: [StepRecord] = []
        var first: Int?
        var count = 0
        var reader = LineReader(source: try ByteSource(path: path))
        while let line = try reader.next(), line.isComplete {
            if let record = StepRecord(line: Substring(line.text)) {
                records.append(record)
            } else {
                first = first ?? line.number
                count += 1
            }
        }
        return (records, first.map { PassedOverSteps(path: path, firstLine: $0, count: count) })
    }
}

/// Lines of `steps.log` that no run has written.
public struct PassedOverSteps: Sendable, Equatable, CustomStringConvertible {
    public let path: String
    /// From 1.
    public let firstLine: Int
    public let count: Int

    public var description: String {
        let lines = count == 1 ? "it is" : "\(count) such lines are"
        return
            "\(path), line \(firstLine): no run writes such a record of a step; \(lines) passed over, since the checkpoints and the workers say where the run is"
    }
}
