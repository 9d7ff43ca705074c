import ArgumentParser
import Chaos
import Collectives
import Foundation
import Kernels
import Runs
import Waiting

/// `lockstep chaos`: compares real runs with a calm one. Their processes are killed, stopped and cut off, and their
/// connections lose, swallow or slow down what they carry.
struct Chaos: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kill and stop the processes of real runs, spoil their connections, and compare the weights with a calm run's.",
        discussion: """
            First a calm run of each model, then disturbed ones of as many steps until the time is over, ring and server in \
            turn. Exit 0 when there were faults, every digest is the calm run's, every step has its line, none was lost, and \
            one came within 20 s of every fault; else 1, and the run folders stay.
            Example:  lockstep chaos --minutes 5
            """)

    @OptionGroup var settings: SettingOptions

    @Option(help: "Number of workers.")
    var workers = 4

    @Option(help: "Compute threads of a worker (default: cores / workers).")
    var threads: Int?

    @Option(help: "ring, server or both (in turn).")
    var topology = ChaosTopologies.both

    @Option(help: "Inflict faults for so many minutes.")
    var minutes: Double?

    @Option(help: "Inflict so many faults (default: 100).")
    var faults: Int?

    @Option(help: "Seconds from one fault to the next, LEAST:MOST.")
    var every = SecondsRange(bounds: 0.5...2)

    @Option(help: "What may happen, comma-separated: kill, stop, cut, coordinator, loss, swallow, slow, copy.")
    var kinds = FaultKinds(families: Set(FaultFamily.allCases))

    @Option(help: "So many models of random widths, minibatch and shards, in turn with the one asked for.")
    var models = 2

    @Option(help: "Seed of the schedule (the run's own is --set seed=N).")
    var schedule: UInt64 = 1

    @Flag(inversion: .prefixedNo, help: "Keep at least one replica alive; without it every replica may go at once.")
    var spareLast = true

    @Option(help: "End the calm run after so long, and every other where it ended: 500ms, 5s, 10m.")
    var calm = DurationArgument(.seconds(30))

    @Option(name: .customLong("run"), help: "Folder for the run folders (default: runs/chaos-PID).")
    var folder: String?

    @Flag(help: "Keep the run folders even when all is well.")
    var keep = false

    @Flag(help: "Print the verdict as JSON.")
    var json = false

    func validate() throws {
        if minutes != nil, faults != nil { throw ValidationError("--minutes and --faults exclude each other") }
        if let minutes, !(minutes > 0 && minutes.isFinite) {
            throw ValidationError("--minutes is \(minutes); it must be more than 0")
        }
        if let faults, faults < 1 { throw ValidationError("--faults is \(faults); it must be at least 1") }
        if workers < 1 { throw ValidationError("--workers is \(workers); it must be at least 1") }
        if models < 0 { throw ValidationError("--models is \(models); it must be at least 0") }
        try ThreadFlag.check(threads)
    }

    func run() throws {
        try finishing {
            let variant = try settings.configuration().variant
            let place = folder ?? "\(RunFolder.defaultParent)/chaos-\(getpid())"
            guard !RunFolder.exists(place) else { throw UsageError("\(place) exists already; name another folder with --run") }
            let path = URL(fileURLWithPath: place).path
            let session = ChaosSession(
                options: ChaosOptions(
                    settings: settings.argumentsWithoutSteps, end: settings.stepsArguments, workers: workers, threads: threads,
                    topologies: topology.all, limit: minutes.map { .minutes($0) } ?? .faults(faults ?? 100), every: every.bounds,
                    families: kinds.families, seed: schedule, sparesLast: spareLast, calmSeconds: calm.value.seconds,
                    drawnModels: models, variant: variant, folder: path)
            ) { Output.note($0) }
            let verdict: ChaosVerdict
            do {
                verdict = try session.run()
            } catch {
                // Say so after an interruption too: there are files to look at, or to remove.
                if RunFolder.exists(path) { Output.note("the run folders are in \(path)") }
                throw error
            }
            Output.result(json ? verdict.json.text : verdict.text)
            if verdict.isRight, !keep {
                try? FileManager.default.removeItem(atPath: path)
            } else {
                Output.note("the run folders are in \(path)")
            }
            return verdict.isInterrupted ? 130 : verdict.isRight ? 0 : 1
        }
    }
}

/// One topology, or both in turn.
enum ChaosTopologies: String, ExpressibleByArgument, CaseIterable {
    case ring, server, both

    var all: [Topology] {
        switch self {
        case .ring: [.ring]
        case .server: [.server]
        case .both: [.ring, .server]
        }
    }
}

/// LEAST:MOST, in seconds.
struct SecondsRange: ExpressibleByArgument {
    let bounds: ClosedRange<Double>

    init(bounds: ClosedRange<Double>) { self.bounds = bounds }

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
        guard (1...2).contains(parts.count), let low = parts[0], let high = parts[parts.count - 1], low >= 0.01, low <= high,
            high <= 3600
        else { return nil }
        bounds = low...high
    }

    var defaultValueDescription: String { "\(bounds.lowerBound):\(bounds.upperBound)" }
}

/// Comma-separated families of faults.
struct FaultKinds: ExpressibleByArgument {
    let families: Set<FaultFamily>

    init(families: Set<FaultFamily>) { self.families = families }

    init?(argument: String) {
        let all = argument.split(separator: ",").map { FaultFamily(rawValue: String($0)) }
        guard !all.isEmpty, !all.contains(nil) else { return nil }
        families = Set(all.compactMap(\.self))
    }

    var defaultValueDescription: String { FaultFamily.allCases.map(\.rawValue).joined(separator: ",") }
}
