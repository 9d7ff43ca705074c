import Datasets
import Files
import Foundation
import Processes
import Runs
import Waiting

/// What `--dry-run` says of one run of a sweep.
struct SweepForecast {
    let point: SweepPoint
    let path: String
    /// "begins", "goes on after step 500", …
    let what: String

    var json: JSON {
        .object(
            (point.settings.isEmpty ? [] : [.init("set", point.json)]) + (point.seed.map { [.init("seed", .unsigned($0))] } ?? [])
                + [.init("run", .string(path)), .init("what", .string(what))])
    }
}

/// `train --seeds` and `--vary`: the same run for each of several seeds or settings, one after the other or several at once. It uses the commands
/// that a user would type, and prints a table of all runs. Given again, it does what is still to be done.
struct Sweep {
    private let train: Train
    private let crew: Crew
    private let runs: [SweepRun]

    /// - Parameters:
    ///   - crew: workers and threads of each of the runs that share the machine.
    ///   - data: the data with which existing runs must have begun.
    ///   - configurations: the command's configuration with each entry's own settings and the sizes of the data.
    /// - Throws: where one of the folders holds something else, before anything is made or changed.
    init(_ train: Train, _ plan: SweepPlan, crew: Crew, configurations: [Configuration], data: DataSet) throws {
        self.train = train
        self.crew = crew
        runs = try zip(plan.entries, configurations).map {
            try SweepRun($0, configuration: $1, trainingImages: data.train.count, at: train.folder)
        }
        for run in runs { try run.look().folder?.requireData(data) }
    }

    /// What would be done about each run.
    func forecast() throws -> [SweepForecast] {
        try runs.map { SweepForecast(point: $0.point, path: $0.path, what: try $0.look().words) }
    }

    func run() throws -> Int32 {
        // Resolved now: `latest` stands for another run once the first has begun.
        let start = try train.from.map { try SavedState($0) }.map { "\($0.folder.path)@\($0.checkpoint.info.step)" }
        let series = try CommandSeries()
        var waiting = runs[...]
        var underWay: Set<Int> = []
        var failure: Int32?
        do {
            while true {
                while underWay.count < train.atOnce, failure == nil, let run = waiting.first {
                    let state = try run.look()
                    if case .finished = state {
                        note(run, state)
                    } else {
                        if series.isStopping { break }
                        note(run, state)
                        try series.start(arguments(run, state, from: start), id: waiting.startIndex, onLine: telling(run))
                        underWay.insert(waiting.startIndex)
                    }
                    waiting = waiting.dropFirst()
                }
                guard !underWay.isEmpty else { break }
                let (id, status) = series.waitForOne()
                underWay.remove(id)
                guard status != 0 else { continue }
                Output.complain(
                    "\(runs[id].point.words) ended with status \(status), and no other was begun after it; once that is mended, \(Self.way)"
                )
                failure = failure ?? status
            }
        } catch {
            series.stop()
            for _ in underWay { _ = series.waitForOne() }
            throw error
        }
        if let failure { return failure }
        for run in runs {
            guard case .finished = try run.look() else { return stopped(before: run) }
        }
        try report()
        return 0
    }

    /// Names the run in each line where several run at once.
    private func telling(_ run: SweepRun) -> (@Sendable (String) -> Void)? {
        guard train.atOnce > 1 else { return nil }
        let words = run.point.words
        return { Output.note("\(words): \($0)") }
    }

    /// The run's own command has said why it stopped. A stop on request is no failure.
    private func stopped(before run: SweepRun) -> Int32 {
        Output.note("stopped before the end of \(run.point.words); \(Self.way)")
        return 0
    }

    /// The line that was typed: given again, it skips finished runs.
    private static var way: String { "`\(ShellText.line(["lockstep"] + CommandLine.arguments.dropFirst()))` goes on" }

    private func note(_ run: SweepRun, _ state: SweepRun.State) { Output.note("\(run.point.words) \(state.words): \(run.path)") }

    /// Workers and threads of each run: the runs under way share those of this machine.
    private var spread: [String] {
        let workers =
            train.atOnce > 1
            ? ["--workers", crew.workers.text, "--threads", "\(crew.threads)"] + train.spread.exchange.arguments
            : train.spread.arguments + (train.spread.threads.map { ["--threads", "\($0)"] } ?? [])
        return workers + ["--max-restarts", "\(train.restarts.maxRestarts)"]
    }

    /// The command for one run alone.
    private func arguments(_ run: SweepRun, _ state: SweepRun.State, from start: String?) throws -> [String] {
        guard let folder = state.folder else {
            return ["train"] + train.settings.argumentsWithoutSteps + train.settings.stepsArguments
                + run.flags.flatMap { ["--set", "\($0.key)=\($0.value)"] } + ["--run", run.path] + spread
                + (start.map { ["--from", $0] } ?? [])
        }
        if case .unfinished(_, step: 0) = state, start != nil {
            throw LocalError(
                "the run \(run.path) has no checkpoint yet, so that it would not begin with the weights that --from names; remove its folder, and the same line begins it again"
            )
        }
        // The data settings that were typed may say where the data is now.
        let places = train.settings.sets.filter { $0.prefix { $0 != "=" && $0 != "." } == "data" }.flatMap { ["--set", $0] }
        return ["resume", folder.path] + (train.settings.data.map { ["--data", $0] } ?? []) + places
            + (try run.changes(of: folder)) + spread
    }

    private func report() throws {
        let rows = try runs.compactMap { run -> SweepTable.Row? in
            guard case .finished(let folder, let checkpoint) = try run.look() else { return nil }
            // Figures of an earlier epoch do not belong to this state.
            let last = LastFigures(metricsPath: folder.metricsPath).flatMap { $0.epoch == checkpoint.info.epoch ? $0 : nil }
            return SweepTable.Row(
                run.point, run: folder.path, step: checkpoint.info.step,
                digest: try SavedState(folder: folder, checkpoint: checkpoint).digest(full: false), last: last)
        }
        let table = SweepTable(rows)
        if let warning = table.warning { Output.note(warning) }
        Output.result(train.json ? table.json.text : table.text)
    }
}
