import Foundation
import Glibc
import Processes
import Runs
import Synchronization
import Waiting

/// `lockstep launch`: a coordinator on this machine, and workers on hosts, each host's through one agent.
///
/// It checks the hosts, starts everything, shows what the workers say, replaces what dies, and leaves nothing running. It holds
/// no part of the run itself.
public final class Launcher: Sendable {
    /// The place of something that can be replaced.
    private enum Place: Hashable {
        case worker(host: String, slot: Int)
        case connection(host: String)
    }

    private enum Standing {
        /// To be started, now or after a pause.
        case waiting
        case running
        /// Ended as it should, or on request.
        case left
        case givenUp
    }

    private struct Host {
        let entry: HostEntry
        var link: AgentLink?
        let hello: AgentHello
        /// Its workers, and after them its summation servers.
        var slots: [Standing]

        func isServer(_ slot: Int) -> Bool { slot >= entry.slots }
        func name(_ slot: Int) -> String { isServer(slot) ? "server" : "\(slot)" }
    }

    /// What the thread of chores is woken for.
    private enum Chore: Sendable {
        case startWorkers(host: String)
        /// Something may be due sooner than before.
        case look
    }

    private struct State {
        var coordinator: ChildProcess?
        var hosts: [String: Host] = [:]
        var replacements: Replacements<Place>
        var addresses: LaunchAddresses?
        var stopping = false
        var tooFew = false
        /// When the run is stopped for want of workers, and how many are left.
        var want: (deadline: Deadline, left: Int)?
        /// Stopped because too few workers were left.
        var failed = false
    }

    private let options: LaunchOptions
    private let starter: AgentStarter
    private let show: @Sendable (String) -> Void
    private let token = RunToken()
    private let state: Mutex<State>
    /// The pipe to the coordinator: its end means that this process is gone; its lines say which workers are not replaced.
    private let notices = Mutex<LinePipe?>(nil)
    /// What is left of the run, once there is one.
    private let resumeHint = Mutex<ResumeHint?>(nil)
    /// Looks after the coordinator, once there is to be one.
    private let keeper = Mutex<CoordinatorKeeper?>(nil)
    /// Wakes the thread that does restarts and what they need, one at a time.
    private let chores = Mailbox<Chore>()

    /// `show` takes lines for the user; it may be called on any thread.
    public init(options: LaunchOptions, starter: AgentStarter, show: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.starter = starter
        self.show = show
        state = Mutex(State(replacements: Replacements(limit: options.maxRestarts)))
    }

    /// Runs to the end; the exit status is the coordinator's.
    ///
    /// - Parameter coordinator: makes the run's folder. It returns the coordinator's arguments, without the listening address
    ///   and the token, and what to say where the coordinator does not end by itself. Called only when the hosts are ready.
    /// - Throws: `LocalError` where the system gives no process. Hosts that are not ready are no error: they are shown, and the
    ///   status is 1.
    public func run(coordinator: () throws -> (arguments: [String], resumeHint: ResumeHint)) throws -> Int32 {
        let suspension = StopSignals.Suspension { [self] in
            state.withLock { $0.coordinator }?.send(signal: SIGSTOP)
        } goesOn: { [self] in
            state.withLock { $0.coordinator }?.send(signal: SIGCONT)
        }
        let signals = try StopSignals(suspension: suspension) { [self] signal in
            firstSignal(signal)
        } onSecond: { [self] in
            killAll()
        }
        defer { signals.conclude() }
        guard let addresses = try prepare() else { return 1 }
        defer { closeAll() }
        let (arguments, resumeHint) = try coordinator()
        self.resumeHint.withLock { $0 = resumeHint }
        let (pipe, pulse) = try (LinePipe(), Pulse())
        notices.withLock { $0 = pipe }
        let keeper = keep(pulse)
        defer { keeper.close() }
        var lead = try start(arguments, at: addresses, pipe, pulse, keeper)
        for entry in options.hosts { chores.put(.startWorkers(host: entry.host)) }
        OwnedThread.detach(name: "launch") { [self] in doChores() }
        var replacements = Replacements<Int>(limit: options.maxRestarts)
        while true {
            let ending = lead.waitForEnd()
            let stopping = state.withLock { state in
                state.coordinator = nil
                return state.stopping
            }
            keeper.ended()
            guard case .killed = ending, !stopping, replacements.schedule(0, after: ending, at: MonotonicTime.now) else {
                state.withLock { $0.stopping = true }
                return status(of: lead.pid, ending, keeper.words(on: "\(ending)"))
            }
            show("lockstep: the coordinator (pid \(lead.pid)) was \(ending); it is started again, the workers keep their state")
            guard
                let next = startAgain(&replacements, { try start(arguments, at: addresses, pipe, pulse, keeper) })
            else { return 1 }
            lead = next
        }
    }

    /// Starts the coordinator once that is due. Where the system gives no process, the start is tried again like the replacement of a child that dies
    /// young. Nil where it is not tried any more.
    private func startAgain(_ replacements: inout Replacements<Int>, _ start: () throws -> ChildProcess) -> ChildProcess? {
        while true {
            Pause.wait(for: max(.zero, (replacements.next ?? .zero) - MonotonicTime.now))
            _ = replacements.due(at: MonotonicTime.now)
            do {
                return try start()
            } catch {
                guard !state.withLock({ $0.stopping }), replacements.schedule(0, after: .exited(1), at: MonotonicTime.now) else {
                    state.withLock { $0.stopping = true }
                    show("lockstep: the coordinator cannot be started: \(error); \(rest)")
                    return nil
                }
                show("lockstep: the coordinator cannot be started: \(error); it is tried again")
            }
        }
    }

    private func keep(_ pulse: Pulse) -> CoordinatorKeeper {
        let made = CoordinatorKeeper(pulse: pulse) { [self] in
            show("lockstep: \($0)")
        } onLeave: { [self] in
            // The coordinator hangs in the kernel, even though it was killed.
            guard let lead = state.withLock({ $0.coordinator }) else { return }
            let status = status(of: lead.pid, .killed(signal: SIGKILL), CoordinatorKeeper.wordsOnLeaving)
            killAll()
            _exit(status)
        }
        keeper.withLock { $0 = made }
        // A signal may have come before the keeper existed.
        if state.withLock({ $0.stopping }) { made.askedToStop() }
        return made
    }

    // MARK: Before the run

    /// Only checks; 0 where a launch would begin, else 1.
    public func check() throws -> Int32 {
        guard try prepare() != nil else { return 1 }
        closeAll()
        show("every host is ready")
        return 0
    }

    private func prepare() throws -> LaunchAddresses? {
        show("checking \(options.hosts.count) host\(options.hosts.count == 1 ? "" : "s")")
        let roster = try HostRoster(
            options.hosts, starter: starter, kernel: options.check.allowMixedKernels ? nil : options.check.kernel,
            build: options.check.build
        ) { [self] entry, event in hear(event, from: entry) }
        var check = HostCheck(roster: roster, options: options.check)
        let addresses = check.run()
        for note in check.findings where note.weight == .note { show(note.sentence) }
        guard let addresses else {
            roster.close()
            show(check.table.text)
            for problem in check.problems { show("lockstep: \(problem.sentence)") }
            show("lockstep: nothing was started; `lockstep doctor -H …` looks closer")
            return nil
        }
        HostRoster.close([roster.here.link])
        state.withLock { state in
            state.addresses = addresses
            for (index, member) in roster.hosts.enumerated() {
                // Servers go to the hosts one after the other, and round again where there are more servers than hosts.
                let servers = (0..<options.servers).count { $0 % roster.hosts.count == index }
                state.hosts[member.entry.host] = Host(
                    entry: member.entry, link: member.link, hello: member.hello,
                    slots: Array(repeating: .waiting, count: member.entry.slots + servers))
            }
        }
        return addresses
    }

    private func start(
        _ arguments: [String], at addresses: LaunchAddresses, _ notices: LinePipe, _ pulse: Pulse, _ keeper: CoordinatorKeeper
    ) throws -> ChildProcess {
        let secret = try SealedMemory(token.line)
        let dataPort = options.check.dialsMembers ? [] : ["--data-port", "\(options.check.dataPort)"]
        let tie = ["--parent-pid", "\(getpid())", "--parent-descriptor", "\(Supervisor.parentDescriptor)"]
        // The kernel family is set from the first instruction: a process that takes it later executes itself anew.
        let environment = try KernelChoice.environment(ProcessInfo.processInfo.environment, kernel: options.check.kernel)
        let lead = try secret.withDescriptor { secret in
            try ChildProcess(
                executable: starter.executable,
                arguments: arguments + ["--listen", "\(addresses.listen)"] + dataPort + RunToken.arguments + Pulse.arguments + tie,
                environment: environment,
                descriptors: [
                    (secret, RunToken.descriptor), (notices.reading, Supervisor.parentDescriptor),
                    (pulse.writing, Pulse.descriptor),
                ], holdsStopSignals: true)
        }
        keeper.started(lead.pid)
        let stopping = state.withLock { state in
            state.coordinator = lead
            return state.stopping
        }
        if stopping { lead.send(signal: SIGTERM) }
        return lead
    }

    // MARK: Chores

    /// Starts workers, replaces what is due, stops a run that has too few workers and keeps the connections alive, until the run is over.
    private func doChores() {
        var alive = Deadline(after: AgentLines.aliveEvery)
        while true {
            let due = state.withLock { state -> Deadline in
                let next = state.stopping ? nil : state.replacements.next.map { Deadline(after: $0 - MonotonicTime.now) }
                return [alive, next, state.want?.deadline].compactMap { $0 }.min() ?? alive
            }
            if case .startWorkers(let host)? = chores.take(.until(due)) { startWorkers(on: host) }
            replaceWhatIsDue()
            stopForWant()
            guard alive.hasPassed else { continue }
            for link in links { link.tell(.alive) }
            if state.withLock({ $0.stopping && $0.coordinator == nil }) { return }
            alive = Deadline(after: AgentLines.aliveEvery)
        }
    }

    private func replaceWhatIsDue() {
        for place in state.withLock({ $0.stopping ? [] : $0.replacements.due(at: MonotonicTime.now) }) {
            switch place {
            case .worker(let host, let slot): startWorker(on: host, slot: slot)
            case .connection(let host):
                guard let entry = state.withLock({ $0.hosts[host]?.entry }) else { continue }
                OwnedThread.detach(name: "connect") { [self] in reach(entry) }
            }
        }
    }

    // MARK: Workers

    private func startWorkers(on host: String) {
        let count = state.withLock { $0.hosts[host]?.slots.count ?? 0 }
        for slot in 0..<count { startWorker(on: host, slot: slot) }
    }

    private func startWorker(on host: String, slot: Int) {
        let (link, arguments): (AgentLink?, [String]) = state.withLock { state in
            guard !state.stopping, let one = state.hosts[host], let link = one.link, one.slots[slot] == .waiting else {
                return (nil, [])
            }
            state.hosts[host]?.slots[slot] = .running
            return (link, self.arguments(host: host, one, slot: slot, state))
        }
        guard let link else { return }
        let mailbox = link.ask(.start(slot: slot, arguments: arguments, token: token.line))
        OwnedThread.detach(name: "start") { [self] in
            guard case .failure(let error)? = mailbox.take(.atMost(.seconds(30))) else { return }
            show("[\(name(host, slot))] cannot be started: \(error)")
            ended(host: host, slot: slot, .exited(1))
        }
    }

    private func arguments(host: String, _ one: Host, slot: Int, _ state: State) -> [String] {
        var arguments =
            one.isServer(slot)
            ? ["server"] : ["worker", "--threads", "\(options.threads ?? max(1, one.hello.cores / one.entry.slots))"]
        if let address = state.addresses?.coordinator[host] { arguments += ["--coordinator", "\(address)"] }
        if let address = state.addresses?.advertise[host] {
            arguments += ["--advertise", address.contains(":") ? "[\(address)]" : address]
        }
        if options.check.dialsMembers, options.check.dataPort > 0 {
            arguments += ["--data-port", "\(options.check.dataPort + slot)"]
        }
        return arguments + RunToken.arguments
    }

    /// "alpha/0", or "alpha/server".
    private func name(_ host: String, _ slot: Int) -> String {
        "\(host)/\(state.withLock { $0.hosts[host] }?.name(slot) ?? "\(slot)")"
    }

    private func hear(_ event: AgentLink.Event, from entry: HostEntry) {
        let host = entry.host
        switch event {
        case .output(let slot, let line): show("[\(name(host, slot))] \(line)")
        case .remark(let line): show("[\(host)] \(line)")
        case .ended(let slot, let ending): ended(host: host, slot: slot, ending)
        case .lost(_, let last): lost(host, last: last)
        }
    }

    private func ended(host: String, slot: Int, _ ending: ChildProcess.Ending) {
        let who = "[\(name(host, slot))]"
        let isServer = state.withLock { $0.hosts[host]?.isServer(slot) ?? false }
        let standing: Standing? = state.withLock { state in
            guard !state.stopping, state.hosts[host]?.slots[slot] == .running else { return nil }
            let standing: Standing =
                if ending == .exited(0) {
                    .left
                } else if ending.isAccident,
                    state.replacements.schedule(.worker(host: host, slot: slot), after: ending, at: MonotonicTime.now)
                {
                    .waiting
                } else {
                    .givenUp
                }
            state.hosts[host]?.slots[slot] = standing
            return standing
        }
        switch standing {
        case nil, .running?: return
        case .left?: show("\(who) has left")
        case .waiting?: show("\(who) ended (\(ending)); it is started again")
        case .givenUp? where isServer: show("\(who) ended (\(ending)) and is not started again; the run goes on without it")
        case .givenUp?: giveUp("\(who) ended (\(ending)) and is not started again\(ending.isAccident ? " (--max-restarts)" : "")")
        }
        chores.put(.look)
    }

    // MARK: Connections

    private func lost(_ host: String, last: String) {
        let again: Bool? = state.withLock { state in
            guard state.addresses != nil, !state.stopping, state.hosts[host] != nil else { return nil }
            state.hosts[host]?.link = nil
            stand(host, .waiting, from: .running, &state)
            return connectAgain(host, &state)
        }
        guard let again else { return }
        tell("[\(host)] the connection is gone\(last.isEmpty ? "" : " (\(last))") and its workers with it", again: again)
    }

    /// Whether a new connection is scheduled; if not, the host's workers are given up.
    private func connectAgain(_ host: String, _ state: inout State) -> Bool {
        let again = state.replacements.schedule(.connection(host: host), after: .exited(255), at: MonotonicTime.now)
        if !again { stand(host, .givenUp, from: .waiting, &state) }
        return again
    }

    private func stand(_ host: String, _ standing: Standing, from old: Standing, _ state: inout State) {
        for slot in state.hosts[host]?.slots.indices ?? 0..<0 where state.hosts[host]?.slots[slot] == old {
            state.hosts[host]?.slots[slot] = standing
        }
    }

    private func tell(_ what: String, again: Bool) {
        if again { show("\(what); it is tried again") } else { giveUp("\(what); it is not tried again (--max-restarts)") }
        chores.put(.look)
    }

    private func reach(_ entry: HostEntry) {
        let host = entry.host
        guard !state.withLock({ $0.stopping }) else { return }
        let kernel = options.check.allowMixedKernels ? nil : options.check.kernel
        var trouble = ""
        do {
            let link = try starter.remote(entry, kernel: kernel) { [self] in hear($0, from: entry) }
            do {
                let hello = try link.hello(within: AgentStarter.patience)
                guard hello.build == options.check.build else { throw AgentLink.HelloTrouble.build(hello.build) }
                let welcome = state.withLock { state in
                    guard !state.stopping else { return false }
                    state.hosts[host]?.link = link
                    return true
                }
                guard welcome else { return HostRoster.close([link]) }
                show("[\(host)] is there again")
                return chores.put(.startWorkers(host: host))
            } catch {
                link.closeInput()
                throw error
            }
        } catch let error as AgentLink.HelloTrouble {
            trouble = HostFact.noHello(error, starter.way(to: entry, build: options.check.build)).words(entry.host)
        } catch {
            trouble = "\(error)"
        }
        let again = state.withLock { $0.stopping ? nil : connectAgain(host, &$0) }
        if let again { tell("[\(host)] \(trouble)", again: again) }
    }

    /// How long a coordinator that ends by itself may take to say why, before it is stopped for want of workers.
    private static let lastWords: Duration = .seconds(5)

    /// Tells the user and the coordinator, and stops the run where it would wait for ever with the workers that are left.
    private func giveUp(_ what: String) {
        show(what)
        notices.withLock { $0 }?.write("! \(what)\n")
        state.withLock { state in
            let left = state.hosts.values.reduce(0) { $0 + $1.slots.prefix($1.entry.slots).filter { $0 != .givenUp }.count }
            guard left < options.fewestWorkers, !state.stopping, !state.tooFew, state.coordinator != nil else { return }
            state.tooFew = true
            state.want = (Deadline(after: Self.lastWords), left)
        }
        chores.put(.look)
    }

    /// Once the coordinator has had its time to say why the workers are gone.
    private func stopForWant() {
        let want: (left: Int, lead: ChildProcess)? = state.withLock { state in
            guard let want = state.want, want.deadline.hasPassed else { return nil }
            state.want = nil
            defer { state.stopping = true }
            return state.stopping ? nil : state.coordinator.map { (left: want.left, lead: $0) }
        }
        guard let (left, lead) = want else { return }
        show("lockstep: \(left) worker\(left == 1 ? "" : "s") left of at least \(options.fewestWorkers); stopping the run")
        state.withLock { $0.failed = true }
        keeper.withLock { $0 }?.askedToStop()
        lead.send(signal: SIGTERM)
    }

    // MARK: The end

    private var links: [AgentLink] { state.withLock { $0.hosts.values.compactMap(\.link) } }

    /// How the run stands, as the end of a sentence.
    private var rest: String { resumeHint.withLock { $0 }?.sentence ?? "the run has not begun" }

    /// The exit status that follows from the coordinator's. `words` say how the coordinator ended where it could not say so itself.
    private func status(of pid: Int32, _ ending: ChildProcess.Ending, _ words: String) -> Int32 {
        switch ending {
        case .exited(let status): return status == 0 && state.withLock({ $0.failed }) ? 1 : status
        case .killed:
            show("lockstep: the coordinator (pid \(pid)) \(words); \(rest)")
            return 1
        }
    }

    private func firstSignal(_ signal: StopSignal) {
        let (lead, begun) = state.withLock { state in
            state.stopping = true
            return (state.coordinator, state.addresses != nil)
        }
        keeper.withLock { $0 }?.askedToStop()
        // A coordinator that is about to be started gets the signal as soon as it runs.
        if begun { return lead?.send(signal: signal.rawValue) ?? () }
        // Only agents run yet, and they end when this process does.
        show("lockstep: \(signal.name) before anything was started")
        _exit(128 + signal.rawValue)
    }

    private func closeAll() { HostRoster.close(links) }

    private func killAll() {
        for link in links { link.tell(.kill) }
        state.withLock { $0.coordinator }?.send(signal: SIGKILL)
        for link in links { link.waitForEnd(within: .seconds(1)) }
    }
}
