import Foundation
import Membership
import Runs

/// How changes of the membership are written in `metrics.jsonl`.
extension RunNote {
    var what: String {
        switch self {
        case .death: "death"
        case .join: "join"
        case .leave: "leave"
        case .serverDeath: "server_death"
        case .view: "view"
        case .goesOn: "goes_on"
        case .restart: "restart"
        case .standstill: "standstill"
        }
    }

    /// With the wall clock, so that the records of several processes can be compared.
    ///
    /// - Parameter pids: those of the members' processes where a view begins.
    func fields(pids: [UInt32]) -> [(String, JSON)] {
        let fields = own + [("time", .real(Date().timeIntervalSince1970))]
        guard case .view = self else { return fields }
        return fields + [("pids", .array(pids.map { .unsigned(UInt64($0)) }))]
    }

    private var own: [(String, JSON)] {
        switch self {
        case .death(let worker, let host, let pid, let rank, let step, let cause, let end):
            Self.who(worker, host, pid) + (rank.map { [("rank", .integer(Int64($0)))] } ?? []) + [("step", .unsigned(step))]
                + Self.why(cause, end)
        case .join(let worker, let host, let pid, let step), .leave(let worker, let host, let pid, let step):
            Self.who(worker, host, pid) + [("step", .unsigned(step))]
        case .serverDeath(let server, let host, let pid, let step, let cause):
            [
                ("server", .unsigned(UInt64(server))), ("host", .string(host)), ("pid", .unsigned(UInt64(pid))),
                ("step", .unsigned(step)),
            ] + Self.why(cause, nil)
        case .view(let number, let workers, let applied):
            [("view", .unsigned(number)), ("workers", .integer(Int64(workers))), ("applied", .unsigned(applied))]
        case .goesOn(let view, let milliseconds, let cause):
            [("view", .unsigned(view)), ("milliseconds", .real(milliseconds)), ("cause", .string(cause))]
        case .standstill(let view, let cause): [("view", .unsigned(view)), ("cause", .string(cause))]
        case .restart(let from, let to): [("from", .unsigned(from)), ("to", .unsigned(to))]
        }
    }

    /// A name for scripts, and a sentence.
    private static func why(_ cause: LossCause, _ end: ChildEnd?) -> [(String, JSON)] {
        [("cause", .string(cause.name(end))), ("reason", .string(cause.words(end)))]
    }

    private static func who(_ worker: UInt32, _ host: String, _ pid: UInt32) -> [(String, JSON)] {
        [("worker", .unsigned(UInt64(worker))), ("host", .string(host)), ("pid", .unsigned(UInt64(pid)))]
    }
}
