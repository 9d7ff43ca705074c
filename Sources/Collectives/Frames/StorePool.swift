import Waiting
import Wire

/// Landing buffers that are used again, so that a steady run takes no memory. Any thread.
final class StorePool: Sendable {
    private static let mostIdle = 64
    private let idle = Monitor<[ByteStore]>([])

    /// A buffer of at least `bytes`; the caller has checked the number against its limit.
    func borrow(_ bytes: Int) -> ByteStore {
        let store = idle.withLock { $0.popLast() } ?? ByteStore()
        store.reserve(bytes)
        return store
    }

    func give(_ store: ByteStore) {
        idle.withLock { if $0.count < StorePool.mostIdle { $0.append(store) } }
    }
}
