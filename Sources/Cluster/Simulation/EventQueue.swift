/// What is to happen in a simulated world, by time, and in the order it was asked for where times are equal.
struct EventQueue {
    struct Event {
        /// Microseconds.
        var time: Int64
        var sequence: UInt64
        var body: () -> Void

        func precedes(_ other: Event) -> Bool { (time, sequence) < (other.time, other.sequence) }
    }

    private var heap: [Event] = []
    private var sequence: UInt64 = 0

    var count: Int { heap.count }

    mutating func put(at time: Int64, _ body: @escaping () -> Void) {
        sequence += 1
        heap.append(Event(time: time, sequence: sequence, body: body))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func take() -> Event? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = 2 * parent + 1
            guard least < heap.count else { break }
            if least + 1 < heap.count, heap[least + 1].precedes(heap[least]) { least += 1 }
            guard heap[least].precedes(heap[parent]) else { break }
            heap.swapAt(least, parent)
            parent = least
        }
        return first
    }
}
