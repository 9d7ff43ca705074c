import Wire

/// What one frame cost.
struct FrameCost {
    var bytes: Int
    var elements: Int
    var coding: GradientCoding
    var packNanoseconds: UInt64
}

/// Counters of a reducer, in total and of the exchange under way.
struct TrafficCounters {
    private(set) var total = WireCounters()
    private(set) var exchange = WireCounters()

    private var early: UInt64 = 0

    mutating func open() {
        exchange = WireCounters()
        exchange.received = early
        early = 0
    }

    mutating func sent(_ cost: FrameCost) {
        change { counters in
            counters.sent += UInt64(cost.bytes)
            counters.raw += 4 * UInt64(cost.elements)
            counters.packNanoseconds += cost.packNanoseconds
            counters.frames[Int(cost.coding.rawValue)] += 1
        }
    }

    mutating func received(_ header: GradientFrameHeader, unpackNanoseconds: UInt64 = 0) {
        change {
            $0.received += UInt64(header.byteCount + header.payloadBytes)
            $0.unpackNanoseconds += unpackNanoseconds
        }
    }

    /// A frame came before its exchange began: it counts in total now and for the exchange at `open`.
    mutating func receivedEarly(_ header: GradientFrameHeader) {
        let bytes = UInt64(header.byteCount + header.payloadBytes)
        total.received += bytes
        early += bytes
    }

    /// The last bucket is ready: all that left before was early.
    mutating func lastReady() {
        let early = exchange.sent
        change { $0.sentBeforeLastReady += early }
    }

    mutating func waited(nanoseconds: UInt64) { change { $0.waitNanoseconds += nanoseconds } }

    private mutating func change(_ change: (inout WireCounters) -> Void) {
        change(&total)
        change(&exchange)
    }
}
