import Control
import Foundation
import Logging
import Membership
import NIOCore
import NIOPosix
import Synchronization
import Waiting

/// A worker process: finds the coordinator, carries out what its state machine says, and ends with a sentence.
public final class Worker: Sendable {
    private let endings = Mailbox<WorkerEnding>()
    private let group = MultiThreadedEventLoopGroup.ofOneThread()
    private let shell: WorkerShell

    public init(options: WorkerOptions, log: Logger) {
        shell = WorkerShell(loop: group.next(), options: options, log: log) { [endings] in endings.put($0) }
    }

    /// Runs until the worker's part is over. Blocks the calling thread.
    public func run() -> WorkerEnding {
        defer {
            shell.gate.close()
            group.shutDown(.atMost(.seconds(5)))
        }
        shell.onLoop { $0.start() }
        let ending = endings.take(.untilWoken(by: "the shell: its machine has a time limit for each of its states"))
        return ending ?? .failed("the worker ended without a word; this is a defect")
    }

    /// Asks to leave at the next boundary (a signal).
    public func leave(_ reason: String) { shell.onLoop { $0.handle(.leaveRequested(reason: reason)) } }
}
