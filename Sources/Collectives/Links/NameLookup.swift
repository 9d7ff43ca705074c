import Waiting
import Wire

/// Finds the addresses of hosts, with a deadline.
///
/// The system's resolver has only its own deadline, half a minute where a name server is dead, and cannot be stopped. So
/// it is asked on a thread of its own, and a lookup that is late or cancelled leaves that thread to end by itself.
final class NameLookup: Sendable {
    enum Failure: Error, Equatable {
        case cancelled
        case late
        /// The resolver's words.
        case unknown(String)
    }

    private struct State {
        var cancelled = false
        var asked = 0
        var answers: [Int: Result<[SocketAddress], Failure>] = [:]
    }

    private let state = Monitor(State())

    /// Ends the lookups under way and all further ones.
    func cancel() {
        state.update { $0.cancelled = true }
    }

    /// At most `limit` addresses in all, in the order of the hosts; a host that nobody knows is passed over where another is
    /// known. Numeric addresses need no resolver.
    func find(_ hosts: [HostPort], passive: Bool, limit: Int, _ patience: Patience) throws(Failure) -> [SocketAddress] {
        let numeric = hosts.map { try? SocketAddress.resolve($0, passive: passive, limit: limit, numericOnly: true) }
        let known = numeric.compactMap { $0 }
        if known.count == hosts.count, !known.isEmpty { return Array(known.joined().prefix(limit)) }
        let number = state.withLock { state in
            state.asked += 1
            return state.asked
        }
        let thread = OwnedThread(name: "resolve") { [state] in
            let answer = NameLookup.ask(hosts, passive: passive, limit: limit)
            state.update { $0.answers[number] = answer }
        }
        let answer = state.wait(patience) { state -> Result<[SocketAddress], Failure>? in
            state.cancelled ? .failure(.cancelled) : state.answers.removeValue(forKey: number)
        }
        guard let answer else { throw .late }
        let found = try answer.get()
        _ = thread.join(.untilWoken(by: "the thread itself, which has answered"))
        return found
    }

    private static func ask(_ hosts: [HostPort], passive: Bool, limit: Int) -> Result<[SocketAddress], Failure> {
        var found: [SocketAddress] = []
        var failure = Failure.unknown("no address is known")
        for host in hosts where found.count < limit {
            do throws(SocketAddress.ResolutionError) {
                found += try SocketAddress.resolve(host, passive: passive, limit: limit - found.count)
            } catch {
                failure = .unknown(error.reason)
            }
        }
        return found.isEmpty ? .failure(failure) : .success(found)
    }
}
