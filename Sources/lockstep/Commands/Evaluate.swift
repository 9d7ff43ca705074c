import ArgumentParser
import Datasets
import Foundation
import Kernels
import Processes
import Runs
import Synchronization
import Waiting
import Wire

/// `lockstep evaluate`: how good a trained run is, by the paper's protocols.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge runs by the paper's protocols: likelihood, classification, clustering, codes, samples.",
        discussion: """
            Prints a table, each figure beside what it is where nothing is learnt, and writes evaluation.json into the run's folder; of a
            checkpoint that is not the newest one evaluation-step-STEP.json, of validation images evaluation-validation.json, of another
            seed evaluation-seed-SEED.json. Figures are those of the test images, as the paper reports them; what is chosen, as the
            width of a Parzen window is, is chosen on validation images. Figures join those that stand in the file of the same weights,
            images and seed; a Parzen figure gives way to one of as many samples or more.
            Control-C ends it within a second; what was found by then is printed and written. Several hosts share a long one with
            --part 1/4, --part 2/4, …, and --merge makes one of the parts in the run's folder, with --split and --seed as they had them.
            Figures: \(EvaluationProtocols.names.joined(separator: ", ")).
            Example:  lockstep evaluate first --samples 100000
            """)

    @Argument(help: RunReference.help, completion: Completions.runs)
    var runs: [String]

    @Option(help: "Images that are judged.")
    var split: JudgedSplit = .test

    @Option(help: "Samples of the Parzen window, 1 to \(EvaluationOptions.mostSamples).")
    var samples = EvaluationOptions.usualSamples

    @Option(help: "Figures to compute, with commas between them (default: all that the run has).")
    var only: String?

    @Option(help: "Seed of all that is drawn (default: the run's own).")
    var seed: UInt64?

    @Option(help: "Threads (default: as many as there are cores). Figures are the same for any number.")
    var threads: Int?

    @Option(help: "Compute one part of N, written to evaluation-I-of-N.json: I/N.")
    var part: String?

    @Flag(help: "Make one evaluation of the parts in the run's folder.")
    var merge = false

    @Option(
        help: "Where the run's data is now (default: where it was; then LOCKSTEP_DATA and the cache folder).",
        completion: .directory)
    var data: String?

    @Flag(help: "As JSON, a line a run.")
    var json = false

    func validate() throws {
        guard (1...EvaluationOptions.mostSamples).contains(samples) else {
            throw ValidationError("--samples is \(samples); it must be 1 to \(EvaluationOptions.mostSamples)")
        }
        try ThreadFlag.check(threads)
        if let part, EvaluationPart(parsing: part) == nil {
            throw ValidationError(
                "--part is \(part.printable(40)); write which part of how many, as in 2/4 (at most \(EvaluationPart.most) parts)")
        }
        let asks = [only != nil, threads != nil, part != nil, data != nil].contains(true)
        if merge, asks {
            throw ValidationError("--merge takes parts as they are; leave --only, --threads, --part and --data out")
        }
    }

    func run() throws {
        try finishing {
            guard !runs.isEmpty else { throw UsageError("name at least one run, for example `lockstep evaluate latest`") }
            let names = only.map { $0.split(separator: ",").map { String($0.filter { !$0.isWhitespace }) } }
            if let names, names.isEmpty { throw UsageError("--only names no figure") }
            let protocols: [any EvaluationProtocol]
            do { protocols = try EvaluationProtocols.named(names) } catch let error as UnknownProtocol {
                throw UsageError("--only: \(error)")
            }
            if merge {
                for name in runs { try mergeParts(of: name) }
                return 0
            }
            // A slip in the last name is reported before the first run is evaluated, which takes minutes.
            if runs.count > 1 { for name in runs { _ = try SavedState(name) } }
            let end = EvaluationEnd()
            var signals: StopSignals?
            for name in runs {
                let run = try TrainedRun(run: name, data: data)
                // By now the program has been executed anew, if that was needed.
                if signals == nil { signals = try StopSignals { end.ask($0) } }
                try evaluate(run, protocols, names, end)
                if end.isAsked { break }
            }
            end.finish()
            return 0
        }
    }

    private func evaluate(
        _ run: TrainedRun, _ protocols: [any EvaluationProtocol], _ names: [String]?, _ end: EvaluationEnd
    ) throws {
        let options = EvaluationOptions(
            split: split.split, samples: samples, seed: seed ?? run.configuration.seed, only: names,
            part: part.flatMap(EvaluationPart.init(parsing:)))
        let count = MemoryRoom.threads(atMost: threads ?? MachineLimits.here.cores)
        let subject = EvaluationSubject(
            run.inference, configuration: run.configuration, data: run.data, options: options, threads: count)
        let line = EvaluationLine()
        let session = EvaluationSession(subject, protocols: protocols) { line.show($0) }
        if names != nil, session.applicable.isEmpty, let (name, lack) = session.lacking.first {
            throw UsageError("--only \(name): \(lack.words)")
        }
        // What the images lack stands in the report anyway.
        for case (let name, .model(let why)) in session.lacking where names != nil {
            Output.note("note: --only \(name): this model \(why)")
        }
        let output = try EvaluationOutput(run: run, session: session, line: line, json: json)
        end.begin(session, output)
        do { try session.run() } catch {
            try? end.conclude()
            throw error
        }
        try end.conclude()
    }

    private func mergeParts(of name: String) throws {
        let saved = try SavedState(name)
        let usual = try saved.folder.configuration().configuration.seed
        let file = try EvaluationFile(saved, split: split.split, seed: seed ?? usual, usualSeed: usual)
        let parts = try file.parts()
        let report = try EvaluationPartFile.merged(parts)
        guard report.head.checkpoint == saved.checkpoint.sha256 else {
            throw LocalError(
                "the parts are of other weights than the checkpoint of step \(saved.checkpoint.info.step) has now; compute them anew with --part"
            )
        }
        try EvaluationOutput.write(report, to: file, json: json)
    }
}

/// Splits that can be judged: figures on a model's own training images would say little.
enum JudgedSplit: String, ExpressibleByArgument, CaseIterable {
    case validation, test

    var split: DataSet.Split {
        switch self {
        case .validation: .validation
        case .test: .test
        }
    }
}

extension EvaluationFile {
    init(_ saved: SavedState, split: DataSet.Split, seed: UInt64, usualSeed: UInt64) throws {
        let newest = try saved.folder.checkpoints().newestWhole().checkpoint
        let step = saved.checkpoint.info.step
        self.init(
            saved.folder, step: step, isNewest: step >= newest?.info.step ?? 0, split: split, seed: seed, usualSeed: usualSeed)
    }
}

/// What becomes of a session's figures.
struct EvaluationOutput: Sendable {
    private let session: EvaluationSession
    private let line: EvaluationLine
    private let head: EvaluationHead
    private let file: EvaluationFile
    private let json: Bool

    init(run: TrainedRun, session: EvaluationSession, line: EvaluationLine, json: Bool) throws {
        self.session = session
        self.line = line
        self.json = json
        let options = session.subject.options
        head = EvaluationHead(
            recipe: run.configuration.name, run: run.saved.folder.name, data: run.configuration.data.set,
            step: run.saved.checkpoint.info.step, checkpoint: run.saved.checkpoint.sha256, split: options.split, seed: options.seed)
        file = try EvaluationFile(run.saved, split: options.split, seed: options.seed, usualSeed: run.configuration.seed)
    }

    /// Prints and writes what there is.
    func conclude() throws {
        line.finish()
        let report = EvaluationReport(session, head: head)
        let options = session.subject.options
        guard let part = options.part else { return try Self.write(report, to: file, json: json) }
        try file.write(
            EvaluationPartFile(report, part: part, samples: options.samples, protocols: session.applicable))
        for warning in report.warnings { Output.note("note: \(warning)") }
        Output.result(file.path(of: part))
    }

    static func write(_ report: EvaluationReport, to file: EvaluationFile, json: Bool) throws {
        // The file comes first: standard output may be closed, or a full disk, and that must not lose an hour's computation.
        let written = report.results.isEmpty ? nil : Result { try file.write(report) }
        Output.result(json ? report.json().text : report.text)
        for warning in report.warnings { Output.note("note: \(warning)") }
        guard let notes = try written?.get() else { return }
        for note in notes { Output.note("note: \(note)") }
        Output.note("written to \(file.path)")
    }
}

/// Ends an evaluation once: when it is done, or within a second of a signal, whatever is being computed.
final class EvaluationEnd: Sendable {
    private struct State {
        var session: EvaluationSession?
        var output: EvaluationOutput?
        var signal: StopSignal?
        var isConcluded = true
    }

    private let state = Mutex(State())

    /// How long the work under way may take to reach its next piece; most take a tenth of that.
    private static let patience = Patience.atMost(.milliseconds(600))

    var isAsked: Bool { state.withLock { $0.signal != nil } }

    func begin(_ session: EvaluationSession, _ output: EvaluationOutput) {
        let isAsked = state.withLock { state in
            (state.session, state.output, state.isConcluded) = (session, output, false)
            return state.signal != nil
        }
        if isAsked { session.stop() }
    }

    /// Prints and writes what there is, once.
    func conclude() throws {
        let output = state.withLock { state -> EvaluationOutput? in
            defer { state.isConcluded = true }
            return state.isConcluded ? nil : state.output
        }
        if let output { return try output.conclude() }
        // The signals' thread does it, and then ends the process.
        Pause.wait(for: .seconds(30))
    }

    /// Says so where a signal ended it.
    func finish() {
        if let signal = state.withLock({ $0.signal }) { Output.note("stopped (\(signal.name))") }
    }

    /// On the thread of signals.
    func ask(_ signal: StopSignal) {
        let session = state.withLock { state in
            state.signal = signal
            return state.session
        }
        session?.stop()
        guard let session, !session.hasEnded(Self.patience) else { return }
        let output = state.withLock { state -> EvaluationOutput? in
            defer { state.isConcluded = true }
            return state.isConcluded ? nil : state.output
        }
        guard let output else { return }
        do {
            try output.conclude()
            finish()
            _exit(0)
        } catch {
            Output.complain("\(error)")
            _exit(1)
        }
    }
}

/// The line that says how far an evaluation is; a short one needs none.
final class EvaluationLine: Sendable {
    private let line = ProgressLine()
    private let begun = MonotonicTime.now
    private static let short = Duration.seconds(1)

    func show(_ progress: EvaluationProgress) {
        guard MonotonicTime.now - begun >= Self.short else { return }
        line.update { progress.render(width: $0) }
    }

    func finish() { line.finish() }
}
