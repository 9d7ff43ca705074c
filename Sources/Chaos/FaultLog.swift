import Runs

/// What was done to a run, and when it went on: seen from outside, by the wall clock of this machine.
///
/// A fault is over when the first phase of a membership that began after it is applied. Where several faults are over together,
/// the last one gets the time, and counts as one that overlapped.
package struct FaultLog {
    enum Ending: Sendable, Equatable {
        case open
        /// Seconds from the fault to the first phase applied after it; for a stopped worker from the verdict, for a
        /// stopped coordinator from its SIGCONT.
        case recovered(Double)
        /// No member was given up: the run waited and went on.
        case riddenOut
        /// It hit something that the run did not need: a worker still starting, a link of a membership that was over.
        case without
        /// A later fault came before it was over.
        case overtaken
        /// The run came to its end first.
        case runEnded
    }

    struct Fault: Sendable {
        var kind: FaultKind
        var at: Double
        var pids: [Int32]
        /// Whether a member of the run's last view was among its victims, or the coordinator.
        var hitsMember: Bool
        /// When a stopped process goes on.
        var goesOnAt: Double?
        var overlaps: Bool
        /// When the run gave a stopped worker up.
        var verdict: Double?
        var ending = Ending.open

        /// From when on the run can be expected to go on. A stopped coordinator keeps everybody waiting, and a slow link still carries data:
        /// a step that takes a quarter of a minute over it is no fault of the run. From any other fault the run must recover by itself.
        var letsGoAt: Double {
            switch kind {
            case .coordinatorStopped, .controlSlow, .gradientSlow: max(at, goesOnAt ?? at)
            default: at
            }
        }
    }

    private(set) var faults: [Fault] = []
    /// Seconds from each start of a coordinator that took over to the first phase applied under it.
    private(set) var takeovers: [Double] = []
    /// Seconds from the death of a coordinator to the next one's start: what the process itself takes.
    private(set) var restarts: [Double] = []
    private var tookOver: Double?
    /// A cut, or lost bytes, without an effect for this long have none.
    private static let cutPatience = 3.0

    package init() {}

    private var open: [Int] { faults.indices.filter { faults[$0].ending == .open } }

    /// From when on the run can be expected to go on after all its faults; nil where there was none.
    package var letsGoAt: Double? { faults.map(\.letsGoAt).max() }

    /// Whether all faults are over.
    var isCalm: Bool { open.isEmpty }

    package mutating func inflicted(_ kind: FaultKind, at: Double, pids: [Int32], hitsMember: Bool, goesOnAt: Double?) {
        let others = open
        var fault = Fault(
            kind: kind, at: at, pids: pids, hitsMember: hitsMember, goesOnAt: goesOnAt, overlaps: !others.isEmpty)
        if hitsMember {
            for index in others { faults[index].overlaps = true }
        } else {
            fault.ending = .without
        }
        faults.append(fault)
    }

    mutating func note(_ event: RunWatch.Event, views: [UInt64: Double]) {
        switch event.what {
        case "death":
            guard let pid = event.number("pid") else { return }
            for index in open where faults[index].kind == .workerStopped && faults[index].pids.contains(Int32(pid)) {
                if faults[index].verdict == nil, event.time > faults[index].at { faults[index].verdict = event.time }
            }
        case "goes_on":
            if let begun = event.number("view").flatMap({ views[$0] }) { goesOn(at: event.time, viewBegun: begun) }
        case "start", "resume":
            guard (event.number("generation") ?? 1) > 1 else { return }
            tookOver = event.time
            let deaths: Set<FaultKind> = [.coordinator, .coordinatorAndWorker, .olderCopy]
            if let death = faults.last(where: { deaths.contains($0.kind) && $0.at < event.time }) {
                restarts.append(event.time - death.at)
            }
        default: break
        }
    }

    private mutating func goesOn(at time: Double, viewBegun: Double) {
        if let start = tookOver {
            takeovers.append(time - start)
            tookOver = nil
        }
        let over = open.filter { faults[$0].at < viewBegun && !awaitsVerdict(faults[$0], viewBegun) }
        guard let last = over.last else { return }
        for index in over.dropLast() { faults[index].ending = .overtaken }
        let fault = faults[last]
        if fault.kind == .workerStopped, fault.verdict == nil {
            // The run went on for another reason, before the stopped worker was missed.
            faults[last].ending = .riddenOut
            return
        }
        let since = fault.verdict ?? (fault.kind == .coordinatorStopped ? fault.letsGoAt : fault.at)
        faults[last].ending = .recovered(max(0, time - since))
    }

    /// A membership that was formed while a worker is stopped and not yet given up says nothing about that fault.
    private func awaitsVerdict(_ fault: Fault, _ viewBegun: Double) -> Bool {
        guard fault.kind == .workerStopped || fault.kind == .coordinatorStopped else { return false }
        if let verdict = fault.verdict { return verdict > viewBegun }
        return (fault.goesOnAt ?? fault.at) > viewBegun
    }

    /// The run has done a step more.
    mutating func progress(at now: Double, lastView: Double) {
        for index in open {
            let fault = faults[index]
            guard lastView < fault.at else { continue }
            if fault.kind.lasts {
                if fault.verdict == nil, now > (fault.goesOnAt ?? fault.at) + 0.5 { faults[index].ending = .riddenOut }
            } else if fault.kind.isOnLink, now > fault.at + Self.cutPatience {
                faults[index].ending = .without
            }
        }
    }

    mutating func runEnded() {
        for index in open { faults[index].ending = .runEnded }
    }

    /// A line of JSON on each fault, for a user who wants to know what a slow recovery was.
    var lines: String {
        faults.map { fault in
            var members: [JSON.Member] = [
                .init("time", .real(fault.at)), .init("kind", .string(fault.kind.rawValue)),
                .init("pids", .array(fault.pids.map { .integer(Int64($0)) })), .init("overlaps", .bool(fault.overlaps)),
            ]
            if let goesOnAt = fault.goesOnAt { members.append(.init("lasts", .real(goesOnAt - fault.at))) }
            if let verdict = fault.verdict { members.append(.init("verdict", .real(verdict - fault.at))) }
            switch fault.ending {
            case .recovered(let seconds): members.append(.init("recovered", .real(seconds)))
            case .open, .riddenOut, .without, .overtaken, .runEnded: members.append(.init("ending", .string("\(fault.ending)")))
            }
            return JSON.object(members).text + "\n"
        }.joined()
    }

    mutating func add(_ other: FaultLog) {
        faults += other.faults
        takeovers += other.takeovers
        restarts += other.restarts
    }
}
