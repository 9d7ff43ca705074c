import Autoencoder
import Collectives
import Foundation
import Kernels
import TestSupport
import Testing
import Waiting

/// Promise 1 as a search: whatever the model, the minibatch and the shards, the state's digest does not depend on how the
/// shards are spread.
///
/// `make settings` looks through 500 settings, `make test` through as many as fit into some seconds, of a new seed each time.
/// `SETTINGS_SEED`, `SETTINGS_FIRST` and `SETTINGS_COUNT` find a failure again; its line says them.
@Suite("One digest over arrangements", .serialized)
struct ArrangementTests {
    /// Settings whose bits once depended on their workers or threads, each with products whose outputs are few: a sample of
    /// such a product may agree by luck. Then every kind of cut: shards of one row, empty ones, more workers than shards.
    static let fixed: [RandomSetting] = [
        .fixed(encoder: [64], decoder: [64], discriminator: [400], steps: 21),
        .fixed(encoder: [64], decoder: [64], discriminator: [64], steps: 21),
        .fixed(encoder: [64], decoder: [64], discriminator: [400], code: 2, minibatch: 36, trainingImages: 100),
        .fixed(encoder: [100], decoder: [100], discriminator: [100], code: 2, minibatch: 100, trainingImages: 250),
        .fixed(encoder: [200], decoder: [200], discriminator: [50], code: 15, minibatch: 64, trainingImages: 100),
        .fixed(encoder: [32], decoder: [32], discriminator: [1000], code: 10, minibatch: 128, trainingImages: 200),
        .fixed(encoder: [400], decoder: [400], discriminator: [16], code: 20, minibatch: 300, shards: 12, trainingImages: 301),
        .fixed(encoder: [1], decoder: [1, 1000], discriminator: [1, 3], code: 1, minibatch: 5, shards: 16, trainingImages: 8),
        .fixed(encoder: [7, 5], decoder: [3], discriminator: [2], code: 3, minibatch: 1, shards: 1, trainingImages: 2),
        .fixed(encoder: [17], decoder: [33], discriminator: [65], code: 2, minibatch: 50, shards: 3, trainingImages: 77),
    ]

    static let everyKind = [
        Arrangement(workers: 1, threads: 2, carrier: .ring, compression: .off),
        Arrangement(workers: 2, threads: 1, carrier: .ring, compression: .zstd),
        Arrangement(workers: 2, threads: 2, carrier: .server, compression: .auto),
        Arrangement(workers: 3, threads: 1, carrier: .server, compression: .off),
        Arrangement(workers: 4, threads: 1, carrier: .ring, compression: .auto),
        Arrangement(workers: 3, threads: 1, carrier: .ring, compression: .entropy),
        Arrangement(workers: 2, threads: 1, carrier: .server, compression: .entropy),
        Arrangement(workers: 3, threads: 2, carrier: .servers, compression: .auto),
    ]

    @Test("Models of narrow layers, shards of no row and of one: one digest", arguments: fixed.indices)
    func known(index: Int) throws {
        try check(Self.fixed[index], Self.everyKind, lanes: 3, "setting \(index) of the fixed ones")
    }

    @Test("Random settings: one digest", .timeLimit(.minutes(30)))
    func search() throws {
        let seed = Self.number("SETTINGS_SEED") ?? .random(in: 0..<1_000_000)
        let first = Int(Self.number("SETTINGS_FIRST") ?? 0)
        let count = Self.number("SETTINGS_COUNT").map(Int.init)
        let start = MonotonicTime.now
        var number = first
        var slowest = (seconds: 0.0, number: first)
        while number - first < count ?? .max, count != nil || MonotonicTime.now - start < .seconds(20) {
            let began = MonotonicTime.now
            let setting = RandomSetting(seed: seed, number: number)
            var random = SplitMix(seed: seed, number: ~number)
            let arrangements = (0..<Int.random(in: 2...4, using: &random)).map { _ in Arrangement.random(&random) }
            try check(
                setting, arrangements, lanes: Int.random(in: 1...setting.training.shards, using: &random),
                "SETTINGS_SEED=\(seed) SETTINGS_FIRST=\(number) SETTINGS_COUNT=1 make settings, products of \(KernelFamily.loaded)")
            let seconds = (MonotonicTime.now - began).seconds
            if seconds > slowest.seconds { slowest = (seconds, number) }
            number += 1
        }
        print(
            "settings: seed \(seed), \(number - first) from \(first) in \(Int((MonotonicTime.now - start).seconds)) s; "
                + "the slowest, \(slowest.number), took \(Int(slowest.seconds * 1000)) ms")
        #expect(number > first)
    }

    /// One outcome, from the first arrangement on: of every worker, and of replay's trainer.
    private func check(_ setting: RandomSetting, _ arrangements: [Arrangement], lanes: Int, _ name: String) throws {
        let expected = try #require(try Arrangement.reference.outcomes(of: setting).first)
        let isDigest = expected.contains(" chain ")
        #expect(isDigest || expected.contains("was not finite"), "\(name): \(expected); \(setting)")
        for arrangement in arrangements {
            for (rank, outcome) in try arrangement.outcomes(of: setting).enumerated() where outcome != expected {
                Issue.record("\(name): worker \(rank) of \(arrangement) ends with \(outcome), alone with \(expected); \(setting)")
            }
        }
        let local = Arrangement.locally(setting, threads: 2, lanes: lanes)
        #expect(local == expected, "\(name): replay with \(lanes) lanes; \(setting)")
    }

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : UInt64($0) }
    }
}
