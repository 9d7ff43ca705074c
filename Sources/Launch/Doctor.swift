import Foundation
import Kernels
import Processes
import Runs
import Wire

/// `lockstep doctor`: looks at this machine, or at hosts and everything between them, and says what would stop a run.
public struct Doctor {
    /// What the doctor is to examine.
    public struct Options: Sendable {
        public var build: String
        public var kernel: String?
        /// Ports to try; 0: any.
        public var port: Int
        public var dataPort: Int
        /// Where a run would be written on this machine.
        public var folder: String?
        /// Seconds of a bandwidth measurement in one direction; 0: none.
        public var streamSeconds: Double

        public init(build: String, kernel: String?, port: Int, dataPort: Int, folder: String?, streamSeconds: Double) {
            self.build = build
            self.kernel = kernel
            self.port = port
            self.dataPort = dataPort
            self.folder = folder
            self.streamSeconds = streamSeconds
        }
    }

    private let roster: HostRoster
    private let options: Options

    /// Connects to the hosts.
    ///
    /// - Throws: where this machine's own agent cannot be had.
    public init(hosts: [HostEntry], starter: AgentStarter, options: Options) throws {
        self.options = options
        roster = try HostRoster(hosts, starter: starter, kernel: options.kernel, build: options.build)
    }

    /// Looks at everything; takes about a second a pair of hosts. The agents are gone when it returns.
    public func examine() -> DoctorReport {
        defer { roster.close() }
        var report = DoctorReport(
            hosts: roster.everybody.map { DoctorReport.Host(name: $0.entry.host, hello: $0.hello) }, findings: roster.missing)
        report.findings += HostComparison.findings(
            here: roster.here.hello, hosts: roster.hosts.map { ($0.entry.host, $0.hello) }, isForLibrary: options.kernel != nil)
        if let trouble = roster.here.hello.kernelTrouble {
            report.findings.append(Finding(.problem, host: HostRoster.hereName, .failed(reason: "\(trouble)")))
        }
        // An agent of another build may not understand the requests that follow.
        let able = roster.everybody.filter { $0.hello.build == roster.here.hello.build }
        survey(able, &report)
        if able.count > 1 { lookBetween(able, &report) }
        return report
    }

    private func survey(_ members: [HostRoster.Member], _ report: inout DoctorReport) {
        let answers = HostRoster.ask(
            members.map { ($0, .survey(folder: $0.entry.host == HostRoster.hereName ? options.folder : nil)) })
        for (member, answer) in zip(members, answers) {
            let name = member.entry.host
            switch answer {
            case .success(.survey(let machine)):
                let index = report.hosts.firstIndex { $0.name == name }
                if let index { report.hosts[index].machine = machine }
                report.findings += machine.findings(name: name, isHere: name == HostRoster.hereName)
            case .success: break
            case .failure(let error): report.findings.append(Finding(.problem, host: name, .failed(reason: "\(error)")))
            }
        }
    }

    private func lookBetween(_ members: [HostRoster.Member], _ report: inout DoctorReport) {
        let nonce = hexDigits(Secret.bytes(16))
        defer { _ = HostRoster.ask(members.map { ($0, .endListening) }) }
        var ports: [String: Int] = [:]
        let listening = HostRoster.ask(
            members.map { member in
                let port = member.entry.host == HostRoster.hereName ? options.port : options.dataPort
                return (member, .listen(port: port, nonce: nonce))
            })
        for (member, answer) in zip(members, listening) {
            let name = member.entry.host
            switch answer {
            case .success(.listening(_, let port)): ports[name] = port
            case .success: break
            case .failure(let error):
                report.findings.append(
                    Finding(.problem, host: name, .portTaken(.either, reason: "\(error)")))
            }
        }
        for pair in dial(members, ports: ports, nonce: nonce) {
            report.pairs.append(pair)
            if let finding = finding(pair) { report.findings.append(finding) }
        }
        if options.streamSeconds > 0 { measure(members, ports: ports, nonce: nonce, &report) }
    }

    private func dial(_ members: [HostRoster.Member], ports: [String: Int], nonce: String) -> [DoctorReport.Pair] {
        func target(_ to: HostRoster.Member, from: HostRoster.Member) -> ProbeTarget? {
            guard to.entry.host != from.entry.host, let port = ports[to.entry.host] else { return nil }
            // The host's own name is tried too: it is worth knowing whether the others can resolve it.
            let addresses =
                HostRoster.candidates(for: to, from: from) + (to.entry.host == HostRoster.hereName ? [to.hello.hostName] : [])
            return ProbeTarget(name: to.entry.host, addresses: addresses, port: port, nonce: nonce)
        }
        let targets = members.map { from in members.compactMap { target($0, from: from) } }
        let answers = HostRoster.ask(zip(members, targets).map { ($0, .dial($1)) })
        var reach = Reach()
        for (from, (targets, answer)) in zip(members, zip(targets, answers)) {
            guard case .success(.dialled(let results)) = answer else { continue }
            for target in targets {
                reach.add(
                    from: from.entry.host, to: target.name, candidates: target.addresses,
                    results.filter { $0.target == target.name })
            }
        }
        return members.flatMap { from in
            members.filter { $0.entry.host != from.entry.host }.map { to in
                let (a, b) = (from.entry.host, to.entry.host)
                let named = b == HostRoster.hereName ? to.hello.hostName : b
                let byName = reach.results[Reach.Way(from: a, to: b)]?.first { $0.address == named }
                let reached = reach.first(from: a, to: b)
                return DoctorReport.Pair(
                    from: a, to: b, port: ports[b] ?? 0, address: reached?.address, seenAs: reached?.seenAs,
                    reasons: reached == nil ? reach.reasons(from: a, to: b, port: ports[b] ?? 0) : nil,
                    losesLarge: reached == nil && reach.losesLarge(from: a, to: b),
                    byName: named.contains(where: \.isLetter) && !named.contains(":") ? byName.map { $0.reason ?? "yes" } : nil)
            }
        }
    }

    private func finding(_ pair: DoctorReport.Pair) -> Finding? {
        guard let reasons = pair.reasons else { return nil }
        if pair.from == HostRoster.hereName, !pair.losesLarge {
            return Finding(.note, host: pair.to, .notDialled(reasons: reasons))
        }
        let door: HostFact.Door =
            pair.to == HostRoster.hereName
            ? .here(isFixed: options.port != 0) : .other(host: pair.to, isFixed: options.dataPort != 0)
        return Finding(.problem, host: pair.from, .unreachable(door, reasons: reasons, losesLarge: pair.losesLarge))
    }

    /// One pair after the other, so that no measurement disturbs another.
    private func measure(_ members: [HostRoster.Member], ports: [String: Int], nonce: String, _ report: inout DoctorReport) {
        for index in report.pairs.indices {
            let pair = report.pairs[index]
            guard let address = pair.address, let from = members.first(where: { $0.entry.host == pair.from }) else { continue }
            let reverse = report.pairs.firstIndex { $0.from == pair.to && $0.to == pair.from }
            if pair.measure != nil { continue }
            for member in members { member.link.tell(.alive) }  // shows that the launcher lives: many pairs take long
            let target = ProbeTarget(name: pair.to, addresses: [address], port: pair.port, nonce: nonce)
            do {
                guard case .measured(let measure) = try HostRoster.ask(from, .measure(target, seconds: options.streamSeconds))
                else {
                    continue
                }
                report.pairs[index].measure = measure
                if let reverse {
                    report.pairs[reverse].measure = LinkMeasure(
                        roundTrip: measure.roundTrip, there: measure.back, back: measure.there)
                }
            } catch {
                report.findings.append(
                    Finding(.note, host: pair.from, .notMeasured(to: pair.to, reason: "\(error)")))
            }
        }
    }
}

extension MachineReport {
    /// What is wrong with a machine, or worth knowing about it. Only this machine writes a run folder.
    func findings(name: String, isHere: Bool) -> [Finding] {
        var findings: [Finding] = []
        func add(_ weight: Finding.Weight, _ fact: HostFact) { findings.append(Finding(weight, host: name, fact)) }
        if !procIsMounted { add(.problem, .noProc) }
        if let loopbackTrouble { add(.problem, .loopback(loopbackTrouble)) }
        for precision in missedReferences { add(.problem, .missedReference(precision: precision, level: level)) }
        if let trouble = folder.trouble, isHere { add(.problem, .notWritable(path: folder.path, reason: trouble)) }
        if isHere, folder.free < 1 << 30 {
            add(folder.free < 100 << 20 ? .problem : .note, .littleSpace(bytes: folder.free, path: folder.path))
        }
        if isHere, let worst = folder.syncWorst, worst > 1 { add(.note, .slowDisk(seconds: worst, path: folder.path)) }
        if descriptors < 256 { add(.problem, .fewDescriptors(Int(descriptors))) }
        let available = min(memoryAvailable, memoryLimit ?? .max)
        if available < 1 << 30 { add(.note, .littleMemory(bytes: available)) }
        if !addressLimits.isEmpty { add(.note, .addressLimit(addressLimits)) }
        if let threadsLeft, threadsLeft < 128 { add(.note, .threadLimit(threadLimits)) }
        if swapTotal > 0, swapFree < swapTotal / 2 { add(.note, .swapping) }
        if overcommit == 2 { add(.note, .strictMemory) }
        if load > 0.5 * Double(cores) { add(.note, .busy(load: load, cores: Int(cores))) }
        return findings
    }
}
