import Coordinator
import Foundation
import Synchronization
import Testing
import Waiting

/// Waiting evaluations go to a thread of low priority, and after the end of the training to another thread.
@Suite struct EvaluationQueueTests {
    private func queue(_ states: Int...) -> EvaluationQueue<Int> {
        let queue = EvaluationQueue<Int>(backlog: 8)
        for state in states { queue.put(state) }
        return queue
    }

    @Test("what the first thread has in hand when the training ends is done again, and it learns so at its next piece")
    func overtaken() throws {
        let queue = queue(1, 2)
        #expect(queue.nextInBackground()?.state == 1)
        try queue.requireInHand()
        #expect(queue.takeOver() && !queue.takeOver())
        #expect(throws: EvaluationQueue<Int>.Overtaken.self) { try queue.requireInHand() }
        #expect(throws: EvaluationQueue<Int>.Overtaken.self) { try queue.record { Issue.record("written twice") } }
        #expect(throws: EvaluationQueue<Int>.Overtaken.self) { try queue.beginWriting() }
        #expect(queue.nextInBackground() == nil)
        queue.put(3)
        queue.close()
        var left: [Int] = []
        while let entry = queue.nextAfterTraining() { left.append(entry.state) }
        #expect(left == [1, 2, 3])
    }

    @Test("states that lie on the disk come first, and more of them than the backlog make nobody wait")
    func owed() {
        let queue = EvaluationQueue<Int>(backlog: 1)
        queue.owe([1, 2, 3])
        #expect(queue.nextInBackground()?.state == 1)
        #expect(queue.takeOver())
        queue.put(4)
        queue.close()
        var left: [Int] = []
        while let entry = queue.nextAfterTraining() { left.append(entry.state) }
        #expect(left == [1, 2, 3, 4])
    }

    @Test("figures that are in the records when the other takes over are not put there again")
    func recorded() throws {
        let queue = queue(1, 2)
        _ = queue.nextInBackground()
        var written = 0
        try queue.record { written += 1 }
        #expect(written == 1)
        #expect(queue.takeOver())
        queue.close()
        #expect(queue.nextAfterTraining()?.isRecorded == true)
        #expect(queue.nextAfterTraining()?.isRecorded == false)
        #expect(queue.nextAfterTraining() == nil)
    }

    @Test("what is being written stays with the one that writes it, and what comes after it is written after it")
    func writing() throws {
        let queue = queue(1, 2)
        _ = queue.nextInBackground()
        try queue.beginWriting()
        #expect(queue.takeOver())
        try queue.requireInHand()
        queue.close()
        let order = Mutex<[Int]>([])
        let ended = Latch()
        Thread.detachNewThread {
            while let next = queue.nextAfterTraining() { order.withLock { $0.append(next.state) } }
            ended.countDown()
        }
        // Enough time to take the second evaluation, if that were possible.
        #expect(!ended.wait(.atMost(.milliseconds(50))))
        order.withLock { $0.append(1) }
        queue.putDown()
        #expect(ended.wait(.atMost(.seconds(20))))
        #expect(order.withLock { $0 } == [1, 2])
    }

    @Test("a closed queue gives what it holds, then nothing")
    func closed() {
        let queue = queue(1)
        queue.close()
        #expect(queue.nextInBackground()?.state == 1)
        queue.putDown()
        #expect(queue.nextInBackground() == nil)
    }
}
