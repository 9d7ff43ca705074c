import Glibc

/// A mutex, the state that it guards, and conditions to wait for: either one, or one for each waiter with a purpose of its own, so that a
/// change wakes only those whom it concerns. Waits are on the monotonic clock.
public final class Monitor<State>: @unchecked Sendable {
    @usableFromInline let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    @usableFromInline let conditions: UnsafeMutableBufferPointer<pthread_cond_t>
    @usableFromInline var state: State

    /// - Parameter conditions: how many there are, counted from 0.
    public init(_ state: State, conditions count: Int = 1) {
        precondition(count >= 1)
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        conditions = .allocate(capacity: count)
        for index in conditions.indices { pthread_cond_init(conditions.baseAddress! + index, &attributes) }
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        for index in conditions.indices { pthread_cond_destroy(conditions.baseAddress! + index) }
        pthread_mutex_destroy(mutex)
        conditions.deallocate()
        mutex.deallocate()
    }

    /// Wakes the threads that wait for a condition, after a change by `withLock`.
    @inlinable
    public func wake(_ condition: Int) { Native.broadcast(conditions.baseAddress! + condition) }

    /// Runs `body` alone. The holder of the lock only computes: nothing in a body waits.
    @inlinable
    public func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        Native.lock(mutex)
        defer { Native.unlock(mutex) }
        return try body(&state)
    }

    /// Runs `body` alone and wakes the waiting threads.
    @inlinable
    public func update<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        Native.lock(mutex)
        defer {
            for condition in conditions.indices { wake(condition) }
            Native.unlock(mutex)
        }
        return try body(&state)
    }

    /// Runs `body` at once and after each update, or each time its condition is woken, until it has a result; nil when the patience is over first.
    /// `body` is asked once more at the very end, so what came in time is never missed.
    @inlinable
    public func wait<Result>(
        _ patience: Patience, condition index: Int = 0, _ body: (inout State) -> Result?
    ) -> Result? {
        let condition = conditions.baseAddress! + index
        Native.lock(mutex)
        defer { Native.unlock(mutex) }
        if let result = body(&state) { return result }
        let deadline = patience.deadline
        while true {
            if let deadline {
                var time = deadline.time
                if Native.isOver(condition, mutex, &time) { return body(&state) }
            } else {
                Native.wait(condition, mutex)
            }
            if let result = body(&state) { return result }
        }
    }
}

/// The kernel's calls stand in this module alone. Inlined elsewhere they would count as waiting there: `BlockingCallsTests` reads the objects.
@usableFromInline
enum Native {
    @usableFromInline static func lock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) { pthread_mutex_lock(mutex) }
    @usableFromInline static func unlock(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) { pthread_mutex_unlock(mutex) }
    @usableFromInline static func broadcast(_ condition: UnsafeMutablePointer<pthread_cond_t>) { pthread_cond_broadcast(condition) }

    @usableFromInline
    static func wait(_ condition: UnsafeMutablePointer<pthread_cond_t>, _ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
        pthread_cond_wait(condition, mutex)
    }

    /// Waits until that time at most. Returns whether it is over.
    @usableFromInline
    static func isOver(
        _ condition: UnsafeMutablePointer<pthread_cond_t>, _ mutex: UnsafeMutablePointer<pthread_mutex_t>, _ time: inout timespec
    ) -> Bool {
        pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT
    }
}
