import Autoencoder
import Collectives
import Kernels
import Layers
import Synchronization
import TestSupport
import Testing
import Worker

@Suite struct PhaseExchangeTests {
    @Test(
        "A worker owes nothing from when its part of an exchange is made until it has the others', in every attempt of a phase with norms"
    )
    func waits() throws {
        FloatingPoint.setModes()
        var setting = RandomSetting.fixed(encoder: [9], decoder: [9], discriminator: [5], code: 3, minibatch: 8, shards: 2)
        setting.training.variant = .clustering
        setting.training.parts.norm = NormSettings(encoder: .batch, heads: .batch)
        let replica = try Replica(setting.training)
        let lanes = replica.makeLanes(shards: 0..<2, threads: 1)
        for lane in lanes { lane.load(step: 0, images: setting.images(step: 0)) }
        for phase in replica.phases {
            let plan = BucketPlan(phase)
            let exchange = PhaseExchange(
                replica: replica, phase: phase, plan: plan, lanes: lanes, shards: 2, team: ThreadTeam(threads: 1),
                reducer: SoloReducer())
            var clock = StepClock()
            var told: [String] = []
            let result = try exchange.run(
                clock: &clock, waits: { told.append($0 ? "waits" : "goes on") }, contributed: { _ in told.append("waits") })
            // The first run of a phase only finds its exponents.
            #expect(result.repeats >= 1)
            let attempt = [[String]](repeating: ["waits", "goes on"], count: phase.moments.count).flatMap(\.self) + ["waits"]
            #expect(told == [[String]](repeating: attempt, count: Int(result.repeats) + 1).flatMap(\.self), "\(phase.name)")
        }
    }

    @Test(
        "A phase that nobody wants any more ends at the next layer, tells nobody that it is complete, and can be run afresh to the same bits"
    )
    func abandoned() throws {
        FloatingPoint.setModes()
        let setting = RandomSetting.fixed(encoder: [9, 8], decoder: [8, 9], discriminator: [5], code: 3, minibatch: 8, shards: 2)
        func trained(abandoning: Bool) throws -> String {
            let replica = try Replica(setting.training)
            let lanes = replica.makeLanes(shards: 0..<2, threads: 1)
            for step in 0..<3 as Range<UInt64> {
                for lane in lanes { lane.load(step: step, images: setting.images(step: step)) }
                for phase in replica.phases {
                    let plan = BucketPlan(phase)
                    func run(_ abandonment: Abandonment) throws -> Bool {
                        let exchange = PhaseExchange(
                            replica: replica, phase: phase, plan: plan, lanes: lanes, shards: 2, team: ThreadTeam(threads: 1),
                            reducer: SoloReducer(), abandonment: abandonment)
                        var (clock, isContributed) = (StepClock(), false)
                        do { _ = try exchange.run(clock: &clock) { _ in isContributed = true } } catch is LinkFailure {
                            return false
                        }
                        return isContributed
                    }
                    if abandoning {
                        let before = replica.applied
                        let abandonment = Abandonment()
                        abandonment.give()
                        #expect(try !run(abandonment) && replica.applied == before)
                    }
                    #expect(try run(Abandonment()))
                }
            }
            return hexDigits(replica.digest(full: true))
        }
        #expect(try trained(abandoning: true) == trained(abandoning: false))
        let replica = try Replica(setting.training)
        let lane = replica.makeLanes(shards: 0..<2, threads: 1)[0]
        lane.load(step: 0, images: setting.images(step: 0))
        let completed = Mutex(0)
        let sink = replica.makeSink(phase: 0, shards: 2) { _, _ in completed.withLock { $0 += 1 } }
        replica.start(sink, phase: 0)
        let asked = Mutex(0)
        replica.run(segment: 0, ofPhase: 0, lane: lane, sink: sink) {
            asked.withLock {
                $0 += 1
                return $0 > 6
            }
        }
        #expect(completed.withLock { $0 } < replica.phases[0].tensors.count)
    }

    @Test("Exchanges that serve every step of a view give what new ones give in each", arguments: [Variant.clustering, .vae])
    func kept(variant: Variant) throws {
        FloatingPoint.setModes()
        var setting = RandomSetting.fixed(encoder: [9], decoder: [9], discriminator: [5], code: 3, minibatch: 8, shards: 2)
        setting.training.variant = variant
        setting.training.parts = variant.usualParts
        setting.training.parts.norm = NormSettings(encoder: .batch, heads: .batch)
        let names = variant.phaseNames(setting.training.parts)
        setting.training.phases = setting.training.phases.filter { names.contains($0.key) }
        func trained(areKept: Bool) throws -> Replica {
            let replica = try Replica(setting.training)
            let lanes = replica.makeLanes(shards: 0..<2, threads: 1)
            let (team, reducer) = (ThreadTeam(threads: 1), SoloReducer())
            func exchange(_ phase: PhaseDescription) -> PhaseExchange {
                let plan = BucketPlan(phase)
                return PhaseExchange(
                    replica: replica, phase: phase, plan: plan, lanes: lanes, shards: 2, team: team, reducer: reducer)
            }
            let kept = replica.phases.map(exchange)
            var clock = StepClock()
            for step in 0..<4 as Range<UInt64> {
                for lane in lanes { lane.load(step: step, images: setting.images(step: step)) }
                for phase in replica.phases {
                    _ = try (areKept ? kept[phase.index] : exchange(phase)).run(clock: &clock) { _ in }
                }
            }
            return replica
        }
        let (one, other) = try (trained(areKept: true), trained(areKept: false))
        #expect(one.applied == UInt64(4 * names.count) && one.chain == other.chain)
        #expect(one.digest(full: true) == other.digest(full: true))
    }

    @Test("A spare, which has no shard, owes nothing while it waits either: it tells so before every exchange that it waits for")
    func spare() throws {
        FloatingPoint.setModes()
        var setting = RandomSetting.fixed(encoder: [9], decoder: [9], discriminator: [5], code: 3, minibatch: 8, shards: 2)
        setting.training.variant = .clustering
        setting.training.parts.norm = NormSettings(encoder: .batch, heads: .batch)
        let replica = try Replica(setting.training)
        for phase in replica.phases {
            let plan = BucketPlan(phase)
            let told = Mutex<[String]>([])
            let exchange = PhaseExchange(
                replica: replica, phase: phase, plan: plan, lanes: [], shards: 0, team: ThreadTeam(threads: 1),
                reducer: WatchedReducer { told.withLock { $0.append("finish") } })
            var clock = StepClock()
            let result = try exchange.run(
                clock: &clock, waits: { isWaiting in told.withLock { $0.append(isWaiting ? "waits" : "goes on") } },
                contributed: { reports in
                    #expect(reports.isEmpty)
                    told.withLock { $0.append("waits") }
                })
            let moments = [[String]](repeating: ["waits", "finish", "goes on"], count: phase.moments.count).flatMap(\.self)
            let attempt = moments + ["waits", "finish"]
            #expect(
                told.withLock { $0 } == [[String]](repeating: attempt, count: Int(result.repeats) + 1).flatMap(\.self),
                "\(phase.name)")
        }
        #expect(replica.phases.contains { !$0.moments.isEmpty })
    }
}

/// A reducer without other members that reports when it is waited for.
private final class WatchedReducer: Reducer {
    private let solo = SoloReducer()
    private let onFinish: @Sendable () -> Void

    init(onFinish: @escaping @Sendable () -> Void) { self.onFinish = onFinish }

    func begin(
        phase: UInt64, attempt: UInt32, plan: BucketPlan, sum: Storage<Int32>, statistics: StatisticsBoard, statisticsOnly: [Bool]
    ) {}

    func ready(bucket: Int) {}

    func finish() throws {
        onFinish()
        try solo.finish()
    }

    func shutdown() { solo.shutdown() }

    var counters: WireCounters { solo.counters }
    var exchangeCounters: WireCounters { solo.exchangeCounters }
    var moved: [LinkBytes] { solo.moved }
}
