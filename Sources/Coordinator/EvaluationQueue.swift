import DequeModule
import Waiting

/// States that wait to be evaluated: taken by a thread of low priority while the training goes on, and by another one when it is over.
///
/// A thread cannot raise its own priority again without a privilege. So the second thread does the state again that the first has in hand, and
/// the first gives it up at its next piece, unless it has begun to write. So nobody waits for a thread that a busy machine gives no time to.
package final class EvaluationQueue<State: Sendable>: Sendable {
    /// A state, and whether its figures are in the records already.
    package struct Entry: Sendable {
        package let state: State
        package fileprivate(set) var isRecorded = false
    }

    /// The thread of low priority has lost its state to the other thread.
    package struct Overtaken: Error {}

    private struct Line {
        var waiting: Deque<Entry> = []
        var inHand: Entry?
        var isWriting = false
        var isOver = false
        var isClosed = false
    }

    private let backlog: Int
    private let line = Monitor(Line())

    /// - Parameter backlog: states that may be here while the training goes on.
    package init(backlog: Int) { self.backlog = backlog }

    /// Takes a state in; waits while the backlog is full, so that in the end the training waits for its evaluation instead of outrunning it.
    package func put(_ state: State) {
        _ = line.wait(
            .untilWoken(by: "the evaluation's thread after each state: it computes, and waits for files only with a limit")
        ) { line -> Void? in
            line.isOver || line.waiting.count + (line.inHand == nil ? 0 : 1) < backlog ? () : nil
        }
        line.update { $0.waiting.append(Entry(state: state)) }
    }

    /// Takes in states that lie on the disk and cost no memory: the caller never waits for room.
    package func owe(_ states: [State]) { line.update { $0.waiting += states.map { Entry(state: $0) } } }

    /// Nothing more comes.
    package func close() { line.update { $0.isClosed = true } }

    // MARK: While the training goes on

    /// The next state; `nil` when none is left, or when the other thread has taken over.
    package func nextInBackground() -> Entry? {
        let next = line.wait(.untilWoken(by: "put(), takeOver(), or close(), which the coordinator calls however the run ends")) {
            line -> Entry?? in
            if line.isOver || (line.isClosed && line.waiting.isEmpty) { return .some(nil) }
            guard !line.waiting.isEmpty else { return nil }
            line.inHand = line.waiting.removeFirst()
            return .some(line.inHand)
        }
        return next ?? nil
    }

    /// Called before each piece of work.
    package func requireInHand() throws(Overtaken) {
        guard line.withLock({ $0.inHand != nil }) else { throw Overtaken() }
    }

    /// Puts the figures into the records, once: a thread that takes over later finds this done, never half done.
    package func record(_ write: () -> Void) throws(Overtaken) {
        let isInHand = line.withLock { line in
            guard line.inHand != nil else { return false }
            write()
            line.inHand?.isRecorded = true
            return true
        }
        guard isInHand else { throw Overtaken() }
    }

    /// Called before the first file is written: from here on nobody takes the state away.
    package func beginWriting() throws(Overtaken) {
        guard
            line.withLock({
                $0.isWriting = $0.inHand != nil
                return $0.isWriting
            })
        else { throw Overtaken() }
    }

    /// The state in hand is done, or has failed.
    package func putDown() {
        line.update {
            $0.inHand = nil
            $0.isWriting = false
        }
    }

    // MARK: When it is over

    /// True for the first caller, which does the work from now on.
    package func takeOver() -> Bool {
        line.update { line in
            guard !line.isOver else { return false }
            line.isOver = true
            if let inHand = line.inHand, !line.isWriting {
                line.waiting.prepend(inHand)
                line.inHand = nil
            }
            return true
        }
    }

    /// The next state for the thread that took over; `nil` when all are done, including the one that the first thread was writing.
    package func nextAfterTraining() -> Entry? {
        let next = line.wait(
            .untilWoken(by: "put(), close() at the end of the run, or the first thread, which has files left to write and no more")
        ) { line -> Entry?? in
            // Each state's files replace those of the state before, so the first thread must finish its own before the next is begun.
            guard line.inHand == nil else { return nil }
            if !line.waiting.isEmpty { return .some(line.waiting.removeFirst()) }
            return line.isClosed ? .some(nil) : nil
        }
        return next ?? nil
    }
}
