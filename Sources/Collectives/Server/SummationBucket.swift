import Kernels
import Wire

/// One bucket of the open exchange: what has been added so far. Guarded by its own monitor.
struct SummationBucket {
    /// Header of the first contribution: the shape all others must have.
    var shape: GradientFrameHeader
    /// The sum, Int32, one piece after the other.
    var store: ByteStore
    var statistics: [TensorStatistics]
    var contributed: Set<Int>
    /// One reader encodes the whole sum; the memory is no longer the bucket's then.
    var isTaken = false

    /// Piece ranges inside `store`.
    var pieces: [Range<Int>] { SummationBucket.ranges(shape.pieces) }

    static func ranges(_ counts: [Int]) -> [Range<Int>] {
        var start = 0
        return counts.map { count in
            defer { start += count }
            return start..<(start + count)
        }
    }

    static func base(_ store: ByteStore, elements: Int) -> UnsafeMutablePointer<Int32> {
        let bytes = store.bytes(4 * elements)
        return bytes.baseAddress!.bindMemory(to: Int32.self, capacity: elements)
    }
}

/// A finished sum, encoded once, on its way to every member.
final class SummedFrame: @unchecked Sendable {
    let header: GradientFrameHeader
    let store: ByteStore
    let byteCount: Int

    /// `store` is not written to any more.
    init(header: GradientFrameHeader, store: ByteStore, byteCount: Int) {
        self.header = header
        self.store = store
        self.byteCount = byteCount
    }

    var payload: UnsafeRawBufferPointer { UnsafeRawBufferPointer(store.bytes(byteCount)) }
}
