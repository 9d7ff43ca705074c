import Crypto
import Foundation
import Kernels
import Logging
import NIOCore
import NIOPosix
import Runs
import Synchronization
import Wire

/// A worker process: dials the coordinator, carries out what its state machine says, and ends with a sentence.
public final class Worker: Sendable {
    /// Pause before the n-th try to reach the coordinator: doubles from this, up to `longestPause`.
    static let firstPause: Duration = .milliseconds(100)
    static let longestPause: Duration = .seconds(5)
    static let heartbeat: TimeAmount = .seconds(1)

    private let options: WorkerOptions
    private let log: Logger
    private let endings = Mailbox<WorkerEnding>()
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let shell = Mutex<WorkerShell?>(nil)

    public init(options: WorkerOptions, log: Logger) {
        self.options = options
        self.log = log
    }

    /// Runs until the worker's part is over. Blocks the calling thread.
    public func run() -> WorkerEnding {
        defer { try? group.syncShutdownGracefully() }
        do {
            if let early = try dial() { return early }
        } catch {
            return .failed("\(error)")
        }
        return endings.take() ?? .failed("the worker ended without a word; this is a defect")
    }

    /// Asks to leave at the next boundary (a signal).
    public func leave(_ reason: String) {
        guard let shell = shell.withLock({ $0 }) else { return endings.put(.done) }
        shell.onLoop { $0.handle(.leaveRequested(reason: reason)) }
    }

    /// Dials with growing pauses, a line each time, until the connect time-out. Returns an ending where a signal came first.
    private func dial() throws -> WorkerEnding? {
        let deadline = MonotonicTime.now + options.connectTimeout
        var pause = Self.firstPause
        while true {
            let left = deadline - MonotonicTime.now
            do {
                try connect(within: left)
                return nil
            } catch {
                let reason = Self.reason(error)
                guard MonotonicTime.now + pause < deadline else {
                    throw LocalError(
                        "no coordinator at \(options.coordinator) within \(DurationText.text(options.connectTimeout)) (\(reason)); check the address and port, that the coordinator runs, and firewalls; --connect-timeout sets how long to try"
                    )
                }
                log.info("no coordinator at \(options.coordinator) yet (\(reason)); trying again in \(DurationText.text(pause))")
                if let ending = endings.take(within: pause) { return ending }
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }

    private func connect(within left: Duration) throws {
        let timeout = TimeAmount.milliseconds(Int64(min(max(left.milliseconds, 1), 5000)))
        let shells = Mutex<WorkerShell?>(nil)
        _ = try ClientBootstrap(group: group)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { [options, log, endings] channel in
                channel.eventLoop.makeCompletedFuture {
                    let shell = WorkerShell(channel: channel, options: options, log: log) { endings.put($0) }
                    try shell.install()
                    shells.withLock { $0 = shell }
                }
            }
            .connect(host: options.coordinator.host, port: options.coordinator.port).wait()
        let made = shells.withLock { $0 }
        shell.withLock { $0 = made }
        made?.onLoop { $0.handle(.connected) }
    }

    private static func reason(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            if let first = error.connectionErrors.first { return reason(first.error) }
            return "the name \(error.host) cannot be resolved"
        }
        if let error = error as? IOError { return String(cString: strerrorText(error.errnoCode)) }
        if case ChannelError.connectTimeout = error { return "no answer" }
        return "\(error)"
    }
}
