import Glibc
import Testing
import Waiting

@Suite("Monitors, latches, slots and threads", .timeLimit(.minutes(15)))
struct ThreadTests {
    @Test("A wait whose result is there returns it without a look at the clock")
    func atOnce() {
        let monitor = Monitor(7)
        #expect(monitor.wait(.atMost(.zero)) { $0 } == 7)
        #expect(monitor.wait(.untilWoken(by: "nobody: it is there")) { $0 } == 7)
    }

    @Test("A wait that nobody ends is over with its patience, and has looked a last time")
    func late() {
        let monitor = Monitor(0)
        var looks = 0
        let result = monitor.wait(.atMost(.milliseconds(5))) { _ -> Int? in
            looks += 1
            return nil
        }
        #expect(result == nil)
        #expect(looks >= 2)
        #expect(monitor.wait(.until(Deadline(after: .milliseconds(-1)))) { _ -> Int? in nil } == nil)
    }

    @Test("What comes with the last look is taken, though the patience is over")
    func lastLook() {
        let monitor = Monitor(0)
        var looks = 0
        let result = monitor.wait(.atMost(.milliseconds(1))) { _ -> Int? in
            looks += 1
            return looks >= 2 ? looks : nil
        }
        #expect(result == 2)
    }

    @Test("A waiter is woken early, and wakes that mean nothing do not end its wait")
    func woken() {
        let monitor = Monitor(0)
        let waker = OwnedThread(name: "waker") {
            for _ in 0..<1_000 { monitor.update { $0 += 1 } }
        }
        #expect(monitor.wait(.untilWoken(by: "the waker, which counts to 1000")) { $0 == 1_000 ? $0 : nil } == 1_000)
        #expect(waker.join(.atMost(.seconds(800))))
    }

    @Test("Where the system gives no thread the process ends with a sentence and 1, and does not trap")
    func noThread() async throws {
        let result = try await #require(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            // More than an address space holds.
            _ = OwnedThread(name: "vast", stackBytes: 1 << 60) {}
        }
        let words = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(words.contains("lockstep: no thread can be started") && words.contains("pids.max"), "\(words)")
    }

    @Test("Useless wakes do not make a wait longer than its patience")
    func restless() {
        let monitor = Monitor(false)
        let restless = OwnedThread(name: "restless") {
            while !monitor.withLock({ $0 }) {
                monitor.update { _ in }
                Pause.wait(for: .microseconds(50))
            }
        }
        #expect(monitor.wait(.atMost(.milliseconds(20))) { _ -> Int? in nil } == nil)
        monitor.update { $0 = true }
        #expect(restless.join(.atMost(.seconds(800))))
    }

    @Test("A latch opens with its last count and stays open")
    func latch() {
        let latch = Latch(2)
        #expect(!latch.wait(.atMost(.zero)))
        latch.countDown()
        #expect(!latch.wait(.atMost(.milliseconds(1))))
        latch.countDown()
        latch.countDown()
        #expect(latch.wait(.atMost(.zero)))
        #expect(latch.wait(.untilWoken(by: "nobody: it is open")))
        #expect(Latch(0).wait(.atMost(.zero)))
    }

    @Test("No more than the slots are taken at once, and a slot given back wakes who waits")
    func slots() {
        let slots = Slots(2)
        #expect(slots.take(.atMost(.zero)))
        #expect(slots.take(.atMost(.zero)))
        #expect(!slots.take(.atMost(.milliseconds(1))))
        let giver = OwnedThread(name: "giver") { slots.give() }
        #expect(slots.take(.untilWoken(by: "the giver")))
        #expect(giver.join(.atMost(.seconds(800))))
        #expect(!slots.take(.atMost(.zero)))
    }

    @Test("A thread bears its name, and is joined once it has ended and not before")
    func thread() {
        let (go, name) = (Latch(), Monitor(""))
        let thread = OwnedThread(name: "a-name-that-is-too-long") {
            var bytes = [UInt8](repeating: 0, count: 64)
            let file = open("/proc/thread-self/comm", O_RDONLY)
            let count = read(file, &bytes, bytes.count)
            close(file)
            name.update { $0 = String(decoding: bytes.prefix(max(0, count - 1)), as: UTF8.self) }
            _ = go.wait(.untilWoken(by: "the test"))
        }
        #expect(!thread.join(.atMost(.milliseconds(1))))
        go.countDown()
        #expect(thread.join(.atMost(.seconds(800))))
        #expect(thread.join(.atMost(.zero)), "a second join returns at once")
        #expect(name.withLock { $0 } == "a-name-that-is-")
    }

    @Test("Several may join a thread at once; one that nobody joins ends by itself")
    func joins() {
        let go = Latch()
        let thread = OwnedThread(name: "joined") { _ = go.wait(.untilWoken(by: "the test")) }
        let joiners = (0..<3).map { _ in OwnedThread(name: "joiner") { _ = thread.join(.untilWoken(by: "its end")) } }
        go.countDown()
        for joiner in joiners { #expect(joiner.join(.atMost(.seconds(800)))) }
        let ended = Latch()
        _ = OwnedThread(name: "alone") { ended.countDown() }
        #expect(ended.wait(.atMost(.seconds(800))))
    }
}
