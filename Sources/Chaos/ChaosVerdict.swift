import Autoencoder
import Collectives
import Kernels
import Runs
import Waiting

/// The result of all runs: every figure that `lockstep chaos` prints.
public struct ChaosVerdict: Sendable {
    /// What a run has left on the disk.
    struct Records: Sendable {
        var step: UInt64
        var digest: String
        var fullDigest: String
        /// Step and chain hash of each step's line, in the file's order.
        var chains: [(step: UInt64, chain: UInt64)]

        /// - Throws: where the folder holds no whole checkpoint, or metrics that cannot be read.
        init(folder path: String) throws {
            let folder = try RunFolder.open(path)
            guard let checkpoint = try folder.checkpoints().newestWhole().checkpoint else {
                throw LocalError("\(path) has no whole checkpoint; its log \(path).log says why")
            }
            let tensors = try StateFile.tensors(of: checkpoint.open())
            step = checkpoint.info.step
            digest = hexDigits(StateDigest.parameters(of: tensors))
            fullDigest = hexDigits(StateDigest.full(of: tensors, step: step, epoch: checkpoint.info.epoch))
            chains = try MetricsReader(path: folder.metricsPath).steps.map { ($0.step, $0.chain) }
        }

        /// How many steps have no line of their own, without those in `forgotten`.
        func missing(except forgotten: Set<UInt64>) -> Int {
            let present = Set(chains.map(\.step)).union(forgotten)
            return step == 0 ? 0 : (1...step).count { !present.contains($0) }
        }

        /// Each line is of a later step than the one before.
        var isInOrder: Bool { zip(chains, chains.dropFirst()).allSatisfy { $0.step < $1.step } }
    }

    struct Round: Sendable {
        var result: ChaosRound.Result
        var records: Records?
        var digestIsEqual: Bool
        var chainsAreEqual: Bool

        /// Steps without a line in the metrics.
        var missing: Int { records?.missing(except: result.forgotten) ?? 0 }

        /// Nothing was lost, nothing hung, nothing differs.
        var isRight: Bool { ChaosVerdict.findings(of: self).isEmpty }
    }

    let options: ChaosOptions
    /// The calm run of each model.
    let calm: [CalmRun]
    private(set) var rounds: [Round] = []
    public internal(set) var isInterrupted = false

    init(options: ChaosOptions, calm: [CalmRun]) {
        self.options = options
        self.calm = calm
    }

    mutating func add(_ result: ChaosRound.Result, _ records: Records?) {
        let calm = result.calm
        let chains = records?.chains.allSatisfy { calm.chains[$0.step] == nil || calm.chains[$0.step] == $0.chain } ?? false
        rounds.append(
            Round(
                result: result, records: records,
                digestIsEqual: records?.digest == calm.digest && records?.fullDigest == calm.fullDigest, chainsAreEqual: chains))
    }

    /// Everything is as it should be.
    public var isRight: Bool { !isInterrupted && findings.isEmpty }

    /// A line on the last run.
    var lastLine: String {
        guard let round = rounds.last else { return "" }
        let result = round.result
        let head =
            "\(result.topology.rawValue): \(result.faults.faults.count) faults, \(result.views) memberships, \(Int(result.seconds)) s"
        return head + ", " + (round.isRight ? "digest equal" : Self.findings(of: round).map(\.words).joined(separator: "; "))
    }

    /// What is wrong with a run.
    static func findings(of round: Round) -> [ChaosFinding] {
        let result = round.result
        let calm = result.calm
        let place = result.folder
        var findings: [ChaosFinding] = []
        switch result.stop {
        case .hang(let finding): findings.append(finding)
        case .interrupted: findings.append(.interrupted(folder: place))
        case nil:
            if result.status != 0 {
                findings.append(.failed(folder: place, status: result.status ?? -1, words: TrainProcess.lastWords(place)))
            }
        }
        if let records = round.records {
            if !round.digestIsEqual { findings.append(.otherDigest(folder: place, digest: records.digest, calm: calm.digest)) }
            if !round.chainsAreEqual { findings.append(.otherChains(folder: place)) }
            if round.missing > 0 { findings.append(.linesMissing(folder: place, steps: round.missing)) }
            if !records.isInOrder { findings.append(.linesOutOfOrder(folder: place)) }
        }
        if let step = result.firstWrong { findings.append(.wrongSums(folder: place, step: step)) }
        if result.lost > 0 { findings.append(.stepsLost(folder: place, steps: result.lost)) }
        findings += result.stalls + result.accidents
        if !result.leftBehind.isEmpty { findings.append(.outlived(folder: place, pids: result.leftBehind)) }
        return findings
    }

    /// What is wrong with the whole session. Runs in which nothing happened prove nothing.
    public var findings: [ChaosFinding] {
        var findings = rounds.flatMap(Self.findings)
        guard !isInterrupted, findings.isEmpty else { return findings }
        let endings = faults.faults.map(\.ending)
        if endings.isEmpty {
            findings.append(.noFault)
        } else if endings.allSatisfy({ $0 == .without || $0 == .runEnded }) {
            findings.append(.noFaultThatMattered)
        }
        if !rounds.contains(where: { ($0.records?.step ?? 0) > 0 }) { findings.append(.noStep) }
        return findings
    }

    // MARK: Figures over all runs

    var faults: FaultLog {
        rounds.reduce(into: FaultLog()) { $0.add($1.result.faults) }
    }

    var usage: UsageRecord {
        rounds.reduce(into: UsageRecord()) { $0.add($1.result.usage) }
    }

    var kills: Int { rounds.reduce(0) { $0 + $1.result.kills } }
    var lost: UInt64 { rounds.reduce(0) { $0 + $1.result.lost } }
    var replayed: UInt64 { rounds.reduce(0) { $0 + $1.result.replayed } }
    var missing: Int { rounds.reduce(0) { $0 + $1.missing } }
    var linksRefused: String? { rounds.compactMap(\.result.linksRefused).first }

    /// Times of one kind of recovery, with what they are measured from.
    struct Recovery {
        var name: String
        var seconds: [Double]

        func percentile(_ share: Double) -> Double {
            let sorted = seconds.sorted()
            return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
        }

        var maximum: Double { seconds.max() ?? 0 }
    }

    /// First faults that came alone, by kind; then those that overlapped; then how long a stop and a new coordinator take.
    var recoveries: [Recovery] {
        let faults = faults
        func times(_ chosen: (FaultLog.Fault) -> Bool) -> [Double] {
            faults.faults.compactMap { fault in
                guard case .recovered(let seconds) = fault.ending, chosen(fault) else { return nil }
                return seconds
            }
        }
        let killed: Set<FaultKind> = [.worker, .twoWorkers]
        var all = [Recovery(name: "workers killed, together", seconds: times { killed.contains($0.kind) && !$0.overlaps })]
        all += FaultKind.allCases.map { kind in
            let from = kind == .workerStopped ? ", from the verdict" : kind == .coordinatorStopped ? ", from its SIGCONT" : ""
            return Recovery(name: kind.rawValue + from, seconds: times { $0.kind == kind && !$0.overlaps })
        }
        all += [
            Recovery(name: "overlapping faults, from the last", seconds: times(\.overlaps)),
            Recovery(
                name: "worker stopped, to the verdict",
                seconds: faults.faults.compactMap { fault in fault.verdict.map { $0 - fault.at } }),
            Recovery(name: "coordinator killed, to its return", seconds: faults.restarts),
            Recovery(name: "coordinator's return, to the first phase", seconds: faults.takeovers),
        ]
        return all.filter { !$0.seconds.isEmpty }
    }

    func count(_ ending: FaultLog.Ending) -> Int { faults.faults.count { $0.ending == ending } }
}
