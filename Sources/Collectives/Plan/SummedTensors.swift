import Kernels
import Wire

/// Where the sum of an exchange stands, and how it is cut. The order of the frames guards it. On a ring one thread at a time touches a
/// chunk, because it is at one member at a time. With a server, a part belongs to its member until it has been pushed.
final class SummedTensors: @unchecked Sendable {
    let base: UnsafeMutablePointer<Int32>
    let board: StatisticsBoard
    let layout: ExchangeLayout
    private let sum: Storage<Int32>

    init(_ layout: ExchangeLayout, _ sum: Storage<Int32>, _ board: StatisticsBoard) {
        self.layout = layout
        self.sum = sum
        self.board = board
        base = sum.address
    }

    /// What travels of a frame's chunk.
    func pieces(_ header: GradientFrameHeader) -> [Range<Int>] { layout.chunks[header.bucket][header.chunk] }
}

extension Storage where Element == Int32 {
    /// Where the elements stand, as long as the storage lives.
    var address: UnsafeMutablePointer<Int32> {
        all.withUnsafeMutableBufferPointer { buffer in
            // An empty storage has an address too: it is one allocation whatever its count.
            buffer.baseAddress!
        }
    }
}
