import Processes
import Testing

/// What is said and done about a coordinator that stands still, when it is checked twice a second, as its keeper does.
@Suite struct CoordinatorWatchdogTests {
    private struct Watched {
        var watchdog = CoordinatorWatchdog()
        var now: Duration = .zero

        init() { watchdog.started(2148) }

        /// Looks for so long, and says what followed.
        mutating func look(
            for duration: Duration, isStopped: Bool = false, hasBeaten: Bool = true, waitsForDisk: Bool = false
        ) -> [CoordinatorWatchdog.Act] {
            var acts: [CoordinatorWatchdog.Act] = []
            let end = now + duration
            while now < end {
                now += .milliseconds(500)
                acts += watchdog.look(.init(isStopped: isStopped, hasBeaten: hasBeaten, waitsForDisk: waitsForDisk), at: now)
            }
            return acts
        }
    }

    private func sentences(_ acts: [CoordinatorWatchdog.Act]) -> [String] {
        acts.compactMap { if case .say(let sentence) = $0 { sentence } else { nil } }
    }

    @Test("one that lives is left alone for as long as it likes: after a signal one line says what is waited for")
    func alive() {
        var watched = Watched()
        #expect(watched.look(for: .seconds(600)).isEmpty)
        watched.watchdog.askedToStop(at: watched.now)
        let acts = watched.look(for: .seconds(3600))
        #expect(acts.count == 1 && sentences(acts)[0].contains("a second Control-C"), "\(acts)")
        #expect(!watched.watchdog.hasKilled)
    }

    @Test("one that is stopped in mid-run is told of once each time, with what continues it, and is not touched")
    func stoppedInMidRun() {
        var watched = Watched()
        #expect(watched.look(for: .seconds(2), isStopped: true, hasBeaten: false).isEmpty)
        for _ in 0..<2 {
            let acts = watched.look(for: .seconds(3600), isStopped: true, hasBeaten: false)
            #expect(acts.count == 1 && sentences(acts)[0].contains("`kill -CONT 2148`"), "\(acts)")
            #expect(watched.look(for: .seconds(10)).isEmpty)
        }
    }

    @Test("one that is stopped when the run is to end is woken once")
    func stoppedAtTheEnd() {
        var watched = Watched()
        _ = watched.look(for: .seconds(100), isStopped: true, hasBeaten: false)
        watched.watchdog.askedToStop(at: watched.now)
        let acts = watched.look(for: .seconds(1), isStopped: true, hasBeaten: false)
        #expect(acts.last == .wake && acts.filter { $0 == .wake }.count == 1, "\(acts)")
        #expect(watched.look(for: .seconds(20), isStopped: true, hasBeaten: false).allSatisfy { $0 != .wake && $0 != .kill })
    }

    @Test("one without life after a signal is announced, killed after its time, and then left to the kernel")
    func silent() {
        var watched = Watched()
        // It was silent long before: it must get time to handle the signal.
        _ = watched.look(for: .seconds(100), hasBeaten: false)
        watched.watchdog.askedToStop(at: watched.now)
        let before = watched.look(for: CoordinatorWatchdog.longestSilence - .milliseconds(500), hasBeaten: false)
        #expect(before.count == 1 && sentences(before)[0].contains("does not answer"), "\(before)")
        #expect(watched.look(for: .milliseconds(500), hasBeaten: false) == [.kill])
        #expect(watched.watchdog.hasKilled)
        #expect(watched.look(for: .seconds(60), hasBeaten: false) == [.leave])
        watched.watchdog.ended()
        #expect(watched.look(for: .seconds(60), hasBeaten: false).isEmpty)
    }

    @Test("one that hangs in a disk is given far longer, and what it has waited for that counts for nothing else")
    func hangsInDisk() {
        var watched = Watched()
        watched.watchdog.askedToStop(at: watched.now)
        let before = watched.look(for: CoordinatorWatchdog.longestDiskWait - .seconds(1), hasBeaten: false, waitsForDisk: true)
        #expect(before.count == 1 && sentences(before)[0].contains("a disk that does not answer"), "\(before)")
        // The disk answers, and the next beat is a moment away.
        #expect(!watched.look(for: .seconds(10), hasBeaten: false).contains(.kill))
        #expect(!watched.look(for: .milliseconds(500)).contains(.kill))
        #expect(watched.look(for: CoordinatorWatchdog.longestDiskWait, hasBeaten: false, waitsForDisk: true).last == .kill)
    }

    @Test("a beat now and then is life, and what this host stood still counts for nobody")
    func hiccups() {
        var watched = Watched()
        watched.watchdog.askedToStop(at: watched.now)
        for _ in 0..<20 {
            #expect(!watched.look(for: CoordinatorWatchdog.longestSilence - .seconds(1), hasBeaten: false).contains(.kill))
            _ = watched.look(for: .milliseconds(500))
        }
        watched.now += .seconds(3600)
        #expect(!watched.look(for: .milliseconds(500), hasBeaten: false).contains(.kill))
    }

    @Test("a signal that comes between two coordinators counts for the next one")
    func between() {
        var watched = Watched()
        watched.watchdog.ended()
        watched.watchdog.askedToStop(at: watched.now)
        #expect(watched.look(for: .seconds(100), hasBeaten: false).isEmpty)
        watched.watchdog.started(2149)
        let acts = watched.look(for: CoordinatorWatchdog.longestSilence, hasBeaten: false)
        #expect(acts.last == .kill && sentences(acts).allSatisfy { $0.contains("2149") }, "\(acts)")
    }
}
