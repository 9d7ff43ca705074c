import Cluster
import Testing

/// Pieces of sums and states go to whom they are for, and to nobody else.
@Suite struct RelayTests {
    private func id(_ number: UInt64) -> ConnectionID { ConnectionID(number) }

    @Test("a piece goes to those it was asked for, from the one that was asked, of the kind and for the order it was asked")
    func ways() {
        let relay = Relay(.sum, from: id(1), to: [id(2), id(3)], order: 7, with: nil)
        #expect(relay.targets(.sum, from: id(1), order: 7) == [id(2), id(3)])
        #expect(relay.targets(.sum, from: id(2), order: 7).isEmpty, "nobody asked it")
        #expect(relay.targets(.state, from: id(1), order: 7).isEmpty, "of another kind")
        #expect(relay.targets(.sum, from: id(1), order: 6).isEmpty, "left over from an order that is past")
        #expect(relay.targets(.sum, from: id(1), order: 8).isEmpty)
    }

    @Test("a sum and a state of one order go on beside each other")
    func together() {
        let sum = Relay(.sum, from: id(1), to: [id(2)], order: 7, with: nil)
        let both = Relay(.state, from: id(1), to: [id(4)], order: 7, with: sum)
        #expect(both.targets(.sum, from: id(1), order: 7) == [id(2)])
        #expect(both.targets(.state, from: id(1), order: 7) == [id(4)])
    }

    @Test("a newer order ends what was under way")
    func anew() {
        let old = Relay(.sum, from: id(1), to: [id(2)], order: 7, with: nil)
        let new = Relay(.state, from: id(3), to: [id(2)], order: 8, with: old)
        #expect(new.targets(.sum, from: id(1), order: 7).isEmpty && new.targets(.sum, from: id(1), order: 8).isEmpty)
        #expect(new.targets(.state, from: id(3), order: 8) == [id(2)])
    }
}
