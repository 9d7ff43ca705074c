import Synchronization

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
    var line: String { "\(step) \(view) \(hexDigits(chain))\n" }

    init?(line: Substring) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 3, let step = UInt64(fields[0]), let view = UInt64(fields[1]), fields[2].count == 16,
            let chain = UInt64(fields[2], radix: 16)
        else { return nil }
        self.init(step: step, view: view, chain: chain)
    }
}

/// `steps.log`: a record of the steps, not an authority. Written line by line, on the device once a second at most.
///
/// Steps that are redone after a restart stand there again; the last line of a step counts. A torn last line is cut when the file is opened
/// and passed over when it is read.
public final class StepsLog: Sendable {
    private static let syncInterval = Duration.seconds(1)

    private struct State {
        var lastSync: ContinuousClock.Instant
        var isDirty = false
    }

    private let disk: Disk
    private let file: WritableFile
    private let state: Mutex<State>

    /// Opens the log to go on at its end, or creates it.
    public init(path: String, disk: Disk = Disk()) throws {
        self.disk = disk
        file = try TailRepair.openForAppending(path, disk: disk)
        state = Mutex(State(lastSync: .now))
    }

    /// Adds a step.
    public func append(_ record: StepRecord) throws {
        try state.withLock { state in
            try disk.write(Array(record.line.utf8), to: file)
            state.isDirty = true
            let now = ContinuousClock.now
            guard now - state.lastSync >= Self.syncInterval else { return }
            try disk.sync(file)
            state.lastSync = now
            state.isDirty = false
        }
    }

    /// Puts what is left on the device and closes the file.
    public func close() throws {
        try state.withLock { state in
            if state.isDirty { try disk.sync(file) }
            state.isDirty = false
            try disk.close(file)
        }
    }

    /// All records of a log, in the order they were written; none when there is no file. A line that is no record is an error, except the last
    /// one when it has no end.
    public static func read(_ path: String) throws -> [StepRecord] {
        guard RunFolder.exists(path) else { return [] }
        var records: [StepRecord] = []
        var reader = LineReader(source: try ByteSource(path: path))
        while let line = try reader.next() {
            guard line.isComplete else { break }
            guard let record = StepRecord(line: Substring(line.text)) else {
                throw RunFolderError(
                    "\(path), line \(line.number): \"\(line.text.prefix(40))\" is not a step, a view and a chain hash.")
            }
            records.append(record)
        }
        return records
    }
}
