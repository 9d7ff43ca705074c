import Kernels
import Membership
import Testing

/// Phases of a step in every plan of these tests.
let phases: UInt64 = 3

/// A coordinator's machine whose clock the test sets, and the answers that its workers would give.
struct Bench {
    var machine: CoordinatorMachine
    var now: Duration = .zero
    /// What each worker was last asked to answer.
    private var orders: [UInt64: UInt64] = [:]
    private var work: UInt64 = 0

    init(_ plan: RunPlan, view: UInt64 = 0) { machine = CoordinatorMachine(plan: plan, view: view) }

    mutating func send(_ event: CoordinatorEvent) -> [CoordinatorDirective] {
        let directives = machine.handle(event, at: now)
        for directive in directives {
            switch directive {
            case .halt(let to, let order), .relaySum(_, let to, _, let order): for asked in to { orders[asked.number] = order }
            case .relayState(let from, let to, _, let order):
                for asked in to + [from].compactMap({ $0 }) { orders[asked.number] = order }
            default: break
            }
        }
        return directives
    }

    /// Lets time pass in ticks of a quarter of a second, with heartbeats: busy workers' work advances, idle workers' does not.
    mutating func pass(_ duration: Duration, busy: [UInt64] = [], idle: [UInt64] = []) -> [CoordinatorDirective] {
        var directives: [CoordinatorDirective] = []
        let end = now + duration
        while now < end {
            now += .milliseconds(250)
            work += 1
            for number in busy { directives += send(.heartbeat(id(number), Beat(work: work, applied: 0, contributed: 0))) }
            for number in idle { directives += send(.heartbeat(id(number), Beat(work: 0, applied: 0, contributed: 0))) }
            directives += send(.tick)
        }
        return directives
    }

    /// The order that the worker was last asked to answer.
    func order(of number: UInt64) -> UInt64 { orders[number] ?? 0 }

    // MARK: Workers come

    /// Hello and ready of one worker: fresh, or with the state it holds.
    mutating func greet(
        _ number: UInt64, kernel: String = "skylakex", fingerprint: UInt8 = 1, digest: [UInt8] = [7], held: Position? = nil
    ) -> [CoordinatorDirective] {
        let plan = machine.plan
        let state = held.map { HeldState(run: plan.run, generation: plan.generation - 1, position: $0) }
        return send(.hello(id(number), identity(number, kernel: kernel), held: state))
            + send(.ready(id(number), fingerprint: [fingerprint], held ?? .fresh(digest: digest)))
    }

    /// A run of two has come to the boundary after its fourth step, where a newcomer waits; returns who sends it the state.
    mutating func admit(_ newcomer: UInt64) -> [StateRelay] {
        _ = run(2)
        _ = greet(newcomer)
        _ = train([1, 2], steps: 1...4)
        return stand(1, 12).states + stand(2, 12).states
    }

    mutating func gather(_ count: UInt64) -> [CoordinatorDirective] { (1...count).flatMap { greet($0) } }

    /// Every member of the view has its links.
    mutating func link(_ numbers: [UInt64]) -> [CoordinatorDirective] {
        let view = machine.view
        return numbers.flatMap { send(.linksUp(id($0), view: view)) }
    }

    /// A run of so many workers that has its first view.
    mutating func run(_ count: UInt64) -> [CoordinatorDirective] { gather(count) + link(Array(1...count)) }

    // MARK: Workers answer

    /// The worker reports the step after which it has applied all phases of `steps` steps.
    mutating func report(_ number: UInt64, steps: UInt64, view: UInt64? = nil, chain: UInt64? = nil) -> [CoordinatorDirective] {
        let chain = chain ?? Position.chain(after: steps * phases)
        return send(.stepReport(id(number), view: view ?? machine.view, step: steps - 1, chain: chain))
    }

    /// All of them report these steps, one after the other.
    mutating func train(_ numbers: [UInt64], steps: ClosedRange<UInt64>) -> [CoordinatorDirective] {
        steps.flatMap { step in numbers.flatMap { report($0, steps: step) } }
    }

    /// The worker answers what it was last asked with the phases it has applied.
    mutating func stand(
        _ number: UInt64, _ applied: UInt64, holdsSum: Bool = true, copied: UInt64 = 0, digest: [UInt8] = []
    ) -> [CoordinatorDirective] {
        stand(number, .at(applied, holdsSum: holdsSum, copied: copied, digest: digest))
    }

    mutating func stand(_ number: UInt64, _ position: Position) -> [CoordinatorDirective] {
        send(.position(id(number), order: orders[number] ?? 0, position))
    }

    mutating func die(_ number: UInt64) -> [CoordinatorDirective] {
        send(.closed(id(number), reason: "it closed its connection"))
    }
}

func id(_ number: UInt64) -> ConnectionID { ConnectionID(number) }

func identity(_ number: UInt64, kernel: String = "skylakex", build: String = "1") -> WorkerIdentity {
    WorkerIdentity(
        host: "host\(number)", pid: UInt32(100 + number), process: number, build: build, library: "OpenBLAS", kernel: kernel)
}

extension Position {
    /// What the chain hash stands for here: a function of the phases applied.
    static func chain(after applied: UInt64) -> UInt64 { applied &* 0x9E37_79B9_7F4A_7C15 }

    static func at(_ applied: UInt64, holdsSum: Bool = true, copied: UInt64 = 0, digest: [UInt8] = []) -> Position {
        Position(applied: applied, chain: chain(after: applied), holdsSum: holdsSum, copied: copied, digest: digest)
    }

    static func fresh(digest: [UInt8] = [7]) -> Position { Position(applied: 0, chain: 0, isFresh: true, digest: digest) }
}

/// A plan of three phases a step and four shards.
func plan(
    workers: ClosedRange<Int> = 2...2, first: UInt64 = 0, last: UInt64 = 6, stepsPerEpoch: UInt64 = 3, generation: UInt64 = 1,
    ring: Bool = true, servers: Int = 0, everySteps: UInt64 = 0, everySeconds: Double = 0, evaluateEveryEpochs: UInt64 = 0,
    supervised: Bool = false, mixed: Bool = false, lastLabel: UInt32 = 0
) -> RunPlan {
    RunPlan(
        shards: 4, phases: Int(phases), firstStep: first, lastStep: last, epochs: Epochs(steps: stepsPerEpoch), workers: workers,
        beginsWithSeed: first == 0, run: "mine", generation: generation, ring: ring, servers: servers,
        checkpointEverySteps: everySteps,
        checkpointEverySeconds: everySeconds, evaluateEveryEpochs: evaluateEveryEpochs, supervised: supervised,
        allowMixedKernels: mixed, lastLabel: lastLabel)
}

extension [CoordinatorDirective] {
    var batches: [UInt64] { compactMap { if case .batch(let step) = $0 { step } else { nil } } }

    var views: [ViewPlan] { compactMap { if case .form(let view) = $0 { view } else { nil } } }

    /// Connections of the newest view, by rank.
    var members: [UInt64]? { views.last?.members.map(\.connection.number) }

    var outcome: RunOutcome? { compactMap { if case .end(let outcome) = $0 { outcome } else { nil } }.first }

    var failure: String? { if case .failed(let reason) = outcome { reason } else { nil } }

    var snapshots: [UInt64] { compactMap { if case .snapshot(_, let step, _) = $0 { step } else { nil } } }

    var requests: [SnapshotRequest] {
        compactMap {
            if case .snapshot(let from, let step, let purposes) = $0 {
                SnapshotRequest(from: from.number, step: step, purposes: purposes)
            } else {
                nil
            }
        }
    }

    var forgotten: [UInt64] { compactMap { if case .forgetSnapshot(let step) = $0 { step } else { nil } } }

    var refusals: [String] { compactMap { if case .refuse(_, let reason) = $0 { reason } else { nil } } }

    /// Views that are said to be over.
    var dissolved: [UInt64] { compactMap { if case .dissolve(let view) = $0 { view } else { nil } } }

    /// Who is asked to stand still.
    var halted: [UInt64] { flatMap { if case .halt(let to, _) = $0 { to.map(\.number) } else { [UInt64]() } } }

    var closed: [UInt64] { compactMap { if case .close(let connection) = $0 { connection.number } else { nil } } }

    var stopped: [UInt64] { flatMap { if case .stop(let to, _, _) = $0 { to.map(\.number) } else { [UInt64]() } } }

    var sums: [SumRelay] {
        compactMap {
            if case .relaySum(let from, let to, let applied, _) = $0 {
                SumRelay(from: from.number, to: to.map(\.number), applied: applied)
            } else {
                nil
            }
        }
    }

    var states: [StateRelay] {
        compactMap {
            if case .relayState(let from, let to, let step, _) = $0 {
                StateRelay(from: from?.number, to: to.map(\.number), step: step)
            } else {
                nil
            }
        }
    }

    /// Steps that are recorded as done.
    var done: [UInt64] { compactMap { if case .stepDone(let step, _, _, _) = $0 { step } else { nil } } }

    var notes: [RunNote] { compactMap { if case .record(let note) = $0 { note } else { nil } } }

    var deaths: [UInt32] { notes.compactMap { if case .death(let worker, _, _, _, _, _, _) = $0 { worker } else { nil } } }

    var restarts: [RunNote] { notes.filter { if case .restart = $0 { true } else { false } } }

    /// All lines of the log, for a look at what is said.
    var words: String { compactMap { if case .log(_, let text, _) = $0 { text } else { nil } }.joined(separator: "\n") }
}

struct SnapshotRequest: Equatable {
    var from: UInt64
    var step: UInt64
    var purposes: SnapshotPurposes
}

struct SumRelay: Equatable {
    var from: UInt64
    var to: [UInt64]
    var applied: UInt64
}

/// `from` nil: the newest checkpoint.
struct StateRelay: Equatable {
    var from: UInt64?
    var to: [UInt64]
    var step: UInt64
}
