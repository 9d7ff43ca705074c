import Coordinator
import Testing
import Wire
import Worker

/// Addresses that are valid only on one link, or only on one machine.
@Suite struct AddressTests {
    @Test(
        "link-local addresses are told from others",
        arguments: [
            ("fe80::1", true), ("fe80::1%eth0", true), ("FEBF::1", true), ("fec0::1", false), ("fd00::1", false), ("fe80", false),
            ("fe8::1", false), ("10.0.0.1", false), ("alpha", false),
        ])
    func linkLocal(host: String, isOne: Bool) { #expect(LinkLocal.isOne(host) == isOne) }

    @Test(
        "an address that comes without a zone, or with one that this host has not, is dialled in the zone of the way to who named it",
        arguments: [
            ("fe80::2", "fe80::1%eth7", "fe80::2%eth7"), ("fe80::2%no-such0", "fe80::1%eth7", "fe80::2%eth7"),
            ("fe80::2%lo", "fe80::1%eth7", "fe80::2%lo"), ("fe80::2", "fd00::1", "fe80::2"), ("fe80::2", nil, "fe80::2"),
            ("fd00::2", "fe80::1%eth7", "fd00::2"), ("10.0.0.2", "fe80::1%eth7", "10.0.0.2"), ("fe80::2%x", "fd00::1", "fe80::2%x"),
        ] as [(String, String?, String)])
    func dialled(host: String, own: String?, expected: String) { #expect(LinkLocal.dialled(host, from: own) == expected) }

    @Test("between hosts a link-local address has the zone of who is told of it")
    func retold() {
        #expect(LinkLocal.retold("fe80::2%eth0", to: "fe80::9%ens3") == "fe80::2%ens3")
        #expect(LinkLocal.retold("fd00::2", to: "fe80::9%ens3") == "fd00::2")
        #expect(LinkLocal.withoutZone("fe80::2%eth0") == "fe80::2" && LinkLocal.zone(of: "fe80::2") == nil)
    }

    @Test("who typed a link-local address without its zone is shown where it goes")
    func lacksZone() {
        #expect(LinkLocal.lacksZone("fe80::7:10") && LinkLocal.lacksZone("fe80::7:10%"))
        #expect(!LinkLocal.lacksZone("fe80::7:10%eth0") && !LinkLocal.lacksZone("fd00::1") && !LinkLocal.lacksZone("alpha"))
        #expect(LinkLocal.example("fe80::7:10") == "fe80::7:10%eth0")
    }

    private func words(_ bound: String, _ wanted: String, isChosen: Bool = true, _ addresses: [String] = ["10.0.0.5", "fd00::5"])
        -> ListeningPlace
    {
        ListeningPlace(bound: HostPort(host: bound, port: 7700), wanted: wanted, isChosen: isChosen, addresses: addresses)
    }

    @Test("a name that is loopback is told by its address, by who reaches that, and how others would come in")
    func nameOfLoopback() {
        let place = words("127.0.1.1", "alpha")
        #expect(
            place.words == "listening on 127.0.1.1:7700 (alpha), which this machine alone reaches; for workers on other hosts give "
                + "--listen 0.0.0.0:7700, or the address of an interface, for example 10.0.0.5:7700")
        #expect(place.isSurprise)
        #expect(!words("127.0.0.1", "localhost").isSurprise && !words("127.0.0.1", "127.0.0.1").isSurprise)
    }

    @Test("who has not chosen the address is not told how to choose; every other place is named with its addresses")
    func places() {
        #expect(
            words("127.0.0.1", "127.0.0.1", isChosen: false).words
                == "listening on 127.0.0.1:7700, which this machine alone reaches")
        #expect(words("10.0.0.5", "beta").words == "listening on 10.0.0.5:7700 (beta)" && !words("10.0.0.5", "beta").isSurprise)
        #expect(words("fe80::5%eth0", "fe80::5%eth0").words == "listening on [fe80::5%eth0]:7700")
        #expect(words("0.0.0.0", "0.0.0.0").words == "listening on 0.0.0.0:7700, every IPv4 address of this machine: 10.0.0.5")
        #expect(words("::", "::").words == "listening on [::]:7700, every address of this machine: 10.0.0.5, fd00::5")
        #expect(words("::", "::", []).words == "listening on [::]:7700, every address of this machine")
    }
}
