import Foundation
import Synchronization

/// Lines of a launch on standard error, one at a time, beside the progress line that the coordinator draws on the same terminal.
final class TerminalLines: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let lock = Mutex(())

    func show(_ text: String) {
        lock.withLock { _ in
            // Clear the progress line, which is soon drawn anew; text on top of it could not be read.
            Output.note(isTerminal ? "\r\u{1B}[K" + text : text)
        }
    }
}
