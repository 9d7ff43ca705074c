import Synchronization
import Waiting

/// Many copies of the real state machines over a simulated network, with a simulated clock and everything that can go wrong.
///
/// A seed decides all of it: the same seed is the same world, event by event.
public enum Simulation {
    /// One seed's world; with `traces`, every line of what happened.
    public static func run(seed: UInt64, _ options: SimulationOptions = SimulationOptions(), traces: Bool = false)
        -> SimulationReport
    {
        World(seed: seed, options: options, traces: traces).run()
    }

    /// The result of many seeds.
    public struct Summary: Sendable {
        public var seeds: UInt64 = 0
        public var counts = SimulationCounts()
        /// Violations of the lowest seeds, at most `limit`.
        public var violations: [SimulationViolation] = []

        init() {}

        /// The result of one seed.
        public init(_ report: SimulationReport) {
            (seeds, counts) = (1, report.counts)
            violations = report.violation.map { [$0] } ?? []
        }
    }

    /// Many seeds on as many threads; stops handing out seeds after `limit` violations.
    public static func run(
        seeds: Range<UInt64>, _ options: SimulationOptions = SimulationOptions(), threads: Int, limit: Int = 1,
        onProgress: @escaping @Sendable (Summary) -> Void = { _ in }
    ) -> Summary {
        struct State {
            var next: UInt64
            var summary = Summary()
        }
        let state = Mutex(State(next: seeds.lowerBound))
        let finished = Mailbox<Void>()
        for _ in 0..<threads {
            OwnedThread.detach(name: "simulate") {
                while true {
                    let batch = state.withLock { state -> Range<UInt64> in
                        guard state.summary.violations.count < limit else { return state.next..<state.next }
                        let end = state.next + min(64, seeds.upperBound - state.next)
                        defer { state.next = end }
                        return state.next..<end
                    }
                    if batch.isEmpty { break }
                    var counts = SimulationCounts()
                    var violations: [SimulationViolation] = []
                    var done: UInt64 = 0
                    for seed in batch {
                        let report = run(seed: seed, options)
                        done += 1
                        counts += report.counts
                        if let violation = report.violation { violations.append(violation) }
                        if violations.count >= limit { break }
                    }
                    let summary = state.withLock { state -> Summary in
                        state.summary.seeds += done
                        state.summary.counts += counts
                        state.summary.violations = Array(
                            (state.summary.violations + violations).sorted { $0.seed < $1.seed }.prefix(limit))
                        return state.summary
                    }
                    onProgress(summary)
                }
                finished.put(())
            }
        }
        for _ in 0..<threads { _ = finished.take(.untilWoken(by: "a simulating thread, which ends with its seeds")) }
        return state.withLock { $0.summary }
    }
}
