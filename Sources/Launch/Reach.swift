import Wire

/// Which host reaches which at what address: the results of dialling every candidate.
struct Reach {
    struct Way: Hashable {
        var from: String
        var to: String
    }

    /// Results by pair, in the order of the candidates.
    private(set) var results: [Way: [DialResult]] = [:]

    /// Adds what `from` reports of one target; `candidates` gives the order that counts.
    mutating func add(from: String, to: String, candidates: [String], _ dialled: [DialResult]) {
        let order = Dictionary(candidates.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
        results[Way(from: from, to: to)] = dialled.sorted { order[$0.address] ?? .max < order[$1.address] ?? .max }
    }

    /// The addresses at which `from` reaches `to`.
    func addresses(from: String, to: String) -> [String] {
        (results[Way(from: from, to: to)] ?? []).filter { $0.seenAs != nil }.map(\.address)
    }

    /// The first result of a pair that reached its target.
    func first(from: String, to: String) -> DialResult? { (results[Way(from: from, to: to)] ?? []).first { $0.seenAs != nil } }

    /// An address of `to` that all `diallers` reach and that `fits`: the first in the order of the first dialler. A link-local address comes without
    /// its zone, which differs between diallers.
    func commonAddress(of to: String, for diallers: [String], where fits: (String) -> Bool = { _ in true }) -> String? {
        guard let first = diallers.first else { return nil }
        func reached(_ from: String) -> [String] { addresses(from: from, to: to).map(LinkLocal.withoutZone) }
        return reached(first).first { address in fits(address) && diallers.allSatisfy { reached($0).contains(address) } }
    }

    /// Whether `from` finds `to`, and the route there carries only small messages.
    func losesLarge(from: String, to: String) -> Bool {
        (results[Way(from: from, to: to)] ?? []).contains { $0.losesLarge == true }
    }

    /// Why `from` does not reach `to`: "10.0.0.1:7711 (No route to host), …".
    func reasons(from: String, to: String, port: Int) -> String {
        let failed = (results[Way(from: from, to: to)] ?? []).filter { $0.seenAs == nil }
        guard !failed.isEmpty else { return "port \(port): no address of it is known" }
        return failed.prefix(3).map { "\(HostPort(host: $0.address, port: port)) (\($0.reason ?? "no reason given"))" }
            .joined(separator: ", ")
    }
}

extension HostRoster {
    /// Addresses at which `dialler` may find `member`, the likeliest first.
    ///
    /// `seen` is the address from which `member` came to this machine, which the coordinator would hand to the others.
    static func candidates(for member: Member, from dialler: Member, seen: String? = nil) -> [String] {
        let sameMachine = member.hello.machine == dialler.hello.machine
        let isHere = member.entry.host == hereName
        var all: [String] = sameMachine ? ["127.0.0.1"] : []
        let caller = dialler.hello.caller
        if isHere, let caller { all.append(caller) }
        // These addresses are as this machine writes them; the dialler may have another name for a link.
        let isOwn = dialler.entry.host == hereName
        if let seen { all.append(isOwn ? seen : LinkLocal.retold(seen, to: caller)) }
        all += member.hello.addresses
        if !isHere { all.append(isOwn ? member.entry.host : LinkLocal.retold(member.entry.host, to: caller)) }
        var known: Set<String> = []
        // A link-local address without a zone means a different host on every link, and loopback means each machine itself.
        return all.filter { address in
            known.insert(address).inserted && !(LinkLocal.isOne(address) && LinkLocal.zone(of: address) == nil)
                && (sameMachine || !HostPort.isLoopback(address))
        }
    }
}
