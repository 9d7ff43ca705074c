import Autoencoder
import Control
import Foundation
import Kernels
import Membership
import Runs
import SwiftProtobuf
import Synchronization
import Waiting
import Wire

/// Streams copies of the state to the coordinator while the training goes on, one at a time.
///
/// The copy is taken at the boundary by the engine's thread; the bytes leave from a thread of low priority at the pace
/// of the connection. A boundary that wants a second copy while one is leaving waits, so memory holds one at most.
final class StateStreamer: Sendable {
    private let slot = Slots(1)
    /// Sends one message and blocks until it has left; throws where the connection has ended.
    typealias Send = @Sendable (ControlMessage, UInt64) throws -> Void

    /// How many copies for the coordinator itself there were, and the number of the first that is still wanted.
    private let copies = Atomic<UInt64>(0)
    private let abandoned = Atomic<UInt64>(0)

    /// How long a copy waits for the one before it to leave.
    private static let patience: Duration = .seconds(3)

    private let open: @Sendable () throws -> Send
    private let moved = Atomic<UInt64>(0)
    /// Streams of orders below this one were given up. Order 0, a copy for the coordinator itself, goes on.
    private let oldest = Atomic<UInt64>(0)

    /// `open` gives the present connection, and throws where there is none. A stream stays on the connection it began on, since the
    /// rest of it is of no use on the next.
    init(open: @escaping @Sendable () throws -> Send) { self.open = open }

    /// Bytes that have left.
    var movedBytes: UInt64 { moved.load(ordering: .relaxed) }

    /// Gives up the streams of older orders: nobody waits for them any more.
    func giveUp(before order: UInt64) { oldest.store(order, ordering: .relaxed) }

    private func isWanted(_ order: UInt64, copy: UInt64) throws {
        if order == 0, copy < abandoned.load(ordering: .relaxed) { throw CancellationError() }
        if order != 0, order < oldest.load(ordering: .relaxed) { throw CancellationError() }
    }

    /// Takes the copy at once (the argument is evaluated when the last one has left) and returns.
    func begin(_ snapshot: @autoclosure () -> Snapshot, configuration: String, view: UInt64) throws {
        let number = copies.add(1, ordering: .relaxed).newValue
        if !slot.take(.atMost(Self.patience)) {
            // Over a slow uplink the last copy takes long, and the run does not wait for it: the new copy goes instead.
            abandoned.store(number, ordering: .relaxed)
            _ = slot.take(.untilWoken(by: "the thread that streams the last copy, which gives it up behind the piece at hand"))
        }
        do {
            let copy = snapshot()
            let bytes = try StateFile.stream(copy, configuration: configuration, pieceBytes: ControlConnection.pieceBytes)
            let step = copy.step
            let send = try? open()
            OwnedThread.detach(name: "snapshot", lowPriority: true) { [self] in
                defer { slot.give() }
                // An error means that the connection has ended, which the shell is told by itself.
                if let send { try? pieces(of: bytes, step: step, order: 0, copy: number, view: view, send) }
            }
        } catch {
            slot.give()
            throw error
        }
    }

    /// Streams a state that others wait for; returns when the last piece has left.
    func sendNow(_ snapshot: Snapshot, order: UInt64, configuration: String, view: UInt64) throws {
        let bytes = try StateFile.stream(snapshot, configuration: configuration, pieceBytes: ControlConnection.pieceBytes)
        try pieces(of: bytes, step: snapshot.step, order: order, copy: 0, view: view, open())
    }

    /// Streams the sum that members one phase behind wait for.
    func sendSum(_ sum: Kernels.Slice<Int32>, change: ExponentChange, applied: UInt64, order: UInt64, view: UInt64) throws {
        let send = try open()
        try ReceivedSum.pieces(of: sum, change: change, applied: applied, order: order) { chunk in
            try isWanted(order, copy: 0)
            try send(.sumChunk(chunk), view)
            moved.add(UInt64(chunk.data.count), ordering: .relaxed)
        }
    }

    private func pieces(
        of bytes: SafetensorsStream, step: UInt64, order: UInt64, copy: UInt64, view: UInt64, _ send: Send
    ) throws {
        var offset = 0
        for piece in bytes {
            try isWanted(order, copy: copy)
            let message = ControlStateChunk.with {
                $0.order = order
                $0.step = step
                $0.offset = UInt64(offset)
                $0.total = UInt64(bytes.totalBytes)
                $0.data = Data(piece)
            }
            offset += piece.count
            try send(.stateChunk(message), view)
            moved.add(UInt64(piece.count), ordering: .relaxed)
        }
    }
}
