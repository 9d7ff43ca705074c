import Autoencoder
import Foundation

/// Runs as a table for a terminal, and as JSON.
public struct RunTable: Sendable {
    /// Letters of a line. It is longer where names are: they are never cut, since a person types them again.
    public static let width = 100

    private let runs: [RunSummary]
    private let now: Date

    /// - Parameter runs: in the order of the lines; with names that a terminal can show.
    public init(_ runs: [RunSummary], now: Date = Date()) {
        self.runs = runs
        self.now = now
    }

    /// A heading, and a line for each run; that of a damaged run says what is wrong with it.
    public var text: String {
        let heading = ["run", "recipe", "variant", "step", "age", "figure", "state"]
        let readable = runs.filter { $0.state != .damaged }
        let table = TextTable([heading] + readable.map(cells), leading: [0, 1, 2, 5, 6])
        var lines = table.lines[...]
        var all = [lines.removeFirst()]
        for run in runs {
            all.append(run.state == .damaged ? damaged(run) : lines.removeFirst())
        }
        return all.joined(separator: "\n")
    }

    /// One object: a line of `--json`. The member `problem` stands with a run that is damaged; what is not known is left out.
    public static func json(_ run: RunSummary) -> JSON {
        let members: [(String, JSON?)] = [
            ("run", .string(run.name)), ("path", .string(run.path)), ("state", .string(run.state.rawValue)),
            ("problem", run.problem.map { .string($0) }), ("recipe", run.recipe.map { .string($0) }),
            ("variant", run.variant.map { .string($0.rawValue) }), ("step", .unsigned(run.step)),
            ("steps", run.steps.map { .unsigned($0) }), ("begun", .string(Provenance.timestamp(run.begun))),
            ("epoch", run.epoch.map { JSON($0) }),
            ("figure", run.figure.map { ["name": .string($0.name), "value": .real($0.value)] }),
        ]
        return .object(members.compactMap { name, value in value.map { JSON.Member(name, $0) } })
    }

    private func cells(_ run: RunSummary) -> [String] {
        [
            run.name, run.recipe ?? "-", run.variant?.rawValue ?? "-",
            "\(run.step)/\(run.steps.map { "\($0)" } ?? "?")", Self.age(now.timeIntervalSince(run.begun)),
            run.figure?.words ?? "-", run.state.rawValue,
        ]
    }

    private func damaged(_ run: RunSummary) -> String {
        let start = "\(run.name)  \(run.state.rawValue): "
        let (problem, room) = (run.problem ?? "", max(Self.width / 2, Self.width - start.count))
        return start + (problem.count > room ? problem.prefix(room - 1) + "…" : problem)
    }

    /// "12 s", "5 min", "3 h", "2 d": in the largest unit that fits once, in days from two on.
    static func age(_ seconds: TimeInterval) -> String {
        let seconds = Int(max(0, min(seconds, 1e12)))
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}
