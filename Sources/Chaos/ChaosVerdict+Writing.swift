import Collectives
import Foundation
import Processes
import Runs

extension ChaosVerdict {
    /// The verdict as text for the user.
    public var text: String {
        var lines = [
            "runs       \(rounds.count) (\(topologies)), \(options.workers) workers, \(calm.count == 1 ? "one model" : "\(calm.count) models in turn")",
            "faults     \(faults.faults.count) (\(kills) signals and touched connections): \(kinds)",
            "endings    \(endings)",
            "lost       \(lost) steps; done again after every replica was gone: \(replayed) steps; lines missing in the metrics: \(missing)",
            "",
            pad("recovery, seconds", 44) + pad("count", 7, right: true)
                + ["p50", "p99", "max"].map { pad($0, 9, right: true) }.joined(),
        ]
        lines += recoveries.map { recovery in
            pad(recovery.name, 44) + pad("\(recovery.seconds.count)", 7, right: true)
                + [recovery.percentile(0.5), recovery.percentile(0.99), recovery.maximum].map { pad(seconds($0), 9, right: true) }
                .joined()
        }
        lines += ["", pad("process", 14) + "peak      first and last quarter   the longest lived, after 5 s and at its end"]
        lines += UsageRecord.Role.allCases.map(needs)
        if let reason = linksRefused {
            lines.append("links were not touched: the system does not lend descriptors here (\(reason))")
        }
        lines += [""] + findings.map(\.words)
        if isInterrupted { lines.append("interrupted") }
        // A model whose runs were never disturbed is left out.
        lines += calm.compactMap { calm in
            let own = rounds.filter { $0.result.calm.digest == calm.digest }
            guard !own.isEmpty else { return nil }
            return
                "digest     \(calm.digest) in \(own.count(where: \.digestIsEqual)) of \(own.count) runs of \(calm.lastStep) steps: \(calm.model.name)"
        }
        return lines.joined(separator: "\n")
    }

    private var topologies: String {
        let run = Set(rounds.map(\.result.topology))
        return options.topologies.filter(run.contains).map(\.rawValue).joined(separator: " and ")
    }

    private var kinds: String {
        let all = faults.faults
        return FaultKind.allCases.compactMap { kind in
            let count = all.count { $0.kind == kind }
            return count == 0 ? nil : "\(count) \(kind.rawValue)"
        }.joined(separator: ", ")
    }

    private var recovered: Int {
        faults.faults.count {
            if case .recovered = $0.ending { true } else { false }
        }
    }

    private var endings: String {
        "\(recovered) recovered, \(count(.overtaken)) overtaken by the next, \(count(.riddenOut)) ridden out, "
            + "\(count(.without)) without effect (still starting), \(count(.runEnded)) at the run's end"
    }

    private func needs(_ role: UsageRecord.Role) -> String {
        let usage = usage
        var line = pad(role.rawValue, 14) + pad(megabytes(usage.peak(role)), 10)
        line += pad(usage.quarters(role).map { "\(megabytes($0.first)), \(megabytes($0.last))" } ?? "-", 25)
        guard let (first, last) = usage.oldest(role) else { return line }
        return line
            + "\(megabytes(first.usage.resident)), \(megabytes(last.usage.resident)); \(first.usage.descriptors), \(last.usage.descriptors) descriptors; \(first.usage.threads), \(last.usage.threads) threads (\(Int(last.at - first.at)) s)"
    }

    private func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000) MB" }

    private func seconds(_ value: Double) -> String { String(format: "%.3f", value) }

    private func pad(_ text: String, _ width: Int, right: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return right ? space + text : text + space
    }

    /// The same for programs.
    public var json: JSON {
        let usage = usage
        return .object([
            .init("right", .bool(isRight)), .init("digest", .string(calm[0].digest)), .init("steps", .unsigned(calm[0].lastStep)),
            .init("models", JSON(calm.count)), .init("runs", JSON(rounds.count)),
            .init("digests_equal", JSON(rounds.count(where: \.digestIsEqual))),
            .init("faults", JSON(faults.faults.count)), .init("kills", JSON(kills)),
            .init(
                "kinds",
                .object(FaultKind.allCases.map { kind in .init(kind.rawValue, JSON(faults.faults.count { $0.kind == kind })) })),
            .init("recovered", JSON(recovered)), .init("overtaken", JSON(count(.overtaken))),
            .init("ridden_out", JSON(count(.riddenOut))), .init("without_effect", JSON(count(.without))),
            .init("at_the_end", JSON(count(.runEnded))), .init("steps_lost", .unsigned(lost)),
            .init("steps_replayed", .unsigned(replayed)), .init("lines_missing", JSON(missing)),
            .init(
                "recoveries",
                .object(
                    recoveries.map { recovery in
                        .init(
                            recovery.name,
                            [
                                "count": JSON(recovery.seconds.count), "p50": .real(recovery.percentile(0.5)),
                                "p99": .real(recovery.percentile(0.99)), "max": .real(recovery.maximum),
                            ])
                    })),
            .init(
                "peak_resident_bytes", .object(UsageRecord.Role.allCases.map { .init($0.rawValue, JSON(usage.peak($0))) })),
            .init("links_refused", linksRefused.map { .string($0) } ?? .null),
            .init(
                "findings",
                .array(findings.map { ["finding": .string($0.name), "sentence": .string($0.words)] })),
            .init("troubles", .array(findings.map { .string($0.words) })),
        ])
    }
}
