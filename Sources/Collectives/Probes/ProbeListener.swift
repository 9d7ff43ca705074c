import Glibc
import Waiting
import Wire

/// Answers probes on a port, each on a thread of its own, until it is shut down.
public final class ProbeListener: Sendable {
    /// A connection and the thread that serves it.
    private struct Served {
        let socket: Socket
        let thread: OwnedThread
    }

    private struct State {
        var serving: [Int: Served] = [:]
        var finished: [Int] = []
        var next = 0
        var stopped = false
    }

    /// "::" or, on a host without IPv6, "0.0.0.0".
    public let host: String
    public let port: Int
    private let socket: Socket
    private let nonce: [UInt8]
    private let state = Monitor(State())
    private let wake: WakePipe
    private let accepting = Monitor<OwnedThread?>(nil)

    /// Listens on every address. `port` 0: any; `nonce`: 16 bytes that a dialler must show.
    ///
    /// - Throws: `ProbeFailure` with the reason, for example where the port is taken.
    public init(port: Int, nonce: [UInt8]) throws(ProbeFailure) {
        precondition(nonce.count == ProbeWire.nonceBytes)
        self.nonce = nonce
        do throws(DescriptorLimit.Reached) {
            wake = try WakePipe()
        } catch {
            throw ProbeFailure(description: error.description)
        }
        do throws(LinkSetupError) {
            (host, socket) = ("::", try GradientListener.bind(HostPort(host: "::", port: port), settings: ProbeWire.settings))
        } catch {
            // A second try helps only a host without IPv6, not where the port is taken.
            guard
                error.reason == String(cString: strerror(EAFNOSUPPORT)) || error.reason == String(cString: strerror(EADDRNOTAVAIL))
            else { throw ProbeFailure(description: "it cannot listen on port \(port) (\(error.reason))") }
            do throws(LinkSetupError) {
                let any = HostPort(host: "0.0.0.0", port: port)
                (host, socket) = ("0.0.0.0", try GradientListener.bind(any, settings: ProbeWire.settings))
            } catch {
                throw ProbeFailure(description: "it cannot listen on port \(port) (\(error.reason))")
            }
        }
        self.port = SocketAddress.local(of: socket)?.port ?? port
        let thread = OwnedThread(name: "probe-accept") { [self] in acceptAll() }
        accepting.update { $0 = thread }
    }

    /// Closes the port and every connection, and joins their threads. Must be called; idempotent.
    public func shutdown() {
        state.update { state in
            state.stopped = true
            for one in state.serving.values { one.socket.shutDown() }
        }
        wake.wake()
        _ = accepting.withLock { $0 }?.join(.untilWoken(by: "the pipe above"))
        for one in state.withLock({ $0.serving.values }) { _ = one.thread.join(.untilWoken(by: "its socket, shut down above")) }
        state.update { $0.serving = [:] }
        socket.shutDown()
    }

    private func acceptAll() {
        while !state.withLock({ $0.stopped }) {
            var entries = [wake.descriptor, socket.descriptor].map { pollfd(fd: $0, events: Poll.readable, revents: 0) }
            Poll.wait(&entries, .untilWoken(by: "shutdown(), through the pipe"))
            guard entries[1].revents != 0 else { continue }
            do throws(SocketError) {
                admit(try socket.acceptOne())
            } catch .failed(let code) where code != EINTR && code != ECONNABORTED {
                // Out of descriptors or memory: the connection stays in the queue; look again a little later.
                var entries = [pollfd(fd: wake.descriptor, events: Poll.readable, revents: 0)]
                Poll.wait(&entries, .atMost(.milliseconds(100)))
            } catch {
                continue
            }
        }
    }

    private func admit(_ connection: Socket) {
        state.update { state in
            for number in state.finished { _ = state.serving.removeValue(forKey: number)?.thread.join(.atMost(.seconds(1))) }
            state.finished = []
            guard !state.stopped, state.serving.count < ProbeWire.connections else { return }
            let number = state.next
            state.next += 1
            let thread = OwnedThread(name: "probe-serve") { [self] in
                try? serve(connection)
                connection.shutDown()
                finish(number)
            }
            state.serving[number] = Served(socket: connection, thread: thread)
        }
    }

    private func finish(_ number: Int) { state.update { $0.finished.append(number) } }

    private func serve(_ connection: Socket) throws(SocketError) {
        connection.setLinkOptions(ProbeWire.settings)
        let greeting = try connection.readBytes(ProbeWire.greetingBytes)
        guard greeting.starts(with: ProbeWire.magic), Array(greeting.dropFirst(ProbeWire.magic.count)) == nonce else { return }
        let seen = Array((SocketAddress.remote(of: connection)?.plainHost ?? "").utf8)
        try connection.writeNow([UInt8(clamping: seen.count)] + seen)
        while true {
            switch try connection.readBytes(1)[0] {
            case ProbeWire.echo: try connection.writeNow([ProbeWire.echo])
            case ProbeWire.large:
                _ = try connection.readBytes(ProbeWire.largeBytes)
                try connection.writeNow([ProbeWire.large])
            case ProbeWire.back: try connection.writeNow(ProbeWire.randomBytes())
            case ProbeWire.take:
                let (count, nanoseconds) = try connection.drain()
                return try connection.writeNow(ProbeWire.bytes(count) + ProbeWire.bytes(nanoseconds))
            case ProbeWire.give:
                let milliseconds: UInt32 = ProbeWire.number(try connection.readBytes(4)[...])
                return try connection.pour(for: min(.milliseconds(Int64(milliseconds)), ProbeWire.longestStream))
            default: return
            }
        }
    }
}

extension Socket {
    /// Reads to the end: how many bytes, and the nanoseconds from the first to the last that was counted.
    func drain() throws(SocketError) -> (bytes: UInt64, nanoseconds: UInt64) {
        var buffer = [UInt8](repeating: 0, count: ProbeWire.chunkBytes)
        var (total, first, last): (UInt64, UInt64, UInt64) = (0, 0, 0)
        let counted = Deadline(after: ProbeWire.longestCount)
        let latest = Deadline(after: ProbeWire.longestRest)
        while !latest.hasPassed {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last }
            if count == 0 { break }
            guard !counted.hasPassed else { continue }
            last = MonotonicTime.nanoseconds
            if first == 0 { first = last } else { total += UInt64(count) }
        }
        return (total, last - first)
    }

    /// Writes as much as goes in `duration`, then ends this direction.
    func pour(for duration: Duration) throws(SocketError) {
        let chunk = [UInt8](repeating: 0x5A, count: ProbeWire.chunkBytes)
        let end = Deadline(after: duration)
        while !end.hasPassed {
            let count = chunk.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno != EINTR { throw .last }
        }
        _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
    }
}
