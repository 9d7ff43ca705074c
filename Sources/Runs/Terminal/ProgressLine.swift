import Foundation
import Synchronization

/// Shows progress: on a terminal one line drawn over and over, elsewhere a plain line now and then. Nothing is coloured.
public final class ProgressLine: Sendable {
    /// Shortest time between two drawings on a terminal.
    private static let redrawInterval = Duration.milliseconds(100)
    /// Where a terminal does not tell its width.
    private static let usualWidth = 80
    /// Plain lines go to logs, which have no width.
    private static let plainWidth = 1_000

    private struct State {
        var drawn: String?
        var lastPrint: ContinuousClock.Instant?
        var lastEpoch = 0
        var lastNote: String?
    }

    private let descriptor: Int32
    private let output: LossyOutput
    private let isTerminal: Bool
    private let plainInterval: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - descriptor: where to write; standard error unless told.
    ///   - plainEvery: time between plain lines; a new epoch or note brings one at once.
    public init(file descriptor: Int32 = STDERR_FILENO, plainEvery: Duration = .seconds(5)) {
        self.descriptor = descriptor
        output = LossyOutput(descriptor: descriptor)
        isTerminal = isatty(descriptor) == 1
        plainInterval = plainEvery
    }

    /// Shows where the run stands, if it is time to.
    public func update(_ progress: Progress) {
        state.withLock { state in
            let isNews = progress.epoch != state.lastEpoch || progress.note != state.lastNote || progress.step == progress.steps
            guard show(&state, isNews: isNews, progress.render) else { return }
            state.lastEpoch = progress.epoch
            state.lastNote = progress.note
        }
    }

    /// Shows how far some other work is, if it is time to.
    ///
    /// - Parameter render: gives a line of at most so many characters.
    public func update(_ render: (_ width: Int) -> String) {
        state.withLock { _ = show(&$0, isNews: false, render) }
    }

    private func show(_ state: inout State, isNews: Bool, _ render: (_ width: Int) -> String) -> Bool {
        let now = ContinuousClock.now
        let interval = isTerminal ? Self.redrawInterval : plainInterval
        if let last = state.lastPrint, now - last < interval, !isNews { return false }
        state.lastPrint = now
        if isTerminal {
            // The last column stays free: some terminals wrap when it is written.
            let line = render(max(0, width() - 1))
            output.write(Self.erase + line)
            state.drawn = line
        } else {
            output.write(render(Self.plainWidth) + "\n")
        }
        return true
    }

    /// Prints a line of its own, above the progress line.
    public func message(_ text: String) {
        state.withLock { state in
            if let drawn = state.drawn {
                output.write(Self.erase + text + "\n" + drawn)
            } else {
                output.write(text + "\n")
            }
        }
    }

    /// Leaves the last line standing; what is printed next begins below it.
    public func finish() {
        state.withLock { state in
            if state.drawn != nil { output.write("\n") }
            state.drawn = nil
        }
    }

    /// Back to the first column, and clear to the end of the line.
    private static let erase = "\r\u{1B}[K"

    private func width() -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return Self.usualWidth }
        return Int(size.ws_col)
    }
}
