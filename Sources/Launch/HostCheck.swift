import Foundation
import Kernels
import Processes
import Runs
import Wire

/// What a launch is checked for.
public struct HostCheckOptions: Sendable {
    public var build: String
    /// Whether hosts dial each other (a ring, or summation servers on them), or all of them dial the coordinator's data port.
    public var dialsMembers: Bool
    /// The coordinator's port; 0: any.
    public var port: Int
    /// Ring: the first worker's data port on every host, the others follow; server: the coordinator's. 0: any.
    public var dataPort: Int
    /// Kernel family of the run.
    public var kernel: String
    /// Whether the run exists already, and so keeps its family.
    public var kernelIsFixed: Bool
    public var allowMixedKernels: Bool

    public init(
        build: String, dialsMembers: Bool, port: Int = 0, dataPort: Int = 0, kernel: String, kernelIsFixed: Bool = false,
        allowMixedKernels: Bool = false
    ) {
        self.build = build
        self.dialsMembers = dialsMembers
        self.port = port
        self.dataPort = dataPort
        self.kernel = kernel
        self.kernelIsFixed = kernelIsFixed
        self.allowMixedKernels = allowMixedKernels
    }
}

/// The addresses at which the processes of a launch find each other.
struct LaunchAddresses: Equatable {
    /// Where the coordinator listens.
    var listen: HostPort
    /// Where the workers of a host dial it.
    var coordinator: [String: HostPort] = [:]
    /// The address that a host's workers tell the others; none where they are never dialled.
    var advertise: [String: String] = [:]
}

/// Finds out whether a launch would succeed, before anything is started.
struct HostCheck {
    let roster: HostRoster
    let options: HostCheckOptions
    private(set) var findings: [Finding]
    private var reach = Reach()
    /// The ports listened on for the time of the check.
    private var port = 0
    private var listenHost = "0.0.0.0"
    private var ports: [String: Int] = [:]
    private static let data = "data"

    init(roster: HostRoster, options: HostCheckOptions) {
        self.roster = roster
        self.options = options
        findings = roster.missing
    }

    var problems: [Finding] { findings.filter { $0.weight == .problem } }

    /// Checks; nil where something is wrong, which `findings` then tells.
    mutating func run() -> LaunchAddresses? {
        findings += compare(roster.hosts)
        // A host of another build does not understand the requests that follow.
        guard problems.isEmpty else { return nil }
        let nonce = hexDigits(Secret.bytes(16))
        defer { _ = HostRoster.ask(roster.everybody.map { ($0, .endListening) }) }
        guard listen(nonce) else { return nil }
        dialHere(nonce)
        if options.dialsMembers { dialEachOther(nonce) }
        guard problems.isEmpty else { return nil }
        return addresses()
    }

    private func compare(_ members: [HostRoster.Member]) -> [Finding] {
        HostComparison.findings(
            here: roster.here.hello, hosts: members.map { ($0.entry.host, $0.hello) },
            runKernel: options.kernelIsFixed ? options.kernel : nil, allowMixedKernels: options.allowMixedKernels)
    }

    private var names: [String] { roster.hosts.map(\.entry.host) }

    private mutating func listen(_ nonce: String) -> Bool {
        let here = roster.here
        do {
            guard case .listening(let host, let port) = try HostRoster.ask(here, .listen(port: options.port, nonce: nonce)) else {
                return false
            }
            (listenHost, self.port) = (host == "::" ? "::" : "0.0.0.0", port)
        } catch {
            problem(HostRoster.hereName, .portTaken(.control, reason: "\(error)"))
        }
        var wanted: [(member: HostRoster.Member, port: Int)] = []
        if options.dialsMembers {
            for host in roster.hosts {
                let count = options.dataPort == 0 ? 1 : host.entry.slots
                wanted += (0..<count).map { (host, options.dataPort == 0 ? 0 : options.dataPort + $0) }
            }
        } else {
            wanted.append((here, options.dataPort))
        }
        let answers = HostRoster.ask(wanted.map { ($0.member, .listen(port: $0.port, nonce: nonce)) })
        for (want, answer) in zip(wanted, answers) {
            let name = want.member.entry.host
            switch answer {
            case .success(.listening(_, let port)): if ports[name] == nil { ports[name] = port }
            case .success: break
            case .failure(let error):
                problem(name, .portTaken(.data, reason: "\(error)"))
            }
        }
        return problems.isEmpty
    }

    /// Every host dials this one: at the coordinator's port and, for a summation server, at its data port.
    private mutating func dialHere(_ nonce: String) {
        let here = roster.here
        let targets = roster.hosts.map { host in
            let addresses = HostRoster.candidates(for: here, from: host)
            return [
                ProbeTarget(name: HostRoster.hereName, addresses: addresses, port: port, nonce: nonce),
                ports[HostRoster.hereName].map { ProbeTarget(name: Self.data, addresses: addresses, port: $0, nonce: nonce) },
            ].compactMap(\.self)
        }
        dial(Array(zip(roster.hosts, targets)))
        for name in names where reach.first(from: name, to: HostRoster.hereName) == nil {
            problem(name, unreachable(.coordinator(isFixed: options.port != 0), from: name, to: HostRoster.hereName, port: port))
        }
        guard let dataPort = ports[HostRoster.hereName] else { return }
        for name in names where reach.first(from: name, to: Self.data) == nil {
            problem(name, unreachable(.summation(isFixed: options.dataPort != 0), from: name, to: Self.data, port: dataPort))
        }
    }

    /// Every host dials every other, and itself where several of its workers are neighbours.
    private mutating func dialEachOther(_ nonce: String) {
        var requests: [(HostRoster.Member, [ProbeTarget])] = []
        for from in roster.hosts {
            let targets = peers(of: from).compactMap { to -> ProbeTarget? in
                let seen = reach.first(from: to.entry.host, to: HostRoster.hereName)?.seenAs
                return ports[to.entry.host].map {
                    ProbeTarget(
                        name: to.entry.host, addresses: HostRoster.candidates(for: to, from: from, seen: seen), port: $0,
                        nonce: nonce)
                }
            }
            requests.append((from, targets))
        }
        dial(requests)
        for from in roster.hosts {
            for to in peers(of: from) where reach.first(from: from.entry.host, to: to.entry.host) == nil {
                problem(
                    from.entry.host,
                    unreachable(
                        .worker(host: to.entry.host, isFixed: options.dataPort != 0), from: from.entry.host, to: to.entry.host,
                        port: ports[to.entry.host] ?? 0))
            }
        }
    }

    private func unreachable(_ door: HostFact.Door, from: String, to: String, port: Int) -> HostFact {
        .unreachable(
            door, reasons: reach.reasons(from: from, to: to, port: port), losesLarge: reach.losesLarge(from: from, to: to))
    }

    private func peers(of member: HostRoster.Member) -> [HostRoster.Member] {
        roster.hosts.filter { $0.entry.host != member.entry.host || $0.entry.slots > 1 }
    }

    private mutating func dial(_ requests: [(member: HostRoster.Member, targets: [ProbeTarget])]) {
        let answers = HostRoster.ask(requests.map { ($0.member, .dial($0.targets)) })
        for (request, answer) in zip(requests, answers) {
            let name = request.member.entry.host
            switch answer {
            case .success(.dialled(let results)):
                for target in request.targets {
                    reach.add(
                        from: name, to: target.name, candidates: target.addresses, results.filter { $0.target == target.name })
                }
            case .success: break
            case .failure(let error): problem(name, .failed(reason: "\(error)"))
            }
        }
    }

    private mutating func problem(_ host: String, _ fact: HostFact) {
        findings.append(Finding(.problem, host: host, fact))
    }

    /// One common address for all hosts, where there is one. Loopback is used only where no worker is on another host.
    private mutating func addresses() -> LaunchAddresses? {
        // A link-local address has a different zone on each host; then the coordinator listens on all its addresses.
        let common = reach.commonAddress(of: HostRoster.hereName, for: names) { !LinkLocal.isOne($0) }
        var plan = LaunchAddresses(listen: HostPort(host: common ?? listenHost, port: port))
        for name in names {
            guard let address = common ?? reach.first(from: name, to: HostRoster.hereName)?.address else { continue }
            plan.coordinator[name] = HostPort(host: address, port: port)
        }
        guard options.dialsMembers, !plan.listen.isLoopback else { return plan }
        for to in roster.hosts {
            let diallers = roster.hosts.filter { from in peers(of: from).contains { $0.entry.host == to.entry.host } }.map(
                \.entry.host)
            guard !diallers.isEmpty else { continue }
            // A host always reaches itself by loopback, which does not help the others: so their order comes first.
            let ordered = diallers.filter { $0 != to.entry.host } + diallers.filter { $0 == to.entry.host }
            guard let address = reach.commonAddress(of: to.entry.host, for: ordered, where: { !HostPort.isLoopback($0) }) else {
                problem(to.entry.host, .noCommonAddress)
                continue
            }
            plan.advertise[to.entry.host] = address
        }
        return problems.isEmpty ? plan : nil
    }

    /// What each host can do, one row for each.
    var table: TextTable {
        var table = TextTable(["host", "workers", "ssh", "lockstep", "same bits", "reaches this host", "reaches the others"])
        for host in roster.missing.map(\.host) { table.add([host, "", "no", "-", "-", "-", "-"]) }
        for member in roster.hosts {
            let name = member.entry.host
            let differs = compare([member]).contains { $0.weight == .problem }
            let tried = !reach.results.isEmpty
            let others = peers(of: member).map(\.entry.host)
            let reached = others.filter { reach.first(from: name, to: $0) != nil }
            table.add([
                name, "\(member.entry.slots)", "yes", member.hello.build == roster.here.hello.build ? "yes" : "other build",
                differs ? "no" : "yes",
                tried ? reach.first(from: name, to: HostRoster.hereName)?.address ?? "no" : "-",
                !tried || !options.dialsMembers || others.isEmpty
                    ? "-" : reached.count == others.count ? "yes" : "\(reached.count) of \(others.count)",
            ])
        }
        return table
    }
}
