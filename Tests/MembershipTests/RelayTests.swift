import Membership
import Testing
import Waiting

/// Pieces of sums and states go to their receivers, in order, and to nobody else.
@Suite struct RelayTests {
    private func id(_ number: UInt64) -> ConnectionID { ConnectionID(number) }

    private func relay(
        _ kind: Relay.Kind, from source: UInt64, to targets: [UInt64], order: UInt64 = 7, with other: Relay? = nil
    ) -> Relay {
        Relay(kind, of: 20, from: id(source), to: targets.map(id), order: order, limit: 1000, with: other)
    }

    /// Hands in a piece of ten bytes.
    private func receivers(
        _ relay: inout Relay, _ kind: Relay.Kind, from source: UInt64, order: UInt64 = 7, of what: UInt64 = 20,
        at offset: UInt64 = 0, total: UInt64 = 100
    ) throws -> [ConnectionID] {
        try relay.receivers(kind, of: what, from: id(source), order: order, PiecePlace(offset: offset, count: 10, total: total))
    }

    @Test("a piece goes to those it was asked for, from the one that was asked, of the kind and for the order it was asked")
    func ways() throws {
        var relay = relay(.sum, from: 1, to: [2, 3])
        #expect(try receivers(&relay, .sum, from: 2).isEmpty, "nobody asked it")
        #expect(try receivers(&relay, .state, from: 1).isEmpty, "of another kind")
        #expect(try receivers(&relay, .sum, from: 1, order: 6).isEmpty, "left over from an order that is past")
        #expect(try receivers(&relay, .sum, from: 1, order: 8).isEmpty)
        #expect(try receivers(&relay, .sum, from: 1) == [id(2), id(3)])
        #expect(try receivers(&relay, .sum, from: 1, at: 10) == [id(2), id(3)])
    }

    @Test("a sum and a state of one order go on beside each other")
    func together() throws {
        let sum = relay(.sum, from: 1, to: [2])
        var both = relay(.state, from: 1, to: [4], with: sum)
        #expect(try receivers(&both, .sum, from: 1) == [id(2)])
        #expect(try receivers(&both, .state, from: 1) == [id(4)])
    }

    @Test("a newer order ends what was under way")
    func anew() throws {
        let old = relay(.sum, from: 1, to: [2])
        var new = relay(.state, from: 3, to: [2], order: 8, with: old)
        #expect(try receivers(&new, .sum, from: 1).isEmpty)
        #expect(try receivers(&new, .sum, from: 1, order: 8).isEmpty)
        #expect(try receivers(&new, .state, from: 3, order: 8) == [id(2)])
    }

    @Test(
        "a piece that is not the next of what was asked for reaches nobody, nor does what follows it",
        arguments: [
            (of: 21, at: 10, total: 100),  // of another step
            (of: 20, at: 0, total: 100),  // a second time
            (of: 20, at: 30, total: 100),  // one is left out
            (of: 20, at: 10, total: 90),  // another length than before
            (of: 20, at: 10, total: 2000),  // longer than there can be
            (of: 20, at: 10, total: 5), (of: 20, at: .max, total: .max),
        ] as [(of: UInt64, at: UInt64, total: UInt64)])
    func lies(lie: (of: UInt64, at: UInt64, total: UInt64)) throws {
        var relay = relay(.state, from: 1, to: [2])
        #expect(try receivers(&relay, .state, from: 1) == [id(2)])
        #expect(throws: PieceFault.self) {
            try receivers(&relay, .state, from: 1, of: lie.of, at: lie.at, total: lie.total)
        }
        #expect(try receivers(&relay, .state, from: 1, at: 10).isEmpty)
    }

    @Test("a stream that is whole is over: nobody gets it a second time")
    func whole() throws {
        var relay = relay(.state, from: 1, to: [2])
        for offset in stride(from: 0 as UInt64, to: 100, by: 10) {
            #expect(try receivers(&relay, .state, from: 1, at: offset) == [id(2)])
        }
        #expect(try receivers(&relay, .state, from: 1).isEmpty)
    }

    @Test("a copy that was asked for anew begins at 0, whatever comes of the one before")
    func copies() throws {
        func place(_ offset: UInt64) -> PiecePlace { PiecePlace(offset: offset, count: 10, total: 30) }
        var copies = IncomingCopies(limit: 1000)
        #expect(try copies.receive(step: 4, place(0)) == .unwanted, "nobody asked for it")
        copies.expect(step: 4, .checkpoint)
        #expect(try copies.receive(step: 4, place(0)) == .more)
        copies.expect(step: 4, .evaluation)
        #expect(try copies.receive(step: 4, place(10)) == .unwanted, "the rest of the first")
        #expect(try copies.receive(step: 4, place(0)) == .more)
        #expect(try copies.receive(step: 4, place(10)) == .more)
        #expect(try copies.receive(step: 4, place(0)) == .more, "its source was asked twice, and begins again")
        #expect(try copies.receive(step: 4, place(10)) == .more)
        #expect(throws: PieceFault.self) { try copies.receive(step: 4, place(10)) }
        #expect(try copies.receive(step: 4, place(20)) == .whole(.evaluation))
        #expect(try copies.receive(step: 4, place(20)) == .unwanted)
        copies.expect(step: 5, .checkpoint)
        _ = try copies.receive(step: 5, place(0))
        copies.forget(step: 5)
        #expect(try copies.receive(step: 5, place(10)) == .unwanted)
    }

    @Test("pieces of no bytes cannot go on for ever")
    func empty() throws {
        var progress = StreamProgress(limit: 10)
        #expect(throws: PieceFault.self) { try progress.advance(by: PiecePlace(offset: 0, count: 0, total: 10)) }
        try progress.advance(by: PiecePlace(offset: 0, count: 0, total: 0))
        #expect(progress.isWhole)
    }
}
