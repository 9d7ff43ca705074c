import Dispatch
import NIOCore
import NIOPosix
import Waiting

extension EventLoopFuture where Value: Sendable {
    /// The value, waited for. Never on an event loop, which would wait for itself.
    ///
    /// - Parameter late: the sentence for a patience that is over; what was asked for goes on, and nobody hears of it.
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
    /// A group with one loop. SwiftNIO traps where its thread cannot be had; asked for before, that ends in a sentence.
    package static func ofOneThread() -> MultiThreadedEventLoopGroup {
        ThreadLimit.requireOne()
        return MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }
}

extension EventLoopGroup {
    /// Ends the loops; false when the patience was over first. They end by themselves then, or with the process.
    @discardableResult
    package func shutDown(_ patience: Patience) -> Bool {
        let done = Latch()
        shutdownGracefully(queue: .global()) { _ in done.countDown() }
        return done.wait(patience)
    }
}
