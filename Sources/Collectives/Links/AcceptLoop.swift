import Glibc
import Waiting
import Wire

/// The listener's thread: one `poll` over the port, the wake pipe and every connection that has not said who it is.
final class AcceptLoop: @unchecked Sendable {
    /// A connection whose hello is not whole.
    private struct Pending {
        let socket: Socket
        let address: String
        let deadline: Deadline
        var bytes: [UInt8] = []
    }

    /// How long a connection may say nothing while others wait for its place.
    private static let promptness: Duration = .milliseconds(500)

    private let socket: Socket
    private let wake: WakePipe
    private let settings: LinkSettings
    private let state: Monitor<GradientListener.State>
    /// Strangers leave the descriptors of this process for its own links and files.
    private let mostPending = max(2, min(Limits.pendingHellos, (DescriptorLimit.present - DescriptorLimit.open) / 4))
    // Touched by the thread only.
    private var pending: [Pending] = []
    private var pause: Deadline?

    init(socket: Socket, wake: WakePipe, settings: LinkSettings, state: Monitor<GradientListener.State>) {
        self.socket = socket
        self.wake = wake
        self.settings = settings
        self.state = state
    }

    func run() {
        while !state.withLock({ $0.stopped }) {
            let listening = pause?.hasPassed ?? true
            if listening { pause = nil }
            var entries = [pollfd(fd: wake.descriptor, events: Poll.readable, revents: 0)]
            entries.append(pollfd(fd: listening ? socket.descriptor : -1, events: Poll.readable, revents: 0))
            entries += pending.map { pollfd(fd: $0.socket.descriptor, events: Poll.readable, revents: 0) }
            let next = (pending.map(\.deadline) + (pause.map { [$0] } ?? [])).min()
            Poll.wait(&entries, next.map { .until($0) } ?? .untilWoken(by: "a connection; shutdown(), through the pipe"))
            if entries[0].revents != 0 { wake.drain() }
            let waiting = pending
            pending = []
            for (one, entry) in zip(waiting, entries[2...]) { hear(one, readable: entry.revents != 0) }
            if entries[1].revents != 0 { acceptAll() }
        }
        pending = []
        socket.shutDown()
    }

    private func acceptAll() {
        while hasRoom() {
            let accepted: Socket
            do throws(SocketError) {
                accepted = try socket.acceptOne()
            } catch {
                guard case .failed(let code) = error else { return }
                if code == EINTR || code == ECONNABORTED { continue }
                // No descriptors or memory are left: the connection stays in the queue; look again a little later.
                pause = Deadline(after: .milliseconds(100))
                return
            }
            let address = SocketAddress.remote(of: accepted)?.description ?? "an address that is gone"
            pending.append(
                Pending(socket: accepted, address: address, deadline: Deadline(after: settings.helloDeadline)))
        }
    }

    /// A neighbour says hello within a round trip and must not be pushed out by a crowd before that. When there are too many, the others
    /// wait in the kernel's queue for a free place, and a connection that has said nothing for long gives up its own.
    private func hasRoom() -> Bool {
        if pending.count < mostPending { return true }
        let stale = Deadline(after: settings.helloDeadline - AcceptLoop.promptness)
        let old = pending.filter { $0.deadline < stale }
        pending.removeAll { $0.deadline < stale }
        for one in old { refuse(one, .tooMany) }
        if pending.count < mostPending { return true }
        pause = Deadline(after: .milliseconds(20))
        return false
    }

    private func hear(_ connection: Pending, readable: Bool) {
        var connection = connection
        guard readable else {
            if connection.deadline.hasPassed { refuse(connection, .tooSlow) } else { pending.append(connection) }
            return
        }
        let missing = LinkHello.byteCount - connection.bytes.count
        var chunk = [UInt8](repeating: 0, count: missing)
        do throws(SocketError) {
            let count = try chunk.withUnsafeMutableBytes { bytes in
                Result { () throws(SocketError) in try connection.socket.readAvailable(bytes) }
            }.get()
            connection.bytes += chunk[..<count]
        } catch {
            return note(.notLockstep, connection.address)
        }
        if connection.bytes.count < LinkHello.byteCount {
            pending.append(connection)
            return
        }
        switch LinkHello.read(connection.bytes) {
        case .failure(let refusal): refuse(connection, refusal)
        case .success(let hello): decide(hello, connection)
        }
    }

    private func decide(_ hello: LinkHello, _ connection: Pending) {
        state.update { state in
            if let refusal = AcceptLoop.judge(hello, state) {
                answer(connection, refusal, &state)
                return
            }
            guard (try? connection.socket.writeNow(HelloAnswer.bytes(nil))) != nil else { return }
            // A dialler that gave up and came again: its newer connection counts.
            state.links[hello.from]?.close()
            state.links[hello.from] = GradientLink(
                socket: connection.socket, peer: hello.from, view: hello.view, incoming: true, settings: settings)
        }
    }

    /// Why this hello is not welcome, or nil. A dialler that has not shown the secret hears only "not yet".
    private static func judge(_ hello: LinkHello, _ state: GradientListener.State) -> HelloRefusal? {
        guard let expected = state.expectation else { return .notYet }
        guard hello.run == expected.run else { return .run }
        if hello.generation < expected.generation { return .generation }
        if hello.generation > expected.generation || hello.view > expected.view { return .notYet }
        if hello.view < expected.view { return .view }
        guard hello.secret.equalsInConstantTime(expected.secret) else { return .secret }
        guard hello.to == expected.end, expected.from.contains(hello.from) else { return .wrongEnd }
        return state.taken.contains(hello.from) ? .duplicate : nil
    }

    private func refuse(_ connection: Pending, _ refusal: HelloRefusal) {
        state.update { answer(connection, refusal, &$0) }
    }

    private func answer(_ connection: Pending, _ refusal: HelloRefusal, _ state: inout GradientListener.State) {
        try? connection.socket.writeNow(HelloAnswer.bytes(refusal))
        connection.socket.shutDown()
        // A member that has not heard of the new view yet is no stranger.
        if refusal != .notYet, refusal != .view { AcceptLoop.count(refusal, connection.address, &state) }
    }

    private func note(_ refusal: HelloRefusal, _ address: String) {
        state.update { AcceptLoop.count(refusal, address, &$0) }
    }

    private static func count(_ refusal: HelloRefusal, _ address: String, _ state: inout GradientListener.State) {
        state.refusals.count += 1
        state.refusals.last = "\(address), at the port for gradients: \(refusal)"
    }
}
