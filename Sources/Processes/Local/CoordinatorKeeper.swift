import Glibc
import Runs
import Waiting

/// Looks after the coordinator that `train` or `launch` has started, on a thread of its own, as its `CoordinatorWatchdog` decides.
package final class CoordinatorKeeper: Sendable {
    /// How often it looks.
    static let interval: Duration = .milliseconds(500)

    private struct State {
        var watchdog = CoordinatorWatchdog()
        var isOver = false
    }

    private let state = Monitor(State())
    private let pulse: Pulse
    private let say: @Sendable (String) -> Void
    private let onLeave: @Sendable () -> Void

    /// - Parameters:
    ///   - say: takes a sentence for the user.
    ///   - onLeave: called where the coordinator was killed and still hangs in the kernel: this process must end without it.
    package init(pulse: Pulse, say: @escaping @Sendable (String) -> Void, onLeave: @escaping @Sendable () -> Void) {
        self.pulse = pulse
        self.say = say
        self.onLeave = onLeave
        OwnedThread.detach(name: "keeper") { [self] in
            while state.wait(.atMost(Self.interval), { $0.isOver ? () : nil }) == nil { look() }
        }
    }

    /// Ends the thread.
    package func close() { state.update { $0.isOver = true } }

    package func started(_ pid: Int32) { state.withLock { $0.watchdog.started(pid) } }

    package func ended() { state.withLock { $0.watchdog.ended() } }

    package func askedToStop() { state.withLock { $0.watchdog.askedToStop(at: MonotonicTime.now) } }

    /// How to tell the coordinator's end by a signal, which this keeper may have sent.
    package func words(on ending: String) -> String {
        state.withLock { $0.watchdog.hasKilled }
            ? "was to end the run, has shown no life since then, and was killed"
            : "was \(ending)"
    }

    /// The same where the coordinator does not end even when it is killed.
    package static let wordsOnLeaving = "has shown no life since it was to end the run, and does not end even now that it is killed"

    private func look() {
        let hasBeaten = pulse.hasBeaten()
        guard let pid = state.withLock({ $0.watchdog.pid }) else { return }
        let sight = CoordinatorWatchdog.Sight(
            isStopped: ProcessTable.isStopped(pid), hasBeaten: hasBeaten,
            waitsForDisk: !hasBeaten && ProcessTable.hasUninterruptibleThread(pid))
        let acts = state.withLock { $0.watchdog.pid == pid ? $0.watchdog.look(sight, at: MonotonicTime.now) : [] }
        for act in acts {
            switch act {
            case .say(let sentence): say(sentence)
            case .wake: kill(pid, SIGCONT)
            case .kill: kill(pid, SIGKILL)
            case .leave: onLeave()
            }
        }
    }
}

/// A pipe on which a coordinator shows its parent process that its event loop turns.
package final class Pulse: Sendable {
    /// Descriptor number of its writing end in the coordinator.
    package static let descriptor: Int32 = 13
    /// How often it beats.
    package static let interval: Duration = .milliseconds(500)
    /// The arguments that tell the coordinator of it.
    package static let arguments = ["--pulse-descriptor", "\(descriptor)"]

    private let pipe: LinePipe

    /// - Throws: `LocalError` where the kernel gives no pipe.
    package init() throws { pipe = try LinePipe() }

    deinit { pipe.close() }

    /// The end to hand down.
    package var writing: Int32 { pipe.writing }

    /// Whether it has beaten since the last call.
    func hasBeaten() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        var hasBeaten = false
        while let count = bytes.withUnsafeMutableBytes({ Descriptor.read(pipe.reading, into: $0, .atMost(.zero)) }), count > 0 {
            hasBeaten = true
        }
        return hasBeaten
    }
}
