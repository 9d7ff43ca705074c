import Cluster
import Datasets
import Foundation
import Runs

/// What `--dry-run` says of one seed.
struct SeedPlan {
    let seed: UInt64
    let path: String
    /// "begins", "goes on after step 500", …
    let what: String
}

/// `train --seeds`: the same run for each of several seeds, one after the other, by the commands that a person would type, and a table of them
/// all. Given again, it does what is still to be done.
struct SeedSweep {
    private let train: Train
    let runs: [SeedRun]

    /// - Parameters:
    ///   - configuration: the command's, with the sizes of the data.
    ///   - data: what the runs that are there must have begun with.
    /// - Throws: where one of the folders holds something else; before anything is made or changed.
    init(_ train: Train, seeds: SeedList, configuration: Configuration, data: DataSet) throws {
        self.train = train
        runs = try seeds.values.map {
            try SeedRun($0, of: configuration, trainingImages: data.train.count, at: train.folder)
        }
        for run in runs { try run.look().folder?.requireData(data) }
    }

    /// What would be done about each seed.
    func plan() throws -> [SeedPlan] {
        try runs.map { SeedPlan(seed: $0.seed, path: $0.path, what: try $0.look().words) }
    }

    func run() throws -> Int32 {
        // `latest` stands for another run once the first has begun.
        let start = try train.from.map { try SavedState($0) }.map { "\($0.folder.path)@\($0.checkpoint.info.step)" }
        let series = try CommandSeries()
        for run in runs {
            let state = try run.look()
            if case .finished = state {
                note(run, state)
                continue
            }
            guard !series.isStopping else { return stopped(before: run) }
            note(run, state)
            let status = try series.run(arguments(run, state, from: start))
            guard status == 0 else {
                Output.complain(
                    "seed \(run.seed) ended with status \(status), and no other was begun after it; once that is mended, \(Self.way)"
                )
                return status
            }
            guard case .finished = try run.look() else { return stopped(before: run) }
        }
        try report()
        return 0
    }

    /// The run's own command has said why it stopped; a stop that was asked for is no failure.
    private func stopped(before run: SeedRun) -> Int32 {
        Output.note("stopped before the end of seed \(run.seed); \(Self.way)")
        return 0
    }

    /// The line that was typed, which passes over what is done.
    private static var way: String { "`\(Provenance.shellLine(["lockstep"] + CommandLine.arguments.dropFirst()))` goes on" }

    private func note(_ run: SeedRun, _ state: SeedRun.State) { Output.note("seed \(run.seed) \(state.words): \(run.path)") }

    /// The command for one seed alone.
    private func arguments(_ run: SeedRun, _ state: SeedRun.State, from start: String?) throws -> [String] {
        let threads = train.spread.threads.map { ["--threads", "\($0)"] } ?? []
        let spread = train.spread.arguments + threads + ["--max-restarts", "\(train.restarts.maxRestarts)"]
        guard let folder = state.folder else {
            return ["train"] + train.settings.argumentsWithoutSteps + train.settings.stepsArguments
                + ["--seed", "\(run.seed)", "--run", run.path] + spread + (start.map { ["--from", $0] } ?? [])
        }
        if case .unfinished(_, step: 0) = state, start != nil {
            throw LocalError(
                "the run \(run.path) has no checkpoint yet, so that it would not begin with the weights that --from names; remove its folder, and the same line begins it again"
            )
        }
        // What of the data was typed may name the places where it is now.
        let places = train.settings.sets.filter { $0.prefix { $0 != "=" && $0 != "." } == "data" }.flatMap { ["--set", $0] }
        return ["resume", folder.path] + (train.settings.data.map { ["--data", $0] } ?? []) + places
            + (try run.changes(of: folder)) + spread
    }

    private func report() throws {
        let rows = try runs.compactMap { run -> SeedTable.Row? in
            guard case .finished(let folder, let checkpoint) = try run.look() else { return nil }
            // Those of an earlier epoch are none of this state.
            let last = LastFigures(metricsPath: folder.metricsPath).flatMap { $0.epoch == checkpoint.info.epoch ? $0 : nil }
            return SeedTable.Row(
                seed: run.seed, run: folder.path, step: checkpoint.info.step,
                digest: try SavedState(folder: folder, checkpoint: checkpoint).digest(full: false),
                last: last)
        }
        let table = SeedTable(rows)
        if let warning = table.warning { Output.note(warning) }
        Output.result(train.json ? table.json.text : table.text)
    }
}
