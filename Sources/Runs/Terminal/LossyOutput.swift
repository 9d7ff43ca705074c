import Foundation
import Synchronization
import Waiting

/// Writes text for a person, and drops it rather than wait: a terminal that was stopped (Ctrl-S), or a pipe that nobody empties, does not hold up
/// a run. A terminal that is gone does not end one either.
public final class LossyOutput: Sendable {
    /// How long to wait for a reader. One that takes longer is not waited for again until it reads.
    private static let patience: Duration = .milliseconds(200)

    private struct State {
        var isStuck = false
        var lostLines = 0
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    /// - Parameter descriptor: stays open as long as this is used.
    public init(descriptor: Int32) { self.descriptor = descriptor }

    /// Writes the text, or drops it. Where whole lines were dropped the next text says how many.
    public func write(_ text: String) {
        state.withLock { state in
            let note = state.lostLines > 0 ? "(lines lost here because nobody read them: \(state.lostLines))\n" : ""
            var whole = note + text
            let isOut = whole.withUTF8 {
                Descriptor.write(UnsafeRawBufferPointer($0), to: descriptor, .atMost(state.isStuck ? .zero : Self.patience))
            }
            state.isStuck = !isOut
            state.lostLines = isOut ? 0 : state.lostLines + (text.hasSuffix("\n") ? 1 : 0)
        }
    }
}
