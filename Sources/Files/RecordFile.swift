import Synchronization

/// A file that grows record by record while a run goes on: metrics, the log of steps, TensorBoard's events.
///
/// What to do when such a file cannot be written? The run's state is in its checkpoints, so training need not stop for a record. But a lost
/// record leaves a permanent gap: steps before the newest checkpoint are not repeated. So records that the disk refuses wait in memory, in
/// their order. The trouble is reported at once (a full disk is worth knowing early), and each new record tries them all again. A record that
/// was written in part continues where it stopped. Only when more than `maximumWaitingBytes` wait must something be given up: `Patience`
/// says what.
package final class RecordFile: Sendable {
    /// The records of about ten thousand steps.
    static let maximumWaitingBytes = 8 << 20
    /// Longest time a written record stays off the device.
    private static let syncInterval = Duration.seconds(1)

    /// What happens when too much waits.
    package enum Patience: Sendable {
        /// The error is thrown: the run ends, and resuming from its checkpoint records those steps again.
        case ends
        /// New records are dropped and counted: the run does not need the file to go on.
        case drops
    }

    private struct State {
        var file: WritableFile?
        /// Bytes that are not written yet; the first may be the rest of a partly written record.
        var waiting: [UInt8] = []
        var waitingRecords = 0
        var dropped = 0
        /// Whether the last operation failed.
        var trouble: DiskError?
        var isDirty = false
        var lastSync = ContinuousClock.now
    }

    let path: String
    private let patience: Patience
    private let maximumWaitingBytes: Int
    private let disk: Disk
    private let notices: DiskNotices
    private let state: Mutex<State>

    /// - Parameter file: opened to write at its end; `nil` to open `path` with the first record, and again until it can be.
    package init(
        path: String, file: WritableFile?, patience: Patience, disk: Disk, notices: DiskNotices,
        maximumWaitingBytes: Int = RecordFile.maximumWaitingBytes
    ) {
        self.path = path
        self.patience = patience
        self.maximumWaitingBytes = maximumWaitingBytes
        self.disk = disk
        self.notices = notices
        state = Mutex(State(file: file))
    }

    /// Appends a record; any thread may call it. Throws the disk's error where too many wait and `patience` says so.
    package func append(_ record: [UInt8]) throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            if !state.waiting.isEmpty, state.waiting.count + record.count > maximumWaitingBytes {
                settle(&state)
                if let trouble = state.trouble, !state.waiting.isEmpty {
                    guard case .drops = patience else { throw trouble }
                    state.dropped += 1
                    return
                }
            }
            state.waiting += record
            state.waitingRecords += 1
            settle(&state)
        }
    }

    /// Puts what is written so far on the device. Trouble is reported as always, and waiting records go on waiting.
    package func sync() {
        state.withLock { settle(&$0, syncing: true) }
    }

    /// Puts everything on the device and closes the file. Throws the disk's error where records may be lost by that.
    package func close() throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            settle(&state, syncing: true)
            defer { state.file = nil }
            if state.trouble == nil, let file = state.file {
                do throws(DiskError) { try disk.close(file) } catch { state.trouble = error }
            }
            guard let trouble = state.trouble else { return }
            notices.lost(trouble, file: path, records: state.waitingRecords + state.dropped)
            throw trouble
        }
    }

    /// Writes what waits, and syncs when it is time; tells of trouble, and of its end once a sync has gone well.
    private func settle(_ state: inout State, syncing: Bool = false) {
        do throws(DiskError) {
            try write(&state)
            guard let file = state.file, state.isDirty, syncing || .now - state.lastSync >= Self.syncInterval else { return }
            // After a failed sync the kernel has dropped the pages: nothing can be retried, only reported.
            state.isDirty = false
            state.lastSync = .now
            try disk.sync(file)
        } catch {
            state.trouble = error
            notices.failed(error, file: path)
            return
        }
        guard state.trouble != nil else { return }
        state.trouble = nil
        notices.recovered(file: path, dropped: state.dropped)
        state.dropped = 0
    }

    private func write(_ state: inout State) throws(DiskError) {
        guard !state.waiting.isEmpty else { return }
        if state.file == nil { state.file = try disk.append(to: path) }
        guard let file = state.file else { return }
        var written = 0
        defer {
            state.waiting.removeFirst(written)
            if state.waiting.isEmpty { state.waitingRecords = 0 }
            state.isDirty = state.isDirty || written > 0
        }
        try disk.write(state.waiting, to: file, written: &written)
    }
}
