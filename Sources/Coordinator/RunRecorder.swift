import Autoencoder
import Datasets
import Foundation
import Logging
import Runs
import Waiting
import Wire

/// What a run leaves behind while it goes: metrics, the step log, TensorBoard events and the progress line; written on
/// one thread in the order things happened.
final class RunRecorder: Sendable {
    enum Entry: Sendable {
        /// The run goes on after `step` steps: the records are opened there. Entries that came earlier wait for this one.
        case open(step: UInt64)
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
        var shards: [ShardReport]
    }

    private let entries = Mailbox<Entry>()
    private let finished = Latch()

    init() {}

    func put(_ entry: Entry) { entries.put(entry) }

    /// Returns when the entries so far are on the device, or when they wait for a disk that refuses them; or after 30 s.
    func settle() {
        let settled = Latch()
        put(.flush { settled.countDown() })
        _ = settled.wait(.atMost(.seconds(30)))
    }

    /// Starts to write into the records that `open` opens at a step. Lines that the disk refuses wait in memory, and the user is
    /// told. `onTrouble` is called when too many wait, or when something else is wrong; nothing more is written after that.
    /// Nothing is written either once the folder is lost, which `watch` reports by itself.
    func start(
        watch: FolderWatch, open: @escaping @Sendable (UInt64) throws -> RunRecords, onTrouble: @escaping @Sendable (String) -> Void
    ) {
        OwnedThread.detach(name: "recorder") { [self] in
            var records: RunRecords?
            var early: [Entry] = []
            var failed = false
            while let entry = entries.take(.untilWoken(by: "the event loop, and close() at the end of the run")) {
                if case .flush(let done) = entry {
                    if !watch.isLost { records?.metrics.sync() }
                    done()
                    continue
                }
                guard !failed, !watch.isLost else { continue }
                do {
                    if case .open(let step) = entry {
                        // The metrics file is about to be replaced by its lines up to this step.
                        try watch.require()
                        var opened = try open(step)
                        for entry in early { try opened.write(entry) }
                        (records, early) = (opened, [])
                    } else if records != nil {
                        try records?.write(entry)
                    } else {
                        early.append(entry)
                    }
                } catch is FolderLost {
                    continue
                } catch {
                    failed = true
                    onTrouble("\(error)")
                }
            }
            if watch.isLost { records?.leave() } else { records?.close() }
            finished.countDown()
        }
    }

    /// Writes what is left and closes the files; false where the disk has not accepted everything within 30 s.
    func close() -> Bool {
        entries.close()
        return finished.wait(.atMost(.seconds(30)))
    }
}

/// The open files of a run and the running figures of the progress line. Lives on the recorder's thread.
struct RunRecords: @unchecked Sendable {
    let name: String
    let phases: [String]
    let training: TrainingSettings
    let lastStep: UInt64
    let workersWanted: Int
    let metrics: MetricsWriter
    let steps: StepsLog
    let events: EventFileWriter
    let progress: ProgressLine
    var began = MonotonicTime.now
    /// The totals of the step that is being written.
    private var totals: StepTotals
    private var throughput = Throughput(since: MonotonicTime.now)
    private var pace = Pace(since: MonotonicTime.now)
    private var sent: UInt64 = 0
    private var raw: UInt64 = 0
    /// The variant's own figure of the newest epoch, from this process or an earlier one.
    private var heldOut: String?

    init(
        name: String, phases: [String], training: TrainingSettings, lastStep: UInt64, workersWanted: Int, metrics: MetricsWriter,
        steps: StepsLog, events: EventFileWriter, progress: ProgressLine
    ) {
        self.name = name
        self.phases = phases
        self.training = training
        totals = StepTotals(training, step: 0)
        self.lastStep = lastStep
        self.workersWanted = workersWanted
        self.metrics = metrics
        self.steps = steps
        self.events = events
        self.progress = progress
        heldOut = metrics.lastEpoch?.headline
    }

    mutating func write(_ entry: RunRecorder.Entry) throws {
        switch entry {
        case .step(let done): try write(done)
        case .epoch(let epoch, let step):
            try metrics.write(epoch)
            events.write(epoch, step: step, time: Date())
            heldOut = epoch.headline
        case .event(let what, let fields): try metrics.event(what, fields)
        case .flush, .open: break
        }
    }

    private mutating func write(_ done: RunRecorder.DoneStep) throws {
        // A coordinator that took over is told of the last steps again.
        guard done.step >= metrics.lastStep else { return }
        let figures = total(done)
        throughput.add(done.minibatch, at: done.at)
        pace.add(done.minibatch, at: done.at)
        let count = Double(max(done.reports.count, 1))
        func mean(_ value: (ControlStepReport) -> Double) -> Double { done.reports.reduce(0) { $0 + value($1) } / count }
        func sum(_ value: (ControlStepReport) -> UInt64) -> UInt64 { done.reports.reduce(0) { $0 + value($1) } }
        let step = StepMetrics(
            step: done.step + 1, epoch: training.epoch(ofStep: done.step),
            seconds: metrics.lastSeconds + max(0, (done.at - began).seconds),
            losses: figures.losses,
            rates: phases.map { PhaseRate(phase: $0, value: training.rate(phase: $0, step: done.step)) },
            pixelError: figures.pixelError, code: figures.code, error: figures.error, samplesPerSecond: throughput.perSecond,
            wireSent: sum(\.sent), wireRaw: sum(\.raw), wireEarly: sum(\.early), compute: mean(\.compute), pack: mean(\.pack),
            wait: mean(\.wait), update: mean(\.update), images: mean(\.images), clamped: done.reports.first?.clamped ?? 0,
            repeats: Int(done.reports.first?.repeats ?? 0), workers: done.workers, view: done.view, chain: done.chain)
        sent += step.wireSent
        raw += step.wireRaw
        try metrics.write(step)
        try steps.append(StepRecord(step: step.step, view: done.view, chain: done.chain))
        events.write(step, time: Date())
        let left = lastStep > step.step ? lastStep - step.step : 0
        progress.update(
            Progress(
                run: name, epoch: step.epoch, epochs: training.epoch(ofStep: max(lastStep, 1) - 1), step: step.step,
                steps: lastStep, samplesPerSecond: throughput.perSecond,
                remaining: pace.perSecond > 0 ? .seconds(Double(left) * Double(training.minibatch) / pace.perSecond) : nil,
                losses: shown(step.losses), error: step.error, heldOut: heldOut,
                workers: done.workers, workersWanted: workersWanted, wireSent: sent, wireRaw: raw, note: nil))
    }

    /// The losses, with terms named for the user.
    private func shown(_ losses: [Loss]) -> [Loss] {
        losses.map { loss in
            let terms = loss.terms.map { Loss(name: training.words(ofPart: $0.name), value: $0.value) }
            return Loss(name: loss.name, value: loss.value, terms: terms)
        }
    }

    /// The shards of all members, totalled in shard order.
    private mutating func total(_ done: RunRecorder.DoneStep) -> StepFigures {
        totals.begin(step: done.step)
        for report in done.shards where report.phase < phases.count && report.shard < training.shards { totals.add(report) }
        return totals.figures
    }

    /// Writes nothing more, not even what waits.
    func leave() { progress.finish() }

    func close() {
        progress.finish()
        try? metrics.close()
        try? steps.close()
        events.close()
    }
}
