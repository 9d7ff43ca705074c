import HeapModule

/// What is to happen in a simulated world, by time, and in the order it was asked for where times are equal.
struct EventQueue {
    struct Event: Comparable {
        /// Microseconds.
        let time: Int64
        fileprivate let sequence: UInt64
        let body: () -> Void

        static func < (one: Event, other: Event) -> Bool { (one.time, one.sequence) < (other.time, other.sequence) }
        static func == (one: Event, other: Event) -> Bool { one.sequence == other.sequence }
    }

    private var events = Heap<Event>()
    private var sequence: UInt64 = 0

    var count: Int { events.count }

    mutating func put(at time: Int64, _ body: @escaping () -> Void) {
        sequence += 1
        events.insert(Event(time: time, sequence: sequence, body: body))
    }

    mutating func next() -> Event? { events.popMin() }
}
