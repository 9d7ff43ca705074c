import Membership
import Testing

/// The machine's parts by themselves: each keeps a rule that holds whatever the others do.
@Suite struct PartsTests {
    @Test("links are made only after everybody stood level, a run goes on only when they are up, and what has ended stays so")
    func stages() {
        typealias Stage = CoordinatorMachine.Stage
        let linking = Stage.linking(since: .zero)
        for stage in [Stage.gathering, .regrouping, linking, .running] {
            #expect(stage.mayBecome(.ended) && stage.mayBecome(.regrouping) && stage.mayBecome(.gathering))
            #expect(!Stage.ended.mayBecome(stage))
        }
        #expect(Stage.regrouping.mayBecome(linking) && linking.mayBecome(.running))
        #expect(!Stage.running.mayBecome(linking) && !Stage.regrouping.mayBecome(.running) && !Stage.gathering.mayBecome(.running))
    }

    @Test("a view that begins within a step finishes it, and asked to stop it ends at the first boundary it can reach")
    func window() {
        var steps = StepWindow(first: 0, last: 20, phases: 3)
        #expect(steps.isIdle && steps.isAtBoundary && steps.goal == 20)
        #expect(steps.send() == 0 && steps.send() == 1 && !steps.isIdle)
        steps.complete(0)
        #expect(steps.applied == 3)
        // One phase of step 1 was applied when the view broke.
        steps.begin(at: 4)
        #expect(steps.sent == 1 && steps.completed == 1 && !steps.isAtBoundary && steps.hasMadeNone && steps.applied == 4)
        var asked = steps
        asked.endSoon()
        #expect(asked.goal == 2)
        asked = steps
        asked.endAtBoundary(from: 4, last: 20)
        #expect(asked.goal == 2 && !asked.isDone)
        _ = asked.send()
        asked.complete(1)
        #expect(asked.isDone && asked.isAtBoundary && !asked.hasMadeNone)
        asked.endAtBoundary(from: 100, last: 20)
        #expect(asked.goal == 20)
    }

    @Test("what a copy was for that does not come is served by the next boundary's, but for the run's end")
    func snapshots() {
        var schedule = SnapshotSchedule(newest: 0)
        #expect(schedule.ask(id(1), for: 4, .checkpoint, insteadOf: [:], moved: 7, at: .seconds(1)) == .checkpoint)
        let steps = schedule.giveUp(from: id(1))
        #expect(steps == [4] && schedule.pending.isEmpty && schedule.carried == .checkpoint)
        let given = schedule.ask(id(2), for: 8, [.evaluation, .last], insteadOf: [:], moved: 0, at: .seconds(2))
        #expect(given == [.checkpoint, .evaluation, .last] && schedule.carried.isEmpty)
        _ = schedule.giveUp(from: id(2))
        #expect(schedule.carried == [.checkpoint, .evaluation])
    }

    @Test("a copy that came is its source's no more, and what was stored of its purposes is not asked for again")
    func arrivals() throws {
        var schedule = SnapshotSchedule(newest: 2)
        _ = schedule.ask(id(1), for: 4, [.checkpoint, .evaluation], insteadOf: [:], moved: 7, at: .seconds(1))
        let arrived = schedule.arrived(4, at: .seconds(3))
        let asked = try #require(arrived)
        #expect(asked.since == .seconds(1) && asked.before == 7 && schedule.arrived(4, at: .seconds(4)) == nil)
        #expect(schedule.coming(from: id(1)).isEmpty && schedule.giveUp(from: id(1)).isEmpty && schedule.pending[4] != nil)
        schedule.stored(4, .checkpoint, at: .seconds(5), memory: 32)
        #expect(schedule.newest == 4 && schedule.purposes(servedAt: 4) == .checkpoint && schedule.carried == .evaluation)
        // A checkpoint of a boundary that has one is not made again, and the time to the next begins all the same.
        let isEarly = schedule.isDue(at: 4, every: 10, .seconds(14))
        #expect(!isEarly)
        #expect(!schedule.isDue(at: 4, every: 10, .seconds(16)) && !schedule.isDue(at: 9, every: 10, .seconds(17)))
        let isDue = schedule.isDue(at: 9, every: 10, .seconds(26))
        #expect(isDue)
    }

    @Test(
        "at the start of a view a copy is still awaited that its source had begun, and one behind the boundary is asked for on the way"
    )
    func settled() {
        var schedule = SnapshotSchedule(newest: 0)
        for step in [UInt64(3), 5, 9] { _ = schedule.ask(id(step), for: step, .checkpoint, insteadOf: [:], moved: 0, at: .zero) }
        // Worker 3 has made its copy, 5 had not, 9 is gone; the view begins after step 6.
        schedule.settle(at: 18, phases: 3) { [id(3): 3, id(5): 4][$0] }
        #expect(schedule.pending.keys.sorted() == [3] && schedule.carried == .checkpoint)
    }

    @Test(
        "a step is in the records once, with the word of members alone, and a second one that differs is told with the first one's name"
    )
    func records() {
        var records = StepRecords(steps: 0)
        #expect(records.report(0, chain: 10, from: "one") == nil && records.report(0, chain: 10, from: "two") == nil)
        #expect(records.report(0, chain: 11, from: "three") == "one")
        records.hear(1, chain: 20, by: id(4))
        records.hear(2, chain: 30, by: id(5))
        let members: (ConnectionID) -> Bool? = { [id(4): true, id(5): false][$0] }
        #expect(records.enter(before: 3, memory: 16, isMember: members) == [.init(step: 0, chain: 10), .init(step: 1, chain: 20)])
        #expect(records.enter(before: 3, memory: 16, isMember: members).isEmpty && records.chain(after: 1) == 10)
        // Step 2 has not been reported: a view that begins at 1 records it when it is known.
        records.viewBegins(after: 1)
        _ = records.report(2, chain: 31, from: "one")
        #expect(records.enter(before: 3, memory: 16, isMember: members) == [.init(step: 2, chain: 31)])
    }

    @Test("what both ends say of a link counts, a closed one alone does not, and whoever saw it itself is believed")
    func evidence() throws {
        func history(_ said: [(by: UInt64, of: UInt64, kind: LinkReport.Kind, from: UInt32, to: UInt32)]) -> LinkHistory {
            var history = LinkHistory(rules: MembershipRules())
            for word in said {
                history.suspect(
                    .init(
                        by: id(word.by), of: id(word.of), server: nil, pair: .init(from: word.from, to: word.to), kind: word.kind,
                        sentence: "\(word.by) of \(word.of)"))
            }
            return history
        }
        var closed = history([(1, 2, .closed, 1, 2)])
        #expect(closed.explain(hasLostMember: false)?.sentence == "1 of 2" && closed.failures.isEmpty && closed.suspicions.isEmpty)
        var mutual = history([(1, 2, .closed, 1, 2), (2, 1, .closed, 1, 2)])
        _ = mutual.explain(hasLostMember: false)
        #expect(mutual.failures[.init(from: 1, to: 2)] == 1 && mutual.failures[.init(from: 2, to: 1)] == 1)
        var seen = history([(3, 1, .closed, 3, 1), (1, 2, .observed, 1, 2)])
        #expect(seen.explain(hasLostMember: false)?.sentence == "1 of 2" && seen.failures[.init(from: 1, to: 2)] == 1)
        var death = history([(1, 2, .observed, 1, 2)])
        #expect(death.explain(hasLostMember: true) == nil && death.failures.isEmpty)
    }

    @Test(
        "a pair that failed twice stands side by side no more; with no ring left the summation server stands in, each time for longer"
    )
    func standIn() {
        var history = LinkHistory(rules: MembershipRules())
        func fail(_ from: UInt32, _ to: UInt32) {
            history.viewBegins()
            history.blame(.init(from: from, to: to), isObserved: true)
        }
        fail(1, 2)
        fail(1, 2)
        #expect(
            history.isBarred(.init(from: 1, to: 2)) && history.isBarred(1, among: [1, 2]) && !history.isBarred(1, among: [1, 3]))
        // Three in a ring are all neighbours.
        #expect(!history.arrange([1, 2, 3], last: [], wantsRing: true, .zero).ring)
        let four = history.arrange([1, 2, 3, 4], last: [], wantsRing: true, .zero)
        #expect(four.ring && Set(four.order) == [1, 2, 3, 4])
        guard case .begins(let first) = history.standsIn(ring: false, members: 3, .zero) else {
            Issue.record("nothing stands in")
            return
        }
        #expect(
            history.standsIn(ring: false, members: 3, .seconds(1)) == .nothingNew && !history.standInIsOver(first - .seconds(1)))
        #expect(history.standInIsOver(first) && history.standsIn(ring: true, members: 3, first) == .ringIsTriedAgain)
        #expect(history.standsIn(ring: false, members: 3, first) == .begins(length: first * 2))
        history.beginAnew()
        #expect(history.arrange([1, 2, 3], last: [], wantsRing: true, first * 4).ring)
    }

    @Test("without a server, a member whose links fail with three others is nobody's neighbour; where two look alike, neither is")
    func unreached() {
        var history = LinkHistory(rules: MembershipRules())
        history.serverCannotBeHad()
        func breaks(_ from: UInt32, _ to: UInt32) {
            history.viewBegins()
            history.blame(.init(from: from, to: to), isObserved: false)
            history.viewBroke()
            history.viewForms(at: 3, base: 3, admits: false, hasLostMember: false, .zero)
        }
        let members: [UInt32] = [1, 2, 3, 4, 5, 6]
        breaks(1, 6)
        breaks(6, 2)
        #expect(history.arrange(members, last: [], wantsRing: true, .zero).order.count == 6)
        breaks(3, 6)
        #expect(history.arrange(members, last: [], wantsRing: true, .zero).order == [1, 2, 3, 4, 5])
        #expect(history.isBarred(6, among: [5, 6]) && !history.isBarred(5, among: [5, 6]))
        #expect(history.troubles(among: [6]) == [.init(from: 1, to: 6), .init(from: 2, to: 6), .init(from: 3, to: 6)])
        // After a finished phase it stays aside, until everything is forgiven.
        history.viewForms(at: 4, base: 3, admits: false, hasLostMember: false, .zero)
        #expect(history.arrange(members, last: [], wantsRing: true, .zero).order == [1, 2, 3, 4, 5])
        #expect(history.arrange([6], last: [], wantsRing: true, .zero).order == [6])
        let isForgiven = history.forgive(at: 4)
        #expect(isForgiven && history.arrange(members, last: [], wantsRing: true, .zero).order.count == 6)
        for other in [1, 2, 3] as [UInt32] {
            history.viewBegins()
            history.blame(.init(from: other, to: 6), isObserved: false)
            history.blame(.init(from: 5, to: other), isObserved: false)
        }
        history.viewBroke()
        history.viewForms(at: 4, base: 4, admits: false, hasLostMember: false, .zero)
        history.viewBroke()
        history.viewForms(at: 4, base: 4, admits: false, hasLostMember: false, .zero)
        #expect(!history.isBarred(5, among: [5, 6]) && !history.isBarred(6, among: [5, 6]))
    }

    @Test("views that break without a phase make the ring give way; a finished phase, or one who comes in, forgives them")
    func barren() {
        var history = LinkHistory(rules: MembershipRules())
        for _ in 0..<3 {
            history.viewBroke()
            history.viewForms(at: 6, base: 6, admits: false, hasLostMember: false, .zero)
        }
        #expect(history.barren == 3 && history.isAfterBreak)
        var died = history
        died.viewBroke()
        died.viewForms(at: 6, base: 6, admits: false, hasLostMember: true, .zero)
        #expect(died.barren == 3 && !died.isAfterBreak)
        history.viewBroke()
        history.viewForms(at: 7, base: 6, admits: false, hasLostMember: false, .zero)
        #expect(history.barren == 0 && history.isAfterBreak)
    }

    @Test("a process that got nothing done is gone on without for a while, twice as long each time, for ten minutes at most")
    func penances() {
        var history = ProcessHistory()
        var now = Duration.zero
        for length in [10, 20, 40, 80, 160, 320, 600, 600] {
            history.doPenance(7, at: now)
            #expect(history.penance(of: 7, at: now + .seconds(length) - .milliseconds(1)) != nil)
            now += .seconds(length)
            #expect(history.penance(of: 7, at: now) == nil)
        }
        history.leftUnwelcomed(7)
        history.leftUnwelcomed(7)
        #expect(history.unwelcomed(7) == 2 && history.unwelcomed(8) == 0)
        history.isWelcomed(7)
        #expect(history.unwelcomed(7) == 0)
    }

    @Test("what a worker told the coordinator itself goes before the last line of its log")
    func words() {
        var children = ChildRecords()
        children.said(4, "worker 0 cannot go on")
        children.logged(4, "a crash")
        children.logged(5, "a crash")
        #expect(children.words(of: 4) == "worker 0 cannot go on" && children.words(of: 5) == ChildRecords.logWords + "a crash")
    }

    @Test("a generation is raised once at a time, and ever more rarely")
    func outranking() {
        var outranking = Outranking()
        #expect(outranking.begin(at: .zero) && !outranking.begin(at: .zero))
        outranking.end(at: .zero)
        #expect(!outranking.begin(at: .seconds(4)) && outranking.begin(at: .seconds(5)))
        outranking.end(at: .seconds(5))
        #expect(!outranking.begin(at: .seconds(14)) && outranking.begin(at: .seconds(15)))
    }

    @Test("a summation server keeps its number where that is free, and counts as failed once a view")
    func servers() throws {
        func identity(_ process: UInt64, number: UInt32?) -> ServerIdentity {
            ServerIdentity(host: "a", pid: UInt32(process), process: process, number: number)
        }
        var roster = ServerRoster()
        roster.admit(id(1), identity(11, number: 1), replacing: nil, at: .zero)
        roster.admit(id(2), identity(12, number: 1), replacing: nil, at: .zero)
        #expect(roster[id(1)]?.label == 1 && roster[id(2)]?.label == 0 && roster.available(2) == [id(2), id(1)])
        #expect(!roster.viewBegins(ring: false, wanted: 2, at: .zero) && roster.serving == [id(2), id(1)])
        roster.blame(0)
        roster.blame(0)
        #expect(roster[id(2)]?.failures == 1)
        let isAsBefore = roster.viewBegins(ring: false, wanted: 2, at: .zero)
        #expect(isAsBefore)
        roster.blame(0)
        #expect(roster[id(2)]?.failures == 2)
        roster.areSound()
        #expect(roster[id(2)]?.failures == 0 && roster.remove(id(2)) != nil && roster.available(2) == [id(1)])
    }
}
