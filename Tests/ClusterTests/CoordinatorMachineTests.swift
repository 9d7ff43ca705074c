import Cluster
import Testing

/// A coordinator's machine with a hand on its clock.
private struct Bench {
    var machine: CoordinatorMachine
    var now: Duration = .zero

    init(_ plan: RunPlan) { machine = CoordinatorMachine(plan: plan) }

    mutating func send(_ event: CoordinatorEvent) -> [CoordinatorDirective] { machine.handle(event, at: now) }

    /// Lets time pass in ticks of a quarter of a second, the named workers' heartbeats among them.
    mutating func pass(_ duration: Duration, beating: [UInt64] = [], work: (UInt64) -> UInt64 = { _ in 0 })
        -> [CoordinatorDirective]
    {
        var directives: [CoordinatorDirective] = []
        let end = now + duration
        while now < end {
            now += .milliseconds(250)
            for number in beating {
                directives += send(
                    .heartbeat(ConnectionID(number), work: work(number), applied: 0, contributed: 0))
            }
            directives += send(.tick)
        }
        return directives
    }

    /// Hello and ready of workers 1...count.
    mutating func gather(_ count: UInt64) -> [CoordinatorDirective] {
        var directives: [CoordinatorDirective] = []
        for number in 1...count { directives += greet(number) }
        return directives
    }

    mutating func greet(_ number: UInt64, kernel: String = "skylakex", fingerprint: UInt8 = 1) -> [CoordinatorDirective] {
        send(.hello(ConnectionID(number), identity(number, kernel: kernel)))
            + send(.ready(ConnectionID(number), fingerprint: [fingerprint], stateDigest: [7]))
    }

    mutating func run(_ count: UInt64) -> [CoordinatorDirective] {
        var directives = gather(count)
        let view = machine.view
        for number in 1...count { directives += send(.linksUp(ConnectionID(number), view: view)) }
        return directives
    }

    func identity(_ number: UInt64, kernel: String = "skylakex") -> WorkerIdentity {
        WorkerIdentity(host: "host\(number)", pid: UInt32(100 + number), build: "1", library: "OpenBLAS", kernel: kernel)
    }
}

private func plan(
    workers: ClosedRange<Int> = 2...2, last: UInt64 = 6, stepsPerEpoch: UInt64 = 3, everySteps: UInt64 = 0,
    everySeconds: Double = 0, supervised: Bool = false, mixed: Bool = false
) -> RunPlan {
    RunPlan(
        shards: 4, phases: 3, firstStep: 0, lastStep: last, stepsPerEpoch: stepsPerEpoch, workers: workers,
        checkpointEverySteps: everySteps, checkpointEverySeconds: everySeconds, supervised: supervised,
        allowMixedKernels: mixed)
}

private func batches(_ directives: [CoordinatorDirective]) -> [UInt64] {
    directives.compactMap { if case .batch(let step) = $0 { step } else { nil } }
}

private func views(_ directives: [CoordinatorDirective]) -> [ViewPlan] {
    directives.compactMap { if case .form(let view) = $0 { view } else { nil } }
}

private func outcome(_ directives: [CoordinatorDirective]) -> RunOutcome? {
    directives.compactMap { if case .end(let outcome) = $0 { outcome } else { nil } }.first
}

private func snapshots(_ directives: [CoordinatorDirective]) -> [UInt64] {
    directives.compactMap { if case .snapshot(_, let step, _) = $0 { step } else { nil } }
}

private func refusals(_ directives: [CoordinatorDirective]) -> [String] {
    directives.compactMap { if case .refuse(_, let reason) = $0 { reason } else { nil } }
}

@Test("a view forms when the full number of workers is ready, with contiguous shards by rank")
func formsWhenFull() throws {
    var bench = Bench(plan(workers: 3...3))
    #expect(views(bench.gather(2)).isEmpty)
    let view = try #require(views(bench.greet(3)).first)
    #expect(view.number == 1)
    #expect(view.members.map(\.shards) == [0..<1, 1..<2, 2..<4])
}

@Test("with fewer than the full number it forms after ten seconds, not before")
func formsAfterPatience() {
    var bench = Bench(plan(workers: 2...4))
    _ = bench.gather(2)
    #expect(views(bench.pass(.seconds(9), beating: [1, 2])).isEmpty)
    #expect(views(bench.pass(.seconds(2), beating: [1, 2])).first?.members.count == 2)
}

@Test("workers beyond S are members without a shard")
func spares() throws {
    var bench = Bench(plan(workers: 6...6))
    let view = try #require(views(bench.gather(6)).first)
    #expect(view.members.reduce(0) { $0 + $1.shards.count } == 4)
    #expect(view.members.filter(\.shards.isEmpty).count == 2)
}

@Test("batches go out no further than the window ahead of the slowest member")
func window() {
    var bench = Bench(plan(last: 20))
    #expect(batches(bench.run(2)) == [0, 1, 2, 3])
    #expect(batches(bench.send(.stepReport(ConnectionID(1), step: 0, chain: 5))).isEmpty)
    #expect(batches(bench.send(.stepReport(ConnectionID(2), step: 0, chain: 5))) == [4])
}

@Test("a run ends when its last step is done and its last state is stored, in that order")
func ends() {
    var bench = Bench(plan(last: 2))
    var directives = bench.run(2)
    #expect(snapshots(directives) == [2])
    for step in 0..<UInt64(2) {
        for number in 1...UInt64(2) { directives += bench.send(.stepReport(ConnectionID(number), step: step, chain: step)) }
    }
    #expect(outcome(directives) == nil)
    #expect(outcome(bench.send(.snapshotStored(step: 2))) == .finished(step: 2))
}

@Test("a request to stop finishes the steps that were sent, with a checkpoint")
func stops() {
    var bench = Bench(plan(last: 100))
    _ = bench.run(2)
    #expect(snapshots(bench.send(.stopRequested(reason: "SIGTERM"))) == [4])
    var directives: [CoordinatorDirective] = []
    for step in 0..<UInt64(4) {
        for number in 1...UInt64(2) { directives += bench.send(.stepReport(ConnectionID(number), step: step, chain: 1)) }
    }
    #expect(batches(directives).isEmpty)
    #expect(outcome(bench.send(.snapshotStored(step: 4))) == .stopped(step: 4, reason: "SIGTERM"))
}

@Test("a worker that dies before the run begins is replaced, and the view number rises")
func viewRises() throws {
    var bench = Bench(plan())
    #expect(views(bench.gather(2)).map(\.number) == [1])
    _ = bench.send(.linksUp(ConnectionID(1), view: 1))
    #expect(views(bench.send(.closed(ConnectionID(2), reason: "it closed its connection"))).isEmpty)
    let second = try #require(views(bench.greet(3)).first)
    #expect(second.number == 2)
    #expect(second.members.map(\.connection) == [ConnectionID(1), ConnectionID(3)])
    // An answer to the old view is no answer to the new one.
    #expect(bench.send(.linksUp(ConnectionID(1), view: 1)).isEmpty)
}

@Test("a worker that dies in the run ends it with a sentence that names it and the way on")
func deathNamed() throws {
    var bench = Bench(plan(supervised: true))
    _ = bench.run(2)
    _ = bench.send(.childExited(pid: 102, cause: "killed by SIGKILL"))
    let directives = bench.send(.closed(ConnectionID(2), reason: "closed its connection"))
    guard case .failed(let reason) = try #require(outcome(directives)) else { return #expect(Bool(false)) }
    for part in ["worker 2", "host2", "pid 102", "rank 1", "SIGKILL", "lockstep resume"] { #expect(reason.contains(part)) }
}

@Test("a wrong probe is refused, naming the host's kernel and the ways on; with --allow-mixed-kernels it is taken")
func probe() throws {
    var bench = Bench(plan())
    _ = bench.greet(1)
    let refusal = try #require(refusals(bench.greet(2, fingerprint: 9)).first)
    #expect(refusal.contains("--allow-mixed-kernels") && refusal.contains("skylakex"))
    var mixed = Bench(plan(mixed: true))
    _ = mixed.greet(1)
    #expect(views(mixed.greet(2, fingerprint: 9)).count == 1)
}

@Test("another kernel or build is refused in a sentence that names both sides")
func otherKernel() throws {
    var bench = Bench(plan())
    _ = bench.greet(1)
    let refusal = try #require(refusals(bench.greet(2, kernel: "haswell")).first)
    #expect(refusal.contains("host1") && refusal.contains("host2") && refusal.contains("haswell") && refusal.contains("skylakex"))
}

@Test("sums that differ between two members end the run and name both")
func divergence() throws {
    var bench = Bench(plan())
    _ = bench.run(2)
    _ = bench.send(.stepReport(ConnectionID(1), step: 0, chain: 1))
    guard case .failed(let reason)? = outcome(bench.send(.stepReport(ConnectionID(2), step: 0, chain: 2))) else {
        return #expect(Bool(false))
    }
    #expect(reason.contains("worker 1") && reason.contains("worker 2"))
}

@Test("a silent worker is dead after four seconds, a beating one is not")
func silence() {
    var bench = Bench(plan())
    _ = bench.run(2)
    var ticks: UInt64 = 0
    let work: (UInt64) -> UInt64 = { _ in
        ticks += 1
        return ticks
    }
    #expect(outcome(bench.pass(.seconds(4), beating: [1, 2], work: work)) == nil)
    #expect(outcome(bench.pass(.seconds(4), beating: [1], work: work)) == nil)
    guard case .failed(let reason)? = outcome(bench.pass(.seconds(1), beating: [1], work: work)) else {
        return #expect(Bool(false))
    }
    #expect(reason.contains("worker 2") && reason.contains("silent"))
}

@Test("a worker that answers but computes nothing is dead after eight seconds")
func standstill() {
    var bench = Bench(plan())
    _ = bench.run(2)
    #expect(outcome(bench.pass(.seconds(7), beating: [1, 2])) == nil)
    guard case .failed(let reason)? = outcome(bench.pass(.seconds(2), beating: [1, 2])) else { return #expect(Bool(false)) }
    #expect(reason.contains("computed nothing"))
}

@Test("a monitor that itself stood still judges nobody by that time")
func lateTick() {
    var bench = Bench(plan())
    _ = bench.run(2)
    _ = bench.send(.tick)
    bench.now += .seconds(60)
    #expect(outcome(bench.send(.tick)) == nil)
}

@Test("checkpoints come by steps, by epochs and by the clock")
func checkpointCadence() {
    var bySteps = Bench(plan(last: 20, everySteps: 2))
    #expect(snapshots(bySteps.run(2)) == [2, 4])
    var byClock = Bench(plan(last: 20, everySeconds: 3))
    _ = byClock.run(2)
    var ticks: UInt64 = 0
    #expect(
        snapshots(
            byClock.pass(
                .seconds(4), beating: [1, 2],
                work: { _ in
                    ticks += 1
                    return ticks
                })) == [4])
}

@Test("a run does not outrun its snapshots: no batch goes out while three are pending, and one stored lets it go on")
func snapshotBacklog() {
    var bench = Bench(plan(last: 20, everySteps: 1))
    #expect(batches(bench.run(2)) == [0, 1, 2])
    for step in 0..<UInt64(3) {
        for number in 1...UInt64(2) {
            #expect(batches(bench.send(.stepReport(ConnectionID(number), step: step, chain: 1))).isEmpty)
        }
    }
    #expect(batches(bench.send(.snapshotStored(step: 1))) == [3])
}

@Test("a ring neighbour that cannot be dialled ends the run, names both and passes the way on")
func undiallable() {
    var bench = Bench(plan())
    _ = bench.gather(2)
    let directives = bench.send(
        .linkFailed(ConnectionID(1), view: 1, suspect: 1, reason: "connection refused: use --topology server", dialling: true))
    guard case .failed(let reason)? = outcome(directives) else { return #expect(Bool(false)) }
    #expect(reason.contains("worker 1") && reason.contains("worker 2") && reason.contains("--topology server"))
}

@Test("a member that is lost while the last state is awaited is replaced as its source")
func sourceLost() {
    var bench = Bench(plan(last: 1))
    _ = bench.run(2)
    for number in 1...UInt64(2) { _ = bench.send(.stepReport(ConnectionID(number), step: 0, chain: 1)) }
    let directives = bench.send(.closed(ConnectionID(1), reason: "closed its connection"))
    #expect(directives.contains { if case .snapshot(ConnectionID(2), 1, _) = $0 { true } else { false } })
    #expect(outcome(bench.send(.snapshotStored(step: 1))) == .finished(step: 1))
}

@Test("a disk that takes no checkpoint ends the run with its error")
func diskFull() {
    var bench = Bench(plan(last: 20, everySteps: 2))
    _ = bench.run(2)
    guard case .failed(let reason)? = outcome(bench.send(.snapshotFailed(step: 2, reason: "no space left"))) else {
        return #expect(Bool(false))
    }
    #expect(reason.contains("no space left"))
}
