import Collectives
import Files
import Foundation
import Glibc
import Processes
import Runs
import Waiting

/// One run from its first step to its last, disturbed by faults on the way.
final class ChaosRound {
    /// Why a round ended before its run had.
    enum Stop: Sendable, Equatable {
        case hang(ChaosFinding)
        case interrupted
    }

    struct Result: Sendable {
        var topology: Topology
        var folder: String
        /// The calm run it is compared with.
        var calm: CalmRun
        var status: Int32?
        var stop: Stop?
        var faults: FaultLog
        var usage: UsageRecord
        /// Memberships it went through.
        var views: Int
        /// Steps that had to be done again: those lost while some replica lived, and those replayed while none did.
        var lost: UInt64
        var replayed: UInt64
        var firstWrong: UInt64?
        /// Signals sent, and faults on connections.
        var kills: Int
        /// Why no connection could be touched.
        var linksRefused: String?
        /// Steps whose lines were lost when an older copy took the newer folder's place.
        var forgotten: Set<UInt64>
        /// Times when no step came within the bar, each in a sentence.
        var stalls: [ChaosFinding]
        var leftBehind: [Int32]
        /// Processes that ended or broke down by themselves, in words.
        var accidents: [ChaosFinding]
        var seconds: Double
    }

    /// A run that does no step and writes nothing for this many seconds hangs.
    static let silence = 30.0
    /// Seconds after a fault within which a step comes, where any route is left.
    static let bar = 20.0
    /// A run that has stood still for this long is left alone until it goes on; otherwise new faults would hide that it cannot.
    private static let respite = 3.0
    /// No run may stand still for this long, whatever it writes.
    static let standstill = 180.0
    private static let look: Duration = .milliseconds(5)
    private static let sampleEvery = 1.0

    private let options: ChaosOptions
    private let topology: Topology
    private let folder: String
    private let calm: CalmRun
    private let watch: RunWatch
    private let clock: ChaosClock
    private var schedule: ChaosSchedule
    private var faultLog = FaultLog()
    private var usage = UsageRecord()
    private var supervisor: Int32 = 0
    /// Processes that this round has killed: the kernel may still list them for a moment.
    private var killed: Set<Int32> = []
    /// Stopped processes, and when they go on.
    private var stopped: [Int32: Double] = [:]
    private var seen: Set<Int32> = []
    private var planned: (fault: ChaosSchedule.Planned, since: Double)?
    private var due = 0.0
    private var nextSample = 0.0
    private var kills = 0
    private var lost: UInt64 = 0
    private var replayed: UInt64 = 0
    private var linksRefused: String?
    private var links = LinkFaults()
    private var olderCopy: OlderCopy?
    private var forgotten: Set<UInt64> = []
    private var stalls: [ChaosFinding] = []
    /// The step after which a stall was noted.
    private var stalledAfter: UInt64?
    private var isBareOfReplicas = false
    private var accidents: [ChaosFinding] = []

    init(options: ChaosOptions, topology: Topology, folder: String, calm: CalmRun, schedule: ChaosSchedule, clock: ChaosClock) {
        self.options = options
        self.topology = topology
        self.folder = folder
        self.calm = calm
        self.schedule = schedule
        self.clock = clock
        watch = RunWatch(path: folder + "/metrics.jsonl", phases: calm.phases, chains: calm.chains)
    }

    /// The schedule in the state in which this round left it.
    var scheduleAfterwards: ChaosSchedule { schedule }

    /// Runs it as far as the calm run went. Call it on the main thread: children die with the thread that started them.
    func run() throws -> Result {
        let began = Self.now
        let train = try TrainProcess(
            options: options, model: calm.model, topology: topology, folder: folder, lastStep: calm.lastStep)
        supervisor = train.pid
        due = began + schedule.interval()
        var status: Int32?
        var stop: Stop?
        while status == nil, stop == nil {
            let now = Self.now
            note(watch.poll(now: now), now)
            for (pid, until) in stopped where until <= now {
                kill(pid, SIGCONT)
                stopped[pid] = nil
            }
            if links.isDue(now) {
                let family = ProcessTree(supervisor: supervisor, dead: killed)
                links.look(at: now, pids: family.all, port: family.port)
            }
            noteStall(now)
            if now >= nextSample { sample(now) }
            if watch.step > 0, watch.step < calm.lastStep, clock.mayInflict(now, alreadyThisRound: faultLog.faults.count),
                now >= due
            {
                inflict(now)
            }
            stop = clock.isInterrupted ? .interrupted : hang(now)
            status = train.ended(within: Self.look)
        }
        for pid in stopped.keys { kill(pid, SIGCONT) }
        links.end()
        olderCopy?.remove()
        if stop != nil { train.end() }
        note(watch.poll(now: Self.now), Self.now)
        faultLog.runEnded()
        try Disk().replace(folder + "/faults.jsonl", with: Array(faultLog.lines.utf8))
        let leftBehind = reap()
        return Result(
            topology: topology, folder: folder, calm: calm, status: status, stop: stop, faults: faultLog, usage: usage,
            views: watch.views.count, lost: lost, replayed: replayed, firstWrong: watch.firstWrong, kills: kills,
            linksRefused: linksRefused, forgotten: forgotten, stalls: stalls, leftBehind: leftBehind,
            accidents: accidents + Self.breakdowns(folder),
            seconds: Self.now - began)
    }

    private static var now: Double { Date().timeIntervalSince1970 }

    // MARK: What the run does

    private func note(_ events: [RunWatch.Event], _ now: Double) {
        for event in events {
            if event.what == "view" { began(event) }
            if event.what == "death" { checkCause(event) }
            faultLog.note(event, views: watch.views)
        }
        // What was read just now may have happened before the last strike.
        countReplicas()
        if watch.progressed == now { faultLog.progress(at: now, lastView: watch.lastView) }
    }

    /// A membership that begins before a step that was done makes the run do it again.
    private func began(_ event: RunWatch.Event) {
        if isBareOfReplicas { replayed += event.undone } else { lost += event.undone }
        isBareOfReplicas = false
    }

    /// Notes when no process is left that holds the state.
    private func countReplicas() {
        guard !watch.formed.isEmpty else { return }
        if watch.formed.allSatisfy({ killed.contains($0) || stopped[$0] != nil }) { isBareOfReplicas = true }
    }

    /// A worker that has ended according to the system, and was not killed here, has a defect.
    private func checkCause(_ event: RunWatch.Event) {
        guard let pid = event.number("pid"), let cause = event.fields["cause"]?.stringValue, !killed.contains(Int32(pid)),
            cause == "killed" || cause == "exited"
        else { return }
        let reason = event.fields["reason"]?.stringValue ?? cause
        accidents.append(.untouchedLoss(pid: Int(pid), words: reason))
    }

    /// Logs that tell of a process that broke down.
    private static func breakdowns(_ folder: String) -> [ChaosFinding] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return (names.filter { $0.hasSuffix(".log") }.map { folder + "/" + $0 } + [folder + ".log"]).compactMap { path in
            let text = SystemText.text(path, limit: nil)
            let mark = ["*** Signal ", "Fatal error"].first(where: text.contains)
            return mark.map { .brokeDown(log: path, mark: $0) }
        }
    }

    private func sample(_ now: Double) {
        nextSample = now + Self.sampleEvery
        let family = ProcessTree(supervisor: supervisor, dead: killed)
        let all =
            [(supervisor, UsageRecord.Role.supervisor)] + family.workers.map { ($0, .worker) }
            + (family.coordinator.map { [($0, .coordinator)] } ?? [])
        for (pid, role) in all {
            seen.insert(pid)
            if let needs = ProcessTable.usage(of: pid) { usage.add(pid, role, needs, at: now) }
        }
    }

    /// Since when the run stands still although it could go on.
    private var standsSince: Double { max(watch.progressed, faultLog.letsGoAt ?? watch.progressed) }

    /// Notes once that a run has stood still for longer than the bar after the last fault.
    private func noteStall(_ now: Double) {
        guard watch.step > 0, stalledAfter != watch.step, let fault = faultLog.faults.last else { return }
        // After the last step come held-out figures and pictures. They are not urgent, and are made at the lowest priority.
        guard now - standsSince > (watch.step < calm.lastStep ? Self.bar : Self.standstill) else { return }
        stalledAfter = watch.step
        stalls.append(
            .stalled(
                folder: folder, step: watch.step, seconds: Int(now - watch.progressed),
                isAfterLastStep: watch.step >= calm.lastStep,
                lastFault: fault.kind))
    }

    /// How to judge a run that stands still, or nil.
    private func hang(_ now: Double) -> Stop? {
        let idle = now - standsSince
        guard idle > (watch.step < calm.lastStep ? Self.silence : Self.standstill) else { return nil }
        var status = stat()
        let spoke = stat(folder + "/coordinator.log", &status) == 0 ? Double(status.st_mtim.tv_sec) : 0
        guard now - spoke > Self.silence || idle > Self.standstill else { return nil }
        return .hang(.hangs(folder: folder, step: watch.step, seconds: Int(idle), silentSeconds: Int(now - spoke)))
    }

    /// Waits until every process of the run is gone; returns those that are left.
    private func reap() -> [Int32] {
        let deadline = Deadline(after: .seconds(10))
        while seen.contains(where: ProcessTable.lives), !deadline.hasPassed { Pause.wait(for: .milliseconds(20)) }
        let left = seen.filter(ProcessTable.lives).sorted()
        for pid in left { kill(pid, SIGKILL) }
        return left
    }

    // MARK: What is done to it

    private func inflict(_ now: Double) {
        guard now - watch.progressed < Self.respite else { return }
        guard let next = planned ?? schedule.next().map({ ($0, now) }) else { return }
        planned = next
        // Where the rule forbids the fault now, it may allow it soon: new workers are on their way.
        if attempt(next.fault, now) || now - next.since > options.patience {
            planned = nil
            due = now + schedule.interval()
        }
    }

    private func attempt(_ fault: ChaosSchedule.Planned, _ now: Double) -> Bool {
        let family = ProcessTree(supervisor: supervisor, dead: killed)
        seen.formUnion(family.all)
        if fault.kind.isOnLink { return strikeLink(fault, family, now) }
        switch fault.kind {
        case .worker, .twoWorkers:
            guard let victims = victims(fault.kind.workersKilled, family) else { return false }
            strike(fault.kind, victims, SIGKILL)
        case .everybody:
            let victims = family.workers
            guard !victims.isEmpty else { return false }
            strike(fault.kind, victims, SIGKILL)
        case .coordinator:
            guard let coordinator = family.coordinator else { return false }
            strike(fault.kind, [coordinator], SIGKILL)
        case .coordinatorAndWorker:
            guard let coordinator = family.coordinator, let victims = victims(1, family) else { return false }
            strike(fault.kind, [coordinator] + victims, SIGKILL)
        case .workerStopped:
            guard let victims = victims(1, family) else { return false }
            strike(fault.kind, victims, SIGSTOP, for: fault.lasts)
        case .coordinatorStopped:
            guard let coordinator = family.coordinator, stopped[coordinator] == nil else { return false }
            strike(fault.kind, [coordinator], SIGSTOP, for: fault.lasts)
        case .olderCopy: return bringBackOlderCopy(family, now)
        default: return false
        }
        return true
    }

    /// Workers whose loss leaves a replica alive, or nil where there are none at the moment.
    private func victims(_ count: Int, _ family: ProcessTree) -> [Int32]? {
        let able = family.workers.filter { stopped[$0] == nil }
        guard able.count >= count else { return nil }
        let victims = schedule.pick(count, of: able)
        guard options.sparesLast else { return victims }
        let holders = watch.members.filter { able.contains($0) }
        return holders.contains { !victims.contains($0) } ? victims : nil
    }

    private func strike(_ kind: FaultKind, _ pids: [Int32], _ signal: Int32, for seconds: Double? = nil) {
        let now = Self.now
        let hitsMember = pids.contains { watch.members.contains($0) } || kind.families.contains(.coordinator)
        faultLog.inflicted(kind, at: now, pids: pids, hitsMember: hitsMember, goesOnAt: seconds.map { now + $0 })
        for pid in pids {
            kill(pid, signal)
            kills += 1
            if let seconds { stopped[pid] = now + seconds } else { killed.insert(pid) }
        }
        countReplicas()
    }

    private func strikeLink(_ fault: ChaosSchedule.Planned, _ family: ProcessTree, _ now: Double) -> Bool {
        // Drop this fault: a later one will do.
        guard !links.isBusy else { return true }
        // A fault that swallows ends with SIGCONT for its victim, so the victim must not be one that is to stay stopped.
        let able = family.workers.filter { stopped[$0] == nil }
        guard let victim = schedule.pick(1, of: able).first, let port = family.port,
            family.coordinator.map({ stopped[$0] == nil }) == true
        else { return false }
        let reachable = able + (family.coordinator.map { [$0] } ?? [])
        switch links.strike(fault.kind, victim: victim, of: reachable, port: port, for: fault.lasts, &schedule, now: now) {
        case .struck(let pids):
            kills += 1
            faultLog.inflicted(
                fault.kind, at: now, pids: pids, hitsMember: watch.members.contains(victim),
                goesOnAt: fault.kind.lasts ? now + fault.lasts : nil)
            return true
        case .impossible: return false
        case .refused(let reason):
            linksRefused = reason
            schedule = schedule.withoutLinks()
            return true
        }
    }

    /// At first takes a copy. Later, when the run has gone on for a while, kills the coordinator and lets the next one find the copy.
    private func bringBackOlderCopy(_ family: ProcessTree, _ now: Double) -> Bool {
        guard let coordinator = family.coordinator, stopped[coordinator] == nil else { return false }
        guard let copy = olderCopy else {
            olderCopy = OlderCopy(of: folder, step: watch.step, while: coordinator)
            // With one more coordinator in between, the one that finds the copy takes a generation that workers know from another.
            if olderCopy != nil, schedule.pick(1, of: [true, false]) == [true] { strike(.coordinator, [coordinator], SIGKILL) }
            return false
        }
        let holders = watch.members.filter { family.workers.contains($0) && stopped[$0] == nil }
        guard watch.step >= copy.step + OlderCopy.distance, !holders.isEmpty else { return false }
        // The supervisor is stopped meanwhile; otherwise the next coordinator would start before the copy is in place.
        kill(supervisor, SIGSTOP)
        defer { kill(supervisor, SIGCONT) }
        strike(.olderCopy, [coordinator], SIGKILL)
        let deadline = Deadline(after: .seconds(5))
        while ProcessTable.lives(coordinator), !deadline.hasPassed { Pause.wait(for: .milliseconds(1)) }
        note(watch.poll(now: Self.now), Self.now)
        copy.restore()
        watch.wentBack()
        if watch.step > copy.step { forgotten.formUnion(copy.step + 1...watch.step) }
        olderCopy = nil
        return true
    }
}
