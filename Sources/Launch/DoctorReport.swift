import Autoencoder
import Foundation
import Kernels
import Runs
import Wire

/// What a doctor has seen.
public struct DoctorReport: Sendable {
    public struct Host: Sendable {
        public var name: String
        public var hello: AgentHello
        public var machine: MachineReport?
    }

    /// One host and another, in one direction.
    public struct Pair: Sendable {
        public var from, to: String
        public var port: Int
        /// The address at which `from` reaches `to`; nil where it does not.
        public var address: String?
        /// The address of `from` as `to` sees it.
        public var seenAs: String?
        /// Why it does not reach it.
        public var reasons: String?
        /// `to` is found, and the route to it carries only small messages.
        public var losesLarge = false
        /// "yes", or why the name of `to` does not lead to it; nil where it has no name.
        public var byName: String?
        /// Nil where it was not asked for or could not be had.
        public var measure: LinkMeasure?
    }

    public var hosts: [Host]
    public var pairs: [Pair] = []
    public var findings: [Finding]

    /// Whether something would stop a run.
    public var hasProblems: Bool { findings.contains { $0.weight == .problem } }

    /// For a terminal: machines, pairs, findings.
    public var text: String {
        var parts = [hosts.count == 1 ? oneMachine(hosts[0]) : machines.text]
        if !pairs.isEmpty { parts.append(links.text) }
        parts.append(findings.isEmpty ? "nothing is wrong" : findings.map(\.description).joined(separator: "\n"))
        return parts.joined(separator: "\n\n")
    }

    private func oneMachine(_ host: Host) -> String {
        let hello = host.hello
        var table = TextTable(["", ""])
        table.add(["build", hello.build])
        table.add(["host", hello.hostName + (hello.addresses.isEmpty ? "" : " (\(hello.addresses.joined(separator: ", ")))")])
        table.add(["openblas", "\(hello.library), kernel \(hello.kernel), fingerprint \(hello.fingerprint)"])
        if let machine = host.machine {
            table.add(["system", machine.system])
            table.add([
                "CPU",
                "\(machine.cpu), \(machine.cores) core\(machine.cores == 1 ? "" : "s"), load \(String(format: "%.1f", machine.load))",
            ])
            table.add(["products", "\(Int(machine.gigaflops)) GFLOP/s a core, level \(machine.level)"])
            table.add(["same bits", Self.reference(machine)])
            let limit = machine.memoryLimit.map { ", \(Sizes.text($0)) allowed" } ?? ""
            table.add(["memory", "\(Sizes.text(machine.memoryAvailable)) of \(Sizes.text(machine.memoryTotal)) available\(limit)"])
            table.add([
                "swap",
                machine.swapTotal == 0 ? "none" : "\(Sizes.text(machine.swapFree)) of \(Sizes.text(machine.swapTotal)) free",
            ])
            table.add(["disk", "\(Sizes.text(machine.folder.free)) free in \(machine.folder.path)"])
            table.add(["fsync", Self.sync(machine.folder)])
            table.add(["loopback", machine.loopback.map { "\(Sizes.text(UInt64($0)))/s" } ?? "not measured"])
            table.add(["open files", "\(machine.descriptors)"])
            table.add(["threads", machine.threadsLeft.map { "\($0) more allowed" } ?? "no limit"])
        }
        return table.text.split(separator: "\n").map { $0.trimmingCharacters(in: .newlines) }.filter { !$0.isEmpty }
            .joined(separator: "\n")
    }

    /// Whether the machine reproduces the digests of the reference runs.
    private static func reference(_ machine: MachineReport) -> String {
        guard machine.missedReferences.isEmpty else {
            return "NO: other digests in \(machine.missedReferences.joined(separator: ", "))"
        }
        let names = ReferenceRun.all.map { "\($0.precision.rawValue) \($0.digest.prefix(8))" }
        return "the reference runs come to their digests (\(names.joined(separator: ", ")))"
    }

    private var machines: TextTable {
        var table = TextTable(
            ["host", "CPU", "cores", "load", "level", "same bits", "GFLOP/s", "memory", "disk", "fsync", "loopback"],
            right: [2, 3, 6, 7, 8])
        for host in hosts {
            guard let machine = host.machine else {
                table.add([host.name, "build \(host.hello.build)"])
                continue
            }
            table.add([
                host.name, machine.cpu, "\(machine.cores)", String(format: "%.1f", machine.load), machine.level,
                machine.missedReferences.isEmpty ? "yes" : "NO", "\(Int(machine.gigaflops))", Sizes.text(machine.memoryAvailable),
                Sizes.text(machine.folder.free), Self.sync(machine.folder),
                machine.loopback.map { "\(Sizes.text(UInt64($0)))/s" } ?? "",
            ])
        }
        return table
    }

    private var links: TextTable {
        var table = TextTable(["from", "to", "at", "seen as", "by name", "round trip", "there", "back"], right: [5, 6, 7])
        for pair in pairs {
            table.add([
                pair.from, pair.to, pair.address.map { "\(HostPort(host: $0, port: pair.port))" } ?? "not reached",
                pair.seenAs ?? "",
                pair.byName.map { $0 == "yes" ? "yes" : "no" } ?? "-", pair.measure.map { Sizes.milliseconds($0.roundTrip) } ?? "",
                pair.measure.map { "\(Sizes.text(UInt64($0.there)))/s" } ?? "",
                pair.measure.map { "\(Sizes.text(UInt64($0.back)))/s" } ?? "",
            ])
        }
        return table
    }

    private static func sync(_ folder: FolderReport) -> String {
        guard let median = folder.syncMedian, let worst = folder.syncWorst else { return folder.trouble ?? "not measured" }
        return "\(Sizes.milliseconds(median)), worst \(Sizes.milliseconds(worst))"
    }

    /// One object: hosts, pairs, findings. Sizes in bytes, times in seconds.
    public var json: JSON {
        .object([
            .init("hosts", .array(hosts.map(Self.json))), .init("pairs", .array(pairs.map(Self.json))),
            .init(
                "findings",
                .array(
                    findings.map {
                        [
                            "weight": .string($0.weight.rawValue), "host": .string($0.host), "finding": .string($0.fact.name),
                            "sentence": .string($0.sentence),
                        ]
                    })),
            .init("ready", .bool(!hasProblems)),
        ])
    }

    private static func json(_ host: Host) -> JSON {
        let hello = host.hello
        var members: [JSON.Member] = [
            .init("name", .string(host.name)), .init("host_name", .string(hello.hostName)), .init("build", .string(hello.build)),
            .init("library", .string(hello.library)), .init("kernel", .string(hello.kernel)),
            .init("kernels", .array(hello.kernels.map { .string($0) })), .init("fingerprint", .string(hello.fingerprint)),
            .init("executable", .string(hello.executable)), .init("addresses", .array(hello.addresses.map { .string($0) })),
        ]
        if let machine = host.machine {
            let folder = machine.folder
            members += [
                .init("system", .string(machine.system)), .init("cpu", .string(machine.cpu)), .init("cores", JSON(machine.cores)),
                .init("load", .real(machine.load)), .init("gigaflops", .real(machine.gigaflops)),
                .init("level", .string(machine.level)),
                .init("missed_references", .array(machine.missedReferences.map { .string($0) })),
                .init("memory_total", .unsigned(machine.memoryTotal)),
                .init("memory_available", .unsigned(machine.memoryAvailable)),
                .init("memory_limit", machine.memoryLimit.map { .unsigned($0) } ?? .null),
                .init("swap_total", .unsigned(machine.swapTotal)), .init("swap_free", .unsigned(machine.swapFree)),
                .init("threads_left", machine.threadsLeft.map { .unsigned($0) } ?? .null),
                .init("overcommit", JSON(machine.overcommit)), .init("descriptors", .unsigned(machine.descriptors)),
                .init("loopback_bytes_per_second", machine.loopback.map { .real($0) } ?? .null),
                .init("folder", .string(folder.path)), .init("disk_free", .unsigned(folder.free)),
                .init("fsync_median", folder.syncMedian.map { .real($0) } ?? .null),
                .init("fsync_worst", folder.syncWorst.map { .real($0) } ?? .null),
            ]
        }
        return .object(members)
    }

    private static func json(_ pair: Pair) -> JSON {
        func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
        return .object([
            .init("from", .string(pair.from)), .init("to", .string(pair.to)), .init("port", JSON(pair.port)),
            .init("address", text(pair.address)), .init("seen_as", text(pair.seenAs)), .init("reasons", text(pair.reasons)),
            .init("by_name", text(pair.byName)), .init("round_trip", pair.measure.map { .real($0.roundTrip) } ?? .null),
            .init("bytes_per_second_there", pair.measure.map { .real($0.there) } ?? .null),
            .init("bytes_per_second_back", pair.measure.map { .real($0.back) } ?? .null),
        ])
    }
}
