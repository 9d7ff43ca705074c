import Glibc
import Waiting
import Wire

/// Dials peers for gradients. One a view; `cancel()` ends its dials at once. Blocking: not for an event loop.
public final class GradientDialer: Sendable {
    private let settings: LinkSettings
    private let lookup = NameLookup()
    private let wake: WakePipe
    private let cancelled = Monitor(false)

    /// - Throws: where this process has no descriptors left.
    public init(settings: LinkSettings = LinkSettings()) throws(DescriptorLimit.Reached) {
        self.settings = settings
        wake = try WakePipe()
    }

    /// Ends the dials under way and all further ones.
    public func cancel() {
        cancelled.update { $0 = true }
        lookup.cancel()
        wake.wake()
    }

    /// A welcomed link to `hello.to`, at whichever of its addresses answers first: all are tried together, IPv4 and IPv6.
    ///
    /// Throws `LinkFailure` naming the addresses: at once when every one refuses, else at the dial deadline.
    public func dial(_ addresses: [HostPort], hello: LinkHello) throws -> GradientLink {
        let all = addresses.map(\.description).joined(separator: ", ")
        func failure(_ cause: LinkFailure.Cause) -> LinkFailure {
            LinkFailure(peer: hello.to, address: all, cause: cause)
        }
        let deadline = Deadline(after: settings.dialDeadline)
        let candidates: [SocketAddress]
        do throws(NameLookup.Failure) {
            candidates = try lookup.find(addresses, passive: false, limit: Limits.dialCandidates, .until(deadline))
        } catch {
            switch error {
            case .cancelled: throw failure(.cancelled)
            case .unknown(let reason): throw failure(.unreachable(reason))
            case .late: throw failure(.unreachable("no name server answered within \(settings.dialDeadline.seconds) s"))
            }
        }
        while true {
            let outcome = attempt(candidates, hello: hello, deadline: deadline)
            switch outcome {
            case .success(let socket):
                return GradientLink(socket: socket, peer: hello.to, view: hello.view, incoming: false, settings: settings)
            case .failure(.refused(.notYet)), .failure(.refused(.tooMany)), .failure(.closedEarly):
                // The peer has not begun this view yet, and will when a control message reaches it; or its port is crowded.
                var entries = [pollfd(fd: wake.descriptor, events: Poll.readable, revents: 0)]
                Poll.wait(&entries, .until(min(Deadline(after: GradientDialer.pause), deadline)))
                if deadline.hasPassed {
                    if case .failure(.closedEarly) = outcome { throw failure(.closedEarly) }
                    throw failure(.timedOut(seconds: settings.dialDeadline.seconds))
                }
                if isCancelled { throw failure(.cancelled) }
            case .failure(let cause):
                throw failure(cause)
            }
        }
    }

    private static let pause: Duration = .milliseconds(20)

    private var isCancelled: Bool { cancelled.withLock { $0 } }

    /// One round over all candidates: connects to all at once, then introduces itself on one connection after the other.
    private func attempt(
        _ candidates: [SocketAddress], hello: LinkHello, deadline: Deadline
    ) -> Result<Socket, LinkFailure.Cause> {
        var reason = LinkFailure.Cause.unreachable("no address is known")
        var connecting: [Socket] = []
        for candidate in candidates {
            do throws(SocketError) {
                connecting.append(try connect(candidate))
            } catch {
                reason = GradientDialer.cause(error)
            }
        }
        while !connecting.isEmpty {
            var entries = connecting.map { pollfd(fd: $0.descriptor, events: Poll.writable, revents: 0) }
            entries.append(pollfd(fd: wake.descriptor, events: Poll.readable, revents: 0))
            Poll.wait(&entries, .until(deadline))
            if isCancelled { return .failure(.cancelled) }
            let settled = entries.dropLast().firstIndex { $0.revents != 0 }
            guard let settled else {
                if deadline.hasPassed { return .failure(.timedOut(seconds: settings.dialDeadline.seconds)) }
                continue
            }
            let socket = connecting.remove(at: settled)
            let code = socket.pendingError
            if code != 0 {
                reason = GradientDialer.cause(.failed(errno: code))
                continue
            }
            if let refusal = introduce(socket, hello: hello, deadline: deadline) {
                reason = refusal
                if refusal == .cancelled { return .failure(refusal) }
            } else {
                return .success(socket)
            }
        }
        return .failure(reason)
    }

    private func connect(_ address: SocketAddress) throws(SocketError) -> Socket {
        let socket = try Socket(family: address.family)
        socket.setBuffers(settings)
        let result = address.withSocketAddress { Glibc.connect(socket.descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { throw .last }
        return socket
    }

    /// Sends the hello and waits for the answer; nil for a welcome.
    private func introduce(_ socket: Socket, hello: LinkHello, deadline: Deadline) -> LinkFailure.Cause? {
        let mine = Deadline(after: settings.helloDeadline)
        var answer: [UInt8] = []
        do throws(SocketError) {
            try socket.writeNow(hello.bytes)
            while answer.count < HelloAnswer.byteCount {
                var entries = [
                    pollfd(fd: socket.descriptor, events: Poll.readable, revents: 0),
                    pollfd(fd: wake.descriptor, events: Poll.readable, revents: 0),
                ]
                Poll.wait(&entries, .until(min(mine, deadline)))
                if isCancelled { return .cancelled }
                if mine.hasPassed || deadline.hasPassed {
                    return .timedOut(seconds: min(settings.helloDeadline, settings.dialDeadline).seconds)
                }
                var chunk = [UInt8](repeating: 0, count: HelloAnswer.byteCount - answer.count)
                let count = try chunk.withUnsafeMutableBytes { bytes in
                    Result { () throws(SocketError) in try socket.readAvailable(bytes) }
                }.get()
                answer += chunk[..<count]
            }
        } catch {
            return GradientDialer.cause(error)
        }
        return HelloAnswer.read(answer).map { .refused($0) }
    }

    private static func cause(_ error: SocketError) -> LinkFailure.Cause {
        switch error {
        case .closed: .closedEarly
        case .noProgress: .unreachable("it takes no bytes")
        case .failed(let code): .unreachable(String(cString: strerror(code)))
        }
    }
}
