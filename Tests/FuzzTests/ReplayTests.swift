import Foundation
import FuzzTargets
import Testing

/// The short pass of fuzzing: known inputs, each truncated everywhere, and some thousands of damaged ones. `make fuzz` is the
/// long pass. After a trap the input is in the temporary folder, `lockstep-fuzz-TARGET.input`.
struct ReplayTests {
    /// Damaged inputs a target.
    private static let mutations = 2_000
    private static let seed: UInt64 = 20_240_613

    @Test("what the program writes today is accepted", arguments: FuzzTargets.all.map(\.name))
    func seeds(name: String) throws {
        let target = try #require(FuzzTargets.named(name))
        for seed in try target.seeds() { #expect(try target.run(seed.bytes) == .accepted, "\(seed.name)") }
    }

    @Test("the committed corpus keeps every promise, and so does every beginning of it", arguments: FuzzTargets.all.map(\.name))
    func corpus(name: String) throws {
        let target = try #require(FuzzTargets.named(name))
        let files = try Corpus.files(of: target)
        let last = try LastInput(of: target)
        var outcomes: [FuzzTarget.Outcome] = []
        for file in files {
            for length in 0...file.bytes.count {
                let input = Array(file.bytes.prefix(length))
                last.keep(input)
                do throws(Violation) {
                    outcomes.append(try target.run(input))
                } catch {
                    Issue.record("\(file.name), the first \(length) bytes: \(error)")
                }
            }
        }
        #expect(outcomes.contains(.accepted), "a corpus in which nothing is valid tries nothing")
    }

    @Test("damaged inputs keep every promise", arguments: FuzzTargets.all.map(\.name))
    func mutations(name: String) throws {
        let target = try #require(FuzzTargets.named(name))
        let inputs = try target.seeds().map(\.bytes) + Corpus.files(of: target).map(\.bytes)
        let last = try LastInput(of: target)
        var mutator = Mutator(seed: Self.seed)
        for round in 0..<Self.mutations {
            let input = mutator.damage(inputs[round % inputs.count], others: inputs)
            last.keep(input)
            do throws(Violation) {
                _ = try target.run(input)
            } catch {
                Issue.record("seed \(Self.seed), round \(round): \(error); \(Data(input).base64EncodedString())")
            }
        }
    }

    @Test("a small corpus: files below 4 KB, 200 KB in all")
    func small() throws {
        let sizes = try FuzzTargets.all.flatMap { try Corpus.files(of: $0) }.map(\.bytes.count)
        #expect(sizes.allSatisfy { $0 <= 4096 } && sizes.reduce(0, +) <= 200 << 10)
        let folders = try FileManager.default.contentsOfDirectory(atPath: Corpus.folder)
        #expect(Set(folders) == Set(FuzzTargets.all.map(\.name)), "a folder for each target, and no other")
    }
}
