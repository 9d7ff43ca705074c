import ArgumentParser
import Kernels
import Runs

/// How many workers the user asks for.
enum WorkerCount: ExpressibleByArgument {
    /// As suits the machine.
    case auto
    case range(WorkerRange)

    init?(argument: String) {
        self = argument == "auto" ? .auto : .range(WorkerRange(argument, or: "auto, "))
    }

    var defaultValueDescription: String {
        switch self {
        case .auto: "auto"
        case .range(let range): range.text
        }
    }
}

/// The workers of a run on this machine and the threads of each, after all choices are made. Neither changes bits.
struct Crew {
    let workers: WorkerRange
    let threads: Int
    /// What was chosen here, and why; nil where the user gave it.
    let choice: String?

    /// - Parameters:
    ///   - asked: nil is `auto`.
    ///   - threads: nil: not given.
    ///   - shards: shards of the run; workers beyond that number would compute nothing.
    ///   - runs: how many runs are trained at the same time, each with its share of the cores.
    init(
        _ asked: WorkerCount?, threads: Int?, shards: Int, sharedBy runs: Int = 1, limits: MachineLimits = .here,
        nodes: MemoryNodes = .here
    ) {
        let cores = max(1, limits.cores / runs)
        if case .range(let range) = asked {
            workers = range
            self.threads = threads ?? max(1, cores / range.bounds.upperBound)
            choice = nil
            return
        }
        // Where a quota grants less than all cores, it is not known which ones.
        let nodes = cores == limits.affinity ? max(1, nodes.cores.count) : 1
        let count = max(1, min(shards, threads.map { cores / $0 } ?? nodes))
        workers = WorkerRange(bounds: count...count)
        self.threads = threads ?? max(1, cores / count)
        choice = Self.choice(workers: count, threads: self.threads, isGiven: threads != nil)
    }

    private static func choice(workers: Int, threads: Int, isGiven: Bool) -> String {
        let them = workers == 1 ? "1 worker" : "\(workers) workers"
        let each = threads == 1 ? "1 thread" : "\(threads) threads"
        let reason =
            isGiven
            ? "as many as the cores have room for"
            : workers == 1
                ? "threads of one process add to one sum, processes would have to exchange theirs"
                : "one for each part of this machine's memory"
        return "\(them) with \(each)\(workers == 1 ? "" : " each"): \(reason) (--workers auto)"
    }
}
