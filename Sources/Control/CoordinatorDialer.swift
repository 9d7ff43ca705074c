import Foundation
import NIOCore
import NIOPosix
import Runs
import Waiting
import Wire

/// Dials the coordinator until it is reached, as often as it is asked to: growing pauses, both address families together,
/// and each side's proof that it knows the token. Everything on one event loop.
package final class CoordinatorDialer {
    package enum Outcome {
        /// A try failed and another follows after the pause; `final` where no further try can help.
        case failed(String, pause: Duration, final: Bool)
        /// Reached, and it knows the token.
        case connected(ControlConnection)
        case message(ControlConnection, ControlMessage, view: UInt64)
        case ended(ControlConnection, String)
    }

    /// How long one try may take, up to the proof.
    static let patience: TimeAmount = .seconds(5)

    private let loop: any EventLoop
    private let address: HostPort
    private let token: Token?
    private var pauses = SearchPauses()
    private var report: ((Outcome) -> Void)?
    private var attempt = 0
    private var ended = false

    package init(loop: any EventLoop, address: HostPort, token: Token?) {
        self.loop = loop
        self.address = address
        self.token = token
    }

    /// Dials: at once, or, where the last connections were short, after the pause that has grown meanwhile.
    package func begin(_ report: @escaping (Outcome) -> Void) {
        self.report = report
        let pause = pauses.begin(at: MonotonicTime.now)
        guard pause > .zero else { return tryOnce() }
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .nanoseconds(pause.wholeNanoseconds)) { bound.value.tryOnce() }
    }

    /// The coordinator took this worker in: the next search begins with short pauses.
    package func wasWelcomed() { pauses.wasWelcomed(at: MonotonicTime.now) }

    package func end() { ended = true }

    private func tryOnce() {
        guard !ended else { return }
        attempt += 1
        let number = attempt
        let bound = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(Self.patience)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(ControlConnection.unsentOption, value: ControlConnection.unsentBytes)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.install(on: channel, attempt: number) }
            }
            .connect(host: address.host, port: address.port)
            .whenFailure { error in bound.value.retry(number, Self.reason(error)) }
    }

    /// Installs the handlers on a channel that is being connected: nothing is said before the proofs.
    private func install(on channel: any Channel, attempt number: Int) throws {
        let connection = ControlConnection(channel: channel)
        let handshake = WorkerHandshake(token: token)
        let bound = NIOLoopBound(self, eventLoop: loop)
        let deadline = loop.scheduleTask(in: Self.patience) {
            let dialer = bound.value
            guard number == dialer.attempt, !handshake.isDone else { return }
            defer { connection.close() }
            dialer.retry(
                number, "it accepts connections but does not answer: stopped, busy, or no Lockstep coordinator of this build")
        }
        try connection.install(
            admits: { _ in true },
            onMessage: { [weak self] message, view in
                guard let self, number == self.attempt, !self.ended else { return }
                if handshake.isDone {
                    self.report?(.message(connection, message, view: view))
                    return
                }
                switch handshake.receive(message) {
                case .proved(let proof):
                    deadline.cancel()
                    connection.send(.proof(proof), view: 0)
                    self.report?(.connected(connection))
                case .unproven(let reason):
                    deadline.cancel()
                    self.retry(number, reason)
                    connection.close()
                case .failed(let reason):
                    deadline.cancel()
                    self.retry(number, reason, final: true)
                    connection.close()
                }
            },
            onEnd: { [weak self] reason in
                deadline.cancel()
                guard let self, number == self.attempt, !self.ended else { return }
                if handshake.isDone {
                    self.report?(.ended(connection, reason))
                } else {
                    self.retry(
                        number, "\(reason) before it said who it is; is it a Lockstep coordinator of this build that listens there?"
                    )
                }
            },
            onActive: { connection.send(.challenge(handshake.challenge), view: 0) })
    }

    private func retry(_ number: Int, _ reason: String, final: Bool = false) {
        guard number == attempt, !ended else { return }
        attempt += 1
        let pause = pauses.failed()
        report?(.failed(reason, pause: pause, final: final))
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .nanoseconds(pause.wholeNanoseconds)) { bound.value.tryOnce() }
    }

    private static func reason(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            if let first = error.connectionErrors.first {
                // Tell the address: a name may stand for another one than that where the coordinator listens.
                let address = first.target.numericHost.flatMap { $0 == error.host ? nil : " at \($0)" } ?? ""
                return reason(first.error) + address
            }
            return "the name \(error.host) cannot be resolved"
        }
        if let error = error as? IOError { return error.words }
        if case ChannelError.connectTimeout = error { return "no answer" }
        return "\(error)"
    }
}
