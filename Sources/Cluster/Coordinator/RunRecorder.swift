import Autoencoder
import Datasets
import Foundation
import Logging
import Runs
import Wire

/// What a run leaves behind while it goes: metrics, the step log, TensorBoard events and the progress line; written on
/// one thread in the order things happened.
final class RunRecorder: Sendable {
    enum Entry: Sendable {
        case step(DoneStep)
        case epoch(EpochMetrics, step: UInt64)
        case event(String, [(String, JSON)])
        case flush(@Sendable () -> Void)
    }

    /// A step that every member has applied, with what each of them reported.
    struct DoneStep: Sendable {
        var step: UInt64
        var minibatch: Int
        var view: UInt64
        var workers: Int
        var chain: UInt64
        var at: Duration
        var reports: [ControlStepReport]
    }

    private let entries = Mailbox<Entry>()
    private let finished = DispatchSemaphore(value: 0)

    init() {}

    func put(_ entry: Entry) { entries.put(entry) }

    /// Starts writing. `onTrouble` is told the first error (a full disk), after which nothing more is written.
    func start(_ books: RunBooks, onTrouble: @escaping @Sendable (String) -> Void) {
        DetachedThread.start(name: "recorder") { [self] in
            var books = books
            var failed = false
            while let entry = entries.take() {
                if case .flush(let done) = entry {
                    done()
                    continue
                }
                guard !failed else { continue }
                do {
                    try books.write(entry)
                } catch {
                    failed = true
                    onTrouble("\(error)")
                }
            }
            books.close()
            finished.signal()
        }
    }

    /// Writes what is left and closes the files; waits for it.
    func close() {
        entries.close()
        _ = finished.wait(timeout: .now() + 30)
    }
}

/// The open files of a run and the running figures of the progress line. Lives on the recorder's thread.
struct RunBooks: @unchecked Sendable {
    let name: String
    let phases: [String]
    let code: Int
    let shards: Int
    let stepsPerEpoch: UInt64
    let lastStep: UInt64
    let workersWanted: Int
    let metrics: MetricsWriter
    let steps: StepsLog
    let events: EventFileWriter
    let progress: ProgressLine
    var began = MonotonicTime.now
    private var last: Duration?
    private var rate = 0.0
    private var sent: UInt64 = 0
    private var raw: UInt64 = 0

    init(
        name: String, phases: [String], code: Int, shards: Int, stepsPerEpoch: UInt64, lastStep: UInt64,
        workersWanted: Int, metrics: MetricsWriter, steps: StepsLog, events: EventFileWriter, progress: ProgressLine
    ) {
        self.name = name
        self.phases = phases
        self.code = code
        self.shards = shards
        self.stepsPerEpoch = stepsPerEpoch
        self.lastStep = lastStep
        self.workersWanted = workersWanted
        self.metrics = metrics
        self.steps = steps
        self.events = events
        self.progress = progress
    }

    mutating func write(_ entry: RunRecorder.Entry) throws {
        switch entry {
        case .step(let done): try write(done)
        case .epoch(let epoch, let step):
            try metrics.write(epoch)
            try events.write(epoch, step: step, time: Date())
        case .event(let what, let fields): try metrics.event(what, fields)
        case .flush: break
        }
    }

    private mutating func write(_ done: RunRecorder.DoneStep) throws {
        let figures = ledger(done).figures(minibatch: done.minibatch)
        let elapsed = (done.at - (last ?? began)).seconds
        last = done.at
        let speed = elapsed > 0 ? Double(done.minibatch) / elapsed : 0
        rate = rate == 0 ? speed : rate + (speed - rate) * min(1, elapsed / 3)
        let count = Double(max(done.reports.count, 1))
        func mean(_ value: (ControlStepReport) -> Double) -> Double { done.reports.reduce(0) { $0 + value($1) } / count }
        func total(_ value: (ControlStepReport) -> UInt64) -> UInt64 { done.reports.reduce(0) { $0 + value($1) } }
        let step = StepMetrics(
            step: done.step + 1, epoch: Int(done.step / stepsPerEpoch) + 1, seconds: (done.at - began).seconds,
            losses: zip(phases, figures.losses).map { PhaseLoss(phase: $0, value: $1) }, pixelError: figures.pixelError,
            codeMean: figures.codeMean, codeStd: figures.codeStd, samplesPerSecond: speed, wireSent: total(\.sent),
            wireRaw: total(\.raw), wireEarly: total(\.early), compute: mean(\.compute), pack: mean(\.pack),
            wait: mean(\.wait), update: mean(\.update), clamped: done.reports.first?.clamped ?? 0,
            repeats: Int(done.reports.first?.repeats ?? 0), workers: done.workers, view: done.view, chain: done.chain)
        sent += step.wireSent
        raw += step.wireRaw
        try metrics.write(step)
        try steps.append(StepRecord(step: step.step, view: done.view, chain: done.chain))
        try events.write(step, time: Date())
        let left = lastStep > step.step ? lastStep - step.step : 0
        progress.update(
            Progress(
                run: name, epoch: step.epoch, epochs: Int((lastStep + stepsPerEpoch - 1) / stepsPerEpoch), step: step.step,
                steps: lastStep, samplesPerSecond: rate,
                remaining: rate > 0 ? .seconds(Double(left) * Double(done.minibatch) / rate) : nil, losses: step.losses,
                workers: done.workers, workersWanted: workersWanted, wireSent: sent, wireRaw: raw, note: nil))
    }

    /// The shards of all members, totalled in shard order.
    private func ledger(_ done: RunRecorder.DoneStep) -> StepLedger {
        var ledger = StepLedger(phases: phases.count, shards: shards, code: code)
        for shard in done.reports.flatMap(\.shards) {
            for phase in phases.indices where phase < shard.loss.count {
                ledger.add(
                    ShardReport(
                        shard: Int(shard.shard), phase: phase, rows: Int(shard.rows), loss: shard.loss[phase],
                        pixelError: phase == 0 ? shard.pixelError : 0, codeSum: phase == 0 ? shard.codeSum : 0,
                        codeSumOfSquares: phase == 0 ? shard.codeSumOfSquares : 0))
            }
        }
        return ledger
    }

    func close() {
        progress.finish()
        try? metrics.close()
        try? steps.close()
        try? events.close()
    }
}
