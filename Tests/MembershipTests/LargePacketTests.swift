import Membership
import Testing

/// A path to the coordinator that carries only small messages: a hello comes, but the answer to it does not arrive.
@Suite struct LargePacketTests {
    /// A worker's process comes, says nothing on its welcome, and ends the connection itself.
    private func comeAndGo(
        _ bench: inout Bench, _ connection: UInt64, process: UInt64, after patience: Duration = .seconds(8), held: HeldState? = nil,
        beats: Bool = false
    ) -> [CoordinatorDirective] {
        let greeted = bench.send(.hello(id(connection), identity(process), held: held))
        guard greeted.refusals.isEmpty else { return greeted }
        return greeted + bench.pass(patience, idle: beats ? [connection] : []) + bench.die(connection)
    }

    @Test(
        "the second time that nothing is said on a welcome tells of large packets, and the third hello is refused in a small message"
    )
    func refuses() throws {
        var bench = Bench(plan())
        for connection in 1...2 as ClosedRange<UInt64> {
            let lost = comeAndGo(&bench, connection, process: 1)
            #expect(lost.words.contains("does the way to it lose large packets?") && lost.refusals.isEmpty, "\(lost.words)")
        }
        let third = bench.send(.hello(id(3), identity(1)))
        let reason = try #require(third.refusals.first)
        #expect(reason.contains("large ones are lost") && reason.contains("MTU") && reason.utf8.count < 400)
        #expect(bench.die(3).isEmpty)
        // The others are no worse for it.
        #expect((bench.greet(4) + bench.greet(5)).members == [4, 5])
    }

    @Test("who answers in between begins anew")
    func answers() {
        var bench = Bench(plan())
        _ = comeAndGo(&bench, 1, process: 1)
        let answered = comeAndGo(&bench, 2, process: 1, beats: true)
        #expect(!answered.words.contains("large packets"), "\(answered.words)")
        for connection in 3...4 as ClosedRange<UInt64> { #expect(comeAndGo(&bench, connection, process: 1).refusals.isEmpty) }
        #expect(!bench.send(.hello(id(5), identity(1))).refusals.isEmpty)
    }

    @Test("a process that dies early, or is not heard while the coordinator itself stands still, speaks against no way")
    func others() {
        var bench = Bench(plan())
        for connection in 1...4 as ClosedRange<UInt64> {
            let lost = comeAndGo(&bench, connection, process: 1, after: .seconds(3))
            #expect(lost.refusals.isEmpty && !lost.words.contains("large packets"))
        }
        for connection in 5...8 as ClosedRange<UInt64> {
            _ = bench.send(.hello(id(connection), identity(2))) + bench.send(.tick)
            bench.now += .seconds(9)
            #expect(bench.send(.tick).words.contains("stood still"))
            let lost = bench.die(connection)
            #expect(lost.refusals.isEmpty && !lost.words.contains("large packets"), "\(lost.words)")
        }
    }

    @Test("who brings a state is not kept out, nor a process of this machine's own run")
    func keepsStates() {
        var bench = Bench(plan(generation: 2))
        let held = HeldState(run: "mine", generation: 1, position: .at(3))
        for connection in 1...4 as ClosedRange<UInt64> {
            #expect(comeAndGo(&bench, connection, process: 1, held: held, beats: true).refusals.isEmpty)
        }
        var own = Bench(plan(supervised: true))
        for connection in 1...4 as ClosedRange<UInt64> { #expect(comeAndGo(&own, connection, process: 1).refusals.isEmpty) }
    }
}
