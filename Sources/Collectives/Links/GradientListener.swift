import Glibc
import Waiting
import Wire

/// Accepts gradient links, one port for a process's whole life, view after view.
///
/// A thread of its own reads hellos and answers them, so a stranger, or one that says nothing, delays nobody. A hello of a
/// view or generation that is not expected yet is answered "not yet", and the dialler tries again: either side may come
/// first.
public final class GradientListener: Sendable {
    /// What is expected from now on.
    struct Expectation {
        var run: [UInt8]
        var generation: UInt64
        var view: UInt64
        var end: LinkEnd
        var from: Set<LinkEnd>
        var secret: [UInt8]
        /// Which `expect` this is; an accept of an older one ends.
        var number: Int
    }

    /// Connections turned away since the start; one that came for the view before or after does not count.
    public struct Refusals: Sendable, Equatable {
        public internal(set) var count = 0
        /// Where the last one came from, and why it was not taken.
        public internal(set) var last = ""
    }

    struct State {
        var expectation: Expectation?
        var expectations = 0
        var links: [LinkEnd: GradientLink] = [:]
        var taken: Set<LinkEnd> = []
        var refusals = Refusals()
        var stopped = false
    }

    public let port: Int
    let settings: LinkSettings
    let state = Monitor(State())
    private let wake: WakePipe
    private let thread: OwnedThread

    /// Binds `host` ("127.0.0.1", "::", a name) and port (0: any). Throws `LinkSetupError`.
    public init(host: String, port: Int, settings: LinkSettings = LinkSettings()) throws {
        let address = HostPort(host: host, port: port)
        do throws(DescriptorLimit.Reached) {
            wake = try WakePipe()
        } catch {
            throw LinkSetupError(address: "\(address)", reason: error.description)
        }
        let socket = try GradientListener.bind(address, settings: settings)
        self.port = SocketAddress.local(of: socket)?.port ?? port
        self.settings = settings
        let loop = AcceptLoop(socket: socket, wake: wake, settings: settings, state: state)
        thread = OwnedThread(name: "gradient-accept") { loop.run() }
    }

    deinit { shutdown() }

    /// A listening, non-blocking socket; throws the reason where there is none.
    static func bind(_ address: HostPort, settings: LinkSettings) throws(LinkSetupError) -> Socket {
        func fail(_ reason: String) -> LinkSetupError { LinkSetupError(address: "\(address)", reason: reason) }
        let candidates: [SocketAddress]
        do throws(NameLookup.Failure) {
            candidates = try NameLookup().find([address], passive: true, limit: 1, .atMost(settings.dialDeadline))
        } catch {
            guard case .unknown(let reason) = error else {
                throw fail("no name server answered within \(settings.dialDeadline.seconds) s")
            }
            throw fail(reason)
        }
        let candidate = candidates[0]
        do throws(SocketError) {
            let socket = try Socket(family: candidate.family)
            socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
            if candidate.family == AF_INET6 { socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
            socket.setBuffers(settings)
            let bound = candidate.withSocketAddress { Glibc.bind(socket.descriptor, $0, $1) }
            guard bound == 0, listen(socket.descriptor, 128) == 0 else { throw .last }
            return socket
        } catch {
            guard case .failed(let code) = error else { throw fail("it is busy") }
            throw fail(String(cString: strerror(code)))
        }
    }

    /// From now on accepts links of this view to `end` from each of `from`, and refuses the others. Links of an earlier
    /// expectation that nobody took are closed, and accepts that wait for them end.
    public func expect(
        run: [UInt8], generation: UInt64, view: UInt64, end: LinkEnd, from: Set<LinkEnd>, secret: [UInt8]
    ) {
        precondition(run.count == LinkHello.runBytes && secret.count == LinkHello.secretBytes)
        precondition(from.count <= Limits.members)
        state.update { state in
            replace(&state)
            state.expectation = Expectation(
                run: run, generation: generation, view: view, end: end, from: from, secret: secret,
                number: state.expectations)
        }
    }

    /// Ends the accepts under way; nothing is expected until the next `expect`.
    public func cancel() {
        state.update { replace(&$0) }
    }

    private func replace(_ state: inout State) {
        for link in state.links.values { link.close() }
        state.links = [:]
        state.taken = []
        state.expectation = nil
        state.expectations += 1
    }

    /// The link from `from`, waiting for it. Precondition: `from` is expected. Throws `LinkFailure` naming it.
    public func accept(from: LinkEnd, within limit: Duration? = nil) throws -> GradientLink {
        let number = state.withLock { state -> Int? in
            guard !state.stopped, let expectation = state.expectation else { return nil }
            precondition(expectation.from.contains(from), "\(from) is not expected")
            return expectation.number
        }
        let limit = limit ?? settings.dialDeadline
        let cancelled = LinkFailure(peer: from, address: "", cause: .cancelled)
        guard let number else { throw cancelled }
        let result = state.wait(.atMost(limit)) { state -> Result<GradientLink, LinkFailure>? in
            guard !state.stopped, state.expectation?.number == number else { return .failure(cancelled) }
            guard let link = state.links.removeValue(forKey: from) else { return nil }
            state.taken.insert(from)
            return .success(link)
        }
        guard let result else {
            throw LinkFailure(peer: from, address: "", cause: .timedOut(seconds: limit.seconds), incoming: true)
        }
        return try result.get()
    }

    public var refusals: Refusals { state.withLock { $0.refusals } }

    /// Closes the port and all links that nobody took, wakes waiting threads, and joins its own. Idempotent.
    public func shutdown() {
        state.update { state in
            replace(&state)
            state.stopped = true
        }
        wake.wake()
        _ = thread.join(.untilWoken(by: "the thread itself: the pipe has woken it and it calls nothing that waits"))
    }
}
