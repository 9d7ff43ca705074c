import Kernels
import Simulation
import Testing

@Test("thousands of simulated runs with deaths, stops, cuts and restarts break no promise")
func simulatedRuns() {
    let summary = Simulation.run(seeds: 0..<4_000, threads: MachineLimits.here.cores)
    for violation in summary.violations { Issue.record("\(violation); lockstep simulate --seed \(violation.seed) --trace") }
    #expect(summary.violations.isEmpty && summary.seeds == 4_000)
    // The simulation has met the faults that it is made for.
    #expect(summary.counts.kills > 1_000 && summary.counts.coordinatorRestarts > 500)
    #expect(summary.counts.sumsSent > 50 && summary.counts.statesSent > 200 && summary.counts.restartsFromCheckpoint > 0)
    #expect(summary.counts.lies > 10_000 && summary.counts.strangers > 100 && summary.counts.olderCopies > 5)
    #expect(summary.counts.standstills > 20 && summary.counts.standIns > 5 && summary.counts.finishedAlone > 5)
    #expect(summary.counts.moments > 100_000)
    #expect(summary.counts.slowLines > 200 && summary.counts.notWaitedFor > 0)
}

@Test("the last seeds are seeds like others")
func lastSeeds() {
    #expect(Simulation.run(seeds: .max - 2 ..< .max, threads: 2).seeds == 2)
}

@Test("an invariant that is left out is noticed", arguments: DroppedInvariant.allCases)
func droppedInvariants(_ dropped: DroppedInvariant) {
    // An impossible number does harm only at few moments, and about one seed in ten thousand sends one then.
    let summary = Simulation.run(
        seeds: 0..<(dropped == .possibleNumbers ? 16_000 : 10_000), SimulationOptions(dropped: dropped),
        threads: MachineLimits.here.cores)
    #expect(!summary.violations.isEmpty)
}

@Test("a seed is the same world every time")
func simulationReplays() {
    for seed in UInt64(0)..<40 {
        let first = Simulation.run(seed: seed, traces: true)
        let second = Simulation.run(seed: seed, traces: true)
        #expect(first.trace == second.trace && first.counts == second.counts, "seed \(seed)")
        #expect(first.counts == Simulation.run(seed: seed).counts, "a trace changes nothing of seed \(seed)")
    }
}
