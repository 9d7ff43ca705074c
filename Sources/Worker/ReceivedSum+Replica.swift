import Autoencoder
import Control
import FoundationEssentials
import Kernels
import Membership
import SwiftProtobuf
import Wire

extension ReceivedSum {
    var change: ExponentChange { ExponentChange(used: used, next: next) }

    /// Precondition: as many elements as there are bytes for.
    func copy(into sum: Slice<Int32>) {
        sum.copy(
            from: bytes.withUnsafeBytes { raw in
                (0..<sum.count).map { Int32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)) }
            })
    }

    /// The pieces of a sum, in order.
    static func pieces(
        of sum: Slice<Int32>, change: ExponentChange, applied: UInt64, order: UInt64, _ send: (ControlSumChunk) throws -> Void
    ) rethrows {
        let size = MemoryLayout<Int32>.size
        let step = ControlConnection.pieceBytes / size
        for start in stride(from: 0, to: sum.count, by: step) {
            let piece = sum[start..<min(start + step, sum.count)].array
            try send(
                .with { chunk in
                    chunk.order = order
                    chunk.applied = applied
                    if start == 0 { (chunk.used, chunk.next) = (change.used, change.next) }
                    chunk.offset = UInt64(start * size)
                    chunk.total = UInt64(sum.count * size)
                    chunk.data = piece.withUnsafeBytes { .init($0) }
                })
        }
    }
}
