import ArgumentParser

/// `lockstep bench`: how near a part comes to the limits of machine and link. Times belong here, never in tests.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure: whole steps, the exchange of gradients, their packing, the products.",
        discussion: "Example:  lockstep bench step --minibatch 1024 --set shards=4",
        subcommands: [BenchStep.self, BenchAllReduce.self, BenchCodec.self, BenchGemm.self])

    /// How many repetitions a user may ask for: all times are kept in memory.
    static let repeats = 1...1_000_000
}

/// Runs `body` at least `repeats` times after a warm-up and returns the median of the seconds.
func medianSeconds(repeats: Int, _ body: () throws -> Void) rethrows -> Double {
    try sortedSeconds(repeats: repeats, body)[max(1, repeats) / 2]
}

/// As `medianSeconds`, but the least of them.
func leastSeconds(repeats: Int, _ body: () throws -> Void) rethrows -> Double {
    try sortedSeconds(repeats: repeats, body)[0]
}

private func sortedSeconds(repeats: Int, _ body: () throws -> Void) rethrows -> [Double] {
    try body()
    return try (0..<max(1, repeats)).map { _ in
        let start = ContinuousClock.now
        try body()
        let elapsed = start.duration(to: .now).components
        return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    }.sorted()
}
