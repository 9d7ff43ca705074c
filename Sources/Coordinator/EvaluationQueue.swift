import Waiting

/// States that wait to be evaluated: taken by a thread of low priority while the training goes on, and by another one when it is over.
///
/// A thread cannot raise its own priority again without a privilege. So whoever takes over does again what the first has in hand, unless that one
/// has begun to write, and the first gives it up at its next piece: nobody waits for what a busy machine gives no time to.
package final class EvaluationQueue<State: Sendable>: Sendable {
    /// A state, and whether its figures are in the books already.
    package struct Entry: Sendable {
        package let state: State
        package fileprivate(set) var isRecorded = false
    }

    /// What the thread of low priority has in hand is another's now.
    package struct Overtaken: Error {}

    private struct Line {
        var waiting: [Entry] = []
        var inHand: Entry?
        var isWriting = false
        var isOver = false
        var isClosed = false
    }

    private let backlog: Int
    private let line = Monitor(Line())

    /// - Parameter backlog: states that may be here while the training goes on.
    package init(backlog: Int) { self.backlog = backlog }

    /// Takes a state in; waits while the backlog is full, so that in the end the training waits for its evaluation rather than outrun it.
    package func put(_ state: State) {
        _ = line.wait(
            .untilWoken(by: "the evaluation's thread after each state: it computes, and waits for files only with a limit")
        ) { line -> Void? in
            line.isOver || line.waiting.count + (line.inHand == nil ? 0 : 1) < backlog ? () : nil
        }
        line.update { $0.waiting.append(Entry(state: state)) }
    }

    /// Takes states in that lie on the disk and cost no memory: nobody waits for room.
    package func owe(_ states: [State]) { line.update { $0.waiting += states.map { Entry(state: $0) } } }

    /// Nothing more comes.
    package func close() { line.update { $0.isClosed = true } }

    // MARK: While the training goes on

    /// The next state; `nil` when there is none left, or they are another's from now on.
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

    /// Asked before each piece of work.
    package func requireInHand() throws(Overtaken) {
        guard line.withLock({ $0.inHand != nil }) else { throw Overtaken() }
    }

    /// Puts the figures into the books, once: whoever takes over later finds that done, and not only begun.
    package func record(_ write: () -> Void) throws(Overtaken) {
        let isInHand = line.withLock { line in
            guard line.inHand != nil else { return false }
            write()
            line.inHand?.isRecorded = true
            return true
        }
        guard isInHand else { throw Overtaken() }
    }

    /// Asked before the first file is written: from here on nobody takes the state away.
    package func beginWriting() throws(Overtaken) {
        guard
            line.withLock({
                $0.isWriting = $0.inHand != nil
                return $0.isWriting
            })
        else { throw Overtaken() }
    }

    /// What was in hand is done, or has failed.
    package func putDown() {
        line.update {
            $0.inHand = nil
            $0.isWriting = false
        }
    }

    // MARK: When it is over

    /// Whether the caller is the one that works from now on: the first to call.
    package func takeOver() -> Bool {
        line.update { line in
            guard !line.isOver else { return false }
            line.isOver = true
            if let inHand = line.inHand, !line.isWriting {
                line.waiting.insert(inHand, at: 0)
                line.inHand = nil
            }
            return true
        }
    }

    /// The next state for whoever took over; `nil` when all are done, what the first thread was writing too.
    package func nextAfterTraining() -> Entry? {
        let next = line.wait(
            .untilWoken(by: "put(), close() at the end of the run, or the first thread, which has files left to write and no more")
        ) { line -> Entry?? in
            // Each replaces the files of the one before, so the first thread ends with its own before another's.
            guard line.inHand == nil else { return nil }
            if !line.waiting.isEmpty { return .some(line.waiting.removeFirst()) }
            return line.isClosed ? .some(nil) : nil
        }
        return next ?? nil
    }
}
