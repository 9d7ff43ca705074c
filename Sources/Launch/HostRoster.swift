import Foundation
import Waiting

/// This machine and the hosts of a list, each with its agent where that could be started.
struct HostRoster {
    /// A host and its agent.
    struct Member {
        let entry: HostEntry
        let link: AgentLink
        let hello: AgentHello
    }

    /// What the launching machine is called in tables.
    static let hereName = "(here)"

    let here: Member
    /// The hosts that answered, in the list's order.
    private(set) var hosts: [Member] = []
    /// The other hosts, with reasons.
    private(set) var missing: [Finding] = []

    var everybody: [Member] { [here] + hosts }

    /// Starts all agents at once and waits for their hellos.
    ///
    /// - Parameters:
    ///   - kernel: family every agent is to have; nil: the best one of this machine.
    ///   - onEvent: what the agent of a host says unasked.
    /// - Throws: where this machine's own agent cannot be started.
    init(
        _ entries: [HostEntry], starter: AgentStarter, kernel: String?, build: String,
        onEvent: @escaping @Sendable (HostEntry, AgentLink.Event) -> Void = { _, _ in }
    ) throws {
        let own = HostEntry(host: Self.hereName)
        let link = try starter.here(kernel: kernel) { onEvent(own, $0) }
        do {
            here = Member(entry: own, link: link, hello: try link.hello(within: AgentStarter.patience))
        } catch {
            link.closeInput()
            throw LocalError("the agent of this machine did not start (\(error)); try `lockstep agent < /dev/null`")
        }
        let family = kernel ?? here.hello.kernels.first { $0 == here.hello.kernel }
        // All logins at once, one for each host.
        let started = entries.map { entry in
            Result { try starter.remote(entry, kernel: family) { onEvent(entry, $0) } }
        }
        for (entry, result) in zip(entries, started) {
            do {
                let link = try result.get()
                do {
                    let hello = try link.hello(within: AgentStarter.patience)
                    hosts.append(Member(entry: entry, link: link, hello: hello))
                } catch {
                    link.closeInput()
                    throw error
                }
            } catch let trouble as AgentLink.HelloTrouble {
                missing.append(Finding(.problem, host: entry.host, .noHello(trouble, starter.way(to: entry, build: build))))
            } catch {
                missing.append(Finding(.problem, host: entry.host, .failed(reason: "\(error)")))
            }
        }
    }

    /// Asks a member, and waits for the answer.
    ///
    /// - Throws: the agent's `LocalError`, or one where no answer came.
    static func ask(_ member: Member, _ request: AgentRequest, within patience: Duration = .seconds(30)) throws -> AgentAnswer {
        try answer(of: member, member.link.ask(request), within: patience)
    }

    /// Asks several members at once; results in their order.
    static func ask(
        _ requests: [(Member, AgentRequest)], within patience: Duration = .seconds(30)
    ) -> [Result<AgentAnswer, any Error>] {
        let asked = requests.map { ($0.0, $0.0.link.ask($0.1)) }
        return asked.map { member, mailbox in Result { try answer(of: member, mailbox, within: patience) } }
    }

    private static func answer(
        of member: Member, _ mailbox: Mailbox<Result<AgentAnswer, LocalError>>, within patience: Duration
    ) throws -> AgentAnswer {
        guard let result = mailbox.take(.atMost(patience)) else {
            throw LocalError("\(member.entry.host) did not answer within \(patience.components.seconds) s")
        }
        return try result.get()
    }

    /// Ends the agents and waits for that.
    func close() { Self.close(everybody.map(\.link)) }

    static func close(_ links: [AgentLink]) {
        for link in links { link.closeInput() }
        let deadline = MonotonicTime.now + Agent.grace + .seconds(2)
        for link in links { link.waitForEnd(within: max(deadline - MonotonicTime.now, .milliseconds(10))) }
    }
}
