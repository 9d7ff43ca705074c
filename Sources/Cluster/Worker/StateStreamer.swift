import Autoencoder
import Dispatch
import Foundation
import Runs
import Wire

/// Streams copies of the state to the coordinator behind the training's back, one at a time.
///
/// The copy is taken at the boundary by the engine's thread; the bytes leave from a thread of low priority at the pace
/// of the connection. A boundary that wants a second copy while one is leaving waits, so memory holds one at most.
final class StateStreamer: Sendable {
    private let slot = DispatchSemaphore(value: 1)
    private let send: @Sendable (ControlMessage, UInt64) throws -> Void

    /// `send` blocks until the message has left, and throws where the connection ended.
    init(send: @escaping @Sendable (ControlMessage, UInt64) throws -> Void) { self.send = send }

    /// Takes the copy at once (the argument is evaluated when the last one has left) and returns.
    func begin(_ snapshot: @autoclosure () -> Snapshot, configuration: String, view: UInt64) throws {
        slot.wait()
        let stream: SafetensorsStream
        do {
            let copy = snapshot()
            stream = try StateFile.stream(copy, configuration: configuration)
            let step = copy.step
            DetachedThread.start(name: "snapshot", lowPriority: true) { [self] in
                defer { slot.signal() }
                var offset = 0
                for piece in stream {
                    let message = ControlStateChunk.with {
                        $0.step = step
                        $0.offset = UInt64(offset)
                        $0.total = UInt64(stream.totalBytes)
                        $0.data = Data(piece)
                    }
                    offset += piece.count
                    // An error is the end of the connection, which the shell hears of by itself.
                    guard (try? send(.stateChunk(message), view)) != nil else { return }
                }
            }
        } catch {
            slot.signal()
            throw error
        }
    }
}
