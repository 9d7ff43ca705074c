import Testing
import Waiting

@Suite("Time and patience")
struct TimeTests {
    @Test("The clock never goes back, and a thread's own time is no more than passes")
    func monotonic() {
        var (last, now) = (MonotonicTime.nanoseconds, MonotonicTime.now)
        let (computed, began) = (ThreadTime.nanoseconds, last)
        for _ in 0..<10_000 {
            let next = MonotonicTime.nanoseconds
            #expect(next >= last)
            let later = MonotonicTime.now
            #expect(later >= now && later >= .zero)
            (last, now) = (next, later)
        }
        let spent = ThreadTime.nanoseconds - computed
        #expect(spent > 0 && spent <= MonotonicTime.nanoseconds - began)
    }

    @Test("A deadline passes once and for all, and a negative duration is now")
    func deadline() {
        #expect(Deadline(after: .zero).hasPassed)
        #expect(Deadline(after: .seconds(-5)).hasPassed)
        #expect(Deadline(after: .seconds(-5)).remaining == .zero)
        let far = Deadline(after: .seconds(3600))
        #expect(!far.hasPassed)
        #expect(far.remaining > .seconds(3590) && far.remaining <= .seconds(3600))
        #expect(Deadline(after: .seconds(1)) < far)
        #expect(min(far, Deadline(after: .seconds(1))) < far)
    }

    @Test("A duration past the clock's end is the end, not a trap")
    func farAway() {
        let never = Deadline(after: .seconds(Int64.max))
        #expect(!never.hasPassed)
        #expect(never.remaining > .seconds(1 << 30))
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.seconds(Int64.min + 1).wholeNanoseconds == .min)
        #expect(Duration.seconds(-3).wholeNanoseconds == -3_000_000_000)
    }

    @Test("Durations as numbers, for sentences", arguments: [(250, 0.25), (150, 0.15), (8000, 8.0), (0, 0.0), (-1500, -1.5)])
    func numbers(milliseconds: Int, seconds: Double) {
        #expect(Duration.milliseconds(milliseconds).seconds == seconds)
        #expect(Duration.milliseconds(milliseconds).milliseconds == Double(milliseconds))
    }

    @Test("A patience counts from the call, and a fixed one from when it was fixed")
    func patience() {
        #expect(Patience.untilWoken(by: "somebody").deadline == nil)
        #expect(Patience.atMost(.zero).deadline?.hasPassed == true)
        let deadline = Deadline(after: .seconds(60))
        #expect(Patience.until(deadline).deadline == deadline)
        let fixed = Patience.atMost(.seconds(60)).fixed
        let first = fixed.deadline
        Pause.wait(for: .milliseconds(1))
        #expect(fixed.deadline == first && first != nil)
    }

    @Test("A pause lasts at least as long as it was told")
    func pause() {
        let began = MonotonicTime.nanoseconds
        Pause.wait(for: .milliseconds(3))
        #expect(MonotonicTime.nanoseconds - began >= 3_000_000)
        Pause.wait(for: .zero)
        Pause.wait(for: .seconds(-1))
    }

    @Test("A search finds a service that comes back at once, and asks seldom one that takes nobody in for long")
    func searchPauses() {
        var pauses = SearchPauses()
        #expect(pauses.begin(at: .zero) == .zero)
        #expect(
            (0..<9).map { _ in pauses.failed() } == [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000].map { .milliseconds($0) })

        // A connection that has lasted: the next search begins at once, and its pauses stay short.
        pauses.wasWelcomed(at: .seconds(100))
        #expect(pauses.begin(at: .seconds(103)) == .zero)
        #expect((0..<6).map { _ in pauses.failed() } == [50, 100, 200, 400, 500, 500].map { .milliseconds($0) })

        // Taken in and sent away again and again: each search waits twice as long as the one before, up to the longest.
        pauses = SearchPauses()
        var now = Duration.zero
        var waits: [Duration] = []
        for _ in 0..<10 {
            pauses.wasWelcomed(at: now)
            now += .milliseconds(10)
            waits.append(pauses.begin(at: now))
        }
        #expect(waits == [0, 0, 0, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000].map { .milliseconds($0) })
    }
}
