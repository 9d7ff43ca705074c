import Membership
import Testing

/// What a person who starts a run on one machine sees before its first step.
@Suite struct FirstLinesTests {
    private func lines(_ directives: [CoordinatorDirective]) -> [(level: LogLevel, text: String)] {
        directives.compactMap { if case .log(let level, let text, _) = $0 { (level, text) } else { nil } }
    }

    @Test(
        "however many workers come, the terminal shows one line of them; the log has a line each", arguments: [1, 2, 8] as [UInt64])
    func summedUp(workers: UInt64) {
        var supervised = plan(workers: Int(workers)...Int(workers), last: 20)
        supervised.supervised = true
        var bench = Bench(supervised)
        let said = lines(bench.gather(workers))
        #expect(said.filter { $0.level == .detail }.count == Int(workers))
        let shown = said.filter { $0.level != .detail }
        #expect(
            shown.count == 1 && shown.allSatisfy { $0.text.contains("kernel skylakex") && $0.text.utf8.count <= 80 }, "\(shown)")
    }

    @Test("members that differ are counted by what they are")
    func mixed() throws {
        var mixed = plan(workers: 3...3, last: 20)
        mixed.allowMixedKernels = true
        var bench = Bench(mixed)
        let said = lines(bench.greet(1) + bench.greet(2, kernel: "haswell") + bench.greet(3, kernel: "haswell"))
        let summary = try #require(said.last)
        #expect(summary.text.contains("2 with ") && summary.text.contains("1 with "), "\(said)")
    }

    @Test("who comes to a run that is under way, or from another host, is shown at once")
    func later() {
        var bench = Bench(plan(last: 20))
        #expect(lines(bench.gather(2)).filter { $0.text.contains("is in") && $0.level == .info }.count == 2)
        var local = plan(last: 20)
        local.supervised = true
        bench = Bench(local)
        _ = bench.run(2)
        #expect(lines(bench.greet(3)).contains { $0.text.contains("is in") && $0.level == .info })
    }
}
