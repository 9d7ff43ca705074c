import Foundation
import Synchronization
import Waiting

/// Text for a person, dropped rather than waited for: a terminal that was stopped (Ctrl-S), or a pipe that nobody empties,
/// holds up no run. A terminal that is gone is no reason to end one either.
public final class LossyOutput: Sendable {
    /// How long a reader may take; once it has taken longer nothing is waited for until it reads again.
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
