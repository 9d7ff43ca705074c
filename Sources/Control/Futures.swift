import Dispatch
import NIOCore
import NIOPosix
import Waiting

extension EventLoopFuture where Value: Sendable {
    /// Waits for the value. Never on an event loop, which would wait for itself.
    ///
    /// - Parameter late: the error's sentence when the patience is over; the operation goes on, and its result is ignored.
    /// - Throws: the future's error, or `LocalError` with that sentence.
    package func value(_ patience: Patience, orElse late: @autoclosure () -> String) throws -> Value {
        eventLoop.preconditionNotInEventLoop()
        let outcome = Monitor<Result<Value, any Error>?>(nil)
        whenComplete { result in outcome.update { $0 = result } }
        guard let result = outcome.wait(patience, { $0 }) else { throw LocalError(late()) }
        return try result.get()
    }
}

extension MultiThreadedEventLoopGroup {
    /// A group with one loop. SwiftNIO traps where no thread can be had; the check before it ends the process with a sentence instead.
    package static func ofOneThread() -> MultiThreadedEventLoopGroup {
        ThreadLimit.requireOne()
        return MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }
}

extension EventLoopGroup {
    /// Ends the loops; false when the patience was over first. The loops then end by themselves, or with the process.
    @discardableResult
    package func shutDown(_ patience: Patience) -> Bool {
        let done = Latch()
        shutdownGracefully(queue: .global()) { _ in done.countDown() }
        return done.wait(patience)
    }
}
