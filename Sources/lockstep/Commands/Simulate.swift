import ArgumentParser
import Foundation
import Kernels
import Runs
import Simulation
import Waiting

/// `lockstep simulate`: tests the membership of a run against everything that can go wrong, thousands of times a second.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the coordinator's and the workers' state machines through simulated deaths, cuts and restarts.",
        discussion: """
            Every seed is a run of its own: its workers, its network and what goes wrong. The machines are the real ones;
            sockets, clock and arithmetic are simulated. Processes die, stop and are replaced; links break, swallow, lose in one
            direction and are slow; something else answers at the coordinator's address, an older copy of its folder is put
            back, and peers with the right token lie. A seed that breaks a promise is told with the line that replays it.
            Example:  lockstep simulate --seeds 100000
            """)

    @Option(help: "How many seeds (default: 10000).")
    var seeds: UInt64?

    @Option(help: "The first of them (default: 0).")
    var from: UInt64?

    private static let usualSeeds: UInt64 = 10_000

    @Option(help: "One seed alone.")
    var seed: UInt64?

    @Option(help: "Workers at the start; by default the seed's choice, 1 to 6.")
    var workers: Int?

    @Option(help: "Steps of each run; by default the seed's choice.")
    var steps: UInt64?

    @Option(help: "Leave out one of the rules, 1 to \(DroppedInvariant.allCases.count): the simulation must notice.")
    var dropInvariant: Int?

    @Flag(help: "Print every event and directive of --seed.")
    var trace = false

    @Flag(help: "As JSON.")
    var json = false

    func validate() throws {
        if trace, seed == nil { throw ValidationError("--trace is of one seed: name it with --seed") }
        if let workers, !(1...32).contains(workers) { throw ValidationError("--workers is \(workers); it must be 1 to 32") }
        if let steps, !(1...10_000).contains(steps) { throw ValidationError("--steps is \(steps); it must be 1 to 10000") }
        if let dropInvariant, DroppedInvariant(rawValue: dropInvariant) == nil {
            throw ValidationError("--drop-invariant is \(dropInvariant); it must be 1 to \(DroppedInvariant.allCases.count)")
        }
        if seed != nil, seeds != nil || from != nil {
            throw ValidationError("--seed is one seed alone; --seeds and --from are of many: give one or the other")
        }
        if seeds == 0 { throw ValidationError("--seeds is 0; it must be at least 1") }
        if let seeds, seeds > UInt64(Int.max) { throw ValidationError("--seeds is \(seeds); it must be at most \(Int.max)") }
        // A range ends before its upper bound, so the largest seed can be in none.
        if seed == .max { throw ValidationError("--seed is \(UInt64.max); it must be less") }
        if (from ?? 0).addingReportingOverflow(seeds ?? Self.usualSeeds).overflow {
            throw ValidationError("--from and --seeds go past the last seed")
        }
    }

    func run() throws {
        try finishing {
            let options = SimulationOptions(
                workers: workers, steps: steps, dropped: dropInvariant.flatMap(DroppedInvariant.init(rawValue:)))
            if trace, let seed {
                let report = Simulation.run(seed: seed, options, traces: true)
                for line in report.trace { Output.result(line) }
                return conclude(.init(report), options, .zero)
            }
            let first = seed ?? from ?? 0
            let range = first..<first + (seed == nil ? seeds ?? Self.usualSeeds : 1)
            let began = MonotonicTime.now
            let summary = Simulation.run(
                seeds: range, options, threads: min(MachineLimits.here.cores, range.count))
            return conclude(summary, options, MonotonicTime.now - began)
        }
    }

    /// Prints what happened; 1 where a promise was broken.
    private func conclude(_ summary: Simulation.Summary, _ options: SimulationOptions, _ time: Duration) -> Int32 {
        let rate = time > .zero ? Double(summary.seeds) / time.seconds : nil
        if json {
            var members: [JSON.Member] = [.init("seeds", .unsigned(summary.seeds))]
            if let rate { members.append(.init("seeds_per_second", .unsigned(UInt64(rate)))) }
            members += summary.counts.named.map {
                .init($0.name.replacingOccurrences(of: " ", with: "_"), .integer(Int64($0.count)))
            }
            members.append(
                .init(
                    "violations",
                    .array(
                        summary.violations.map {
                            ["seed": .unsigned($0.seed), "what": .string($0.description), "replay": .string(replay($0.seed))]
                        })))
            Output.result(JSON.object(members).text)
        } else if !trace {
            let speed = rate.map { ", \(Int($0)) a second" } ?? ""
            Output.result("\(summary.seeds) seeds\(speed): \(Int(summary.counts.seconds)) s of simulated time")
            for line in summary.counts.named {
                Output.result("  \(line.name.padding(toLength: 26, withPad: " ", startingAt: 0))\(line.count)")
            }
            Output.result("  \("violations".padding(toLength: 26, withPad: " ", startingAt: 0))\(summary.violations.count)")
        }
        for violation in summary.violations {
            Output.complain("\(violation)")
            if !trace { Output.note("replay it with: \(replay(violation.seed))") }
        }
        return summary.violations.isEmpty ? 0 : 1
    }

    private func replay(_ seed: UInt64) -> String {
        var words = ["lockstep simulate --seed \(seed) --trace"]
        if let workers { words.append("--workers \(workers)") }
        if let steps { words.append("--steps \(steps)") }
        if let dropInvariant { words.append("--drop-invariant \(dropInvariant)") }
        return words.joined(separator: " ")
    }
}
