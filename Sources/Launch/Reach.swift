import Wire

/// Who reaches whom at which address: what came of dialling every candidate.
struct Reach {
    struct Way: Hashable {
        var from: String
        var to: String
    }

    /// Results by pair, in the order of the candidates.
    private(set) var results: [Way: [DialResult]] = [:]

    /// Takes what `from` says of one target; `candidates` gives the order that counts.
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

    /// One address of `to` that all of `diallers` reach and that `fits`, the first by the order of the first dialler; a link-local one without its
    /// zone, which is another for each of them.
    func commonAddress(of to: String, for diallers: [String], where fits: (String) -> Bool = { _ in true }) -> String? {
        guard let first = diallers.first else { return nil }
        func reached(_ from: String) -> [String] { addresses(from: from, to: to).map(LinkLocal.withoutZone) }
        return reached(first).first { address in fits(address) && diallers.allSatisfy { reached($0).contains(address) } }
    }

    /// Whether `from` finds `to`, and the way there carries small messages only.
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
        // These are this machine's words, where a link may have another name than it has for the dialler.
        let isOwn = dialler.entry.host == hereName
        if let seen { all.append(isOwn ? seen : LinkLocal.retold(seen, to: caller)) }
        all += member.hello.addresses
        if !isHere { all.append(isOwn ? member.entry.host : LinkLocal.retold(member.entry.host, to: caller)) }
        var known: Set<String> = []
        // A link-local address without a zone means another thing on every link, and loopback another machine on every machine.
        return all.filter { address in
            known.insert(address).inserted && !(LinkLocal.isOne(address) && LinkLocal.zone(of: address) == nil)
                && (sameMachine || !HostPort.isLoopback(address))
        }
    }
}
