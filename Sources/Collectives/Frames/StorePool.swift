import Waiting
import Wire

/// Landing buffers that are used again, so that a steady run takes no memory. Any thread.
final class StorePool: Sendable {
    private static let mostIdle = 64
    private let idle = Monitor<[ByteStore]>([])

    /// A buffer of at least `bytes`; the caller has checked the number against its limit.
    func take(_ bytes: Int) -> ByteStore {
        let store = idle.withLock { $0.popLast() } ?? ByteStore()
        store.reserve(bytes)
        return store
    }

    func give(_ store: ByteStore) {
        idle.withLock { if $0.count < StorePool.mostIdle { $0.append(store) } }
    }
}

/// First in, first out.
struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }

    mutating func push(_ element: Element) { elements.append(element) }

    mutating func pop() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head].take()
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        }
        return element
    }
}
