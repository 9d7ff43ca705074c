import Foundation
import Membership
import Testing
import Wire

@Suite("What an engine does with the work it is given")
struct EngineCoreTests {
    /// Acts as far as these tests tell them apart.
    enum Did: Equatable {
        case prepare(anew: Bool)
        case sayPrepared(digest: Bool)
        case sayStood(order: UInt64, digest: Bool)
        case sendSum, applySum, restore, connect, load, runPhase
        case sayStep, closeLinks, streamCopy, streamState
        case failed(String)
        case unusable(String)
        case linksUp, linkFailed, goesOn, other

        init(_ act: EngineCore.Act) {
            switch act {
            case .prepare(_, let anew): self = .prepare(anew: anew)
            case .sayPrepared(let digest): self = .sayPrepared(digest: digest)
            case .sayStood(let order, let digest): self = .sayStood(order: order, digest: digest)
            case .tell(.failed(let reason, _)): self = .failed(reason)
            case .tell(.unusable(let reason)): self = .unusable(reason)
            case .tell(.linksUp): self = .linksUp
            case .tell(.linkFailed): self = .linkFailed
            case .tell(.goesOn): self = .goesOn
            case .tell: self = .other
            case .sendSum: self = .sendSum
            case .applySum: self = .applySum
            case .restore: self = .restore
            case .connect: self = .connect
            case .load: self = .load
            case .runPhase: self = .runPhase
            case .sayStep: self = .sayStep
            case .closeLinks: self = .closeLinks
            case .streamCopy: self = .streamCopy
            case .streamState: self = .streamState
            }
        }
    }

    static func place(_ applied: UInt64, holdsSum: Bool = true) -> EngineCore.Place {
        EngineCore.Place(applied: applied, chain: 100 + applied, holdsSum: holdsSum)
    }

    /// The core of an engine with three phases a step, and what it does.
    final class Engine {
        private(set) var core = EngineCore()

        func begin(_ work: EngineWork, linksStand: Bool = true) -> [Did] { core.begin(work, linksStand: linksStand).map(Did.init) }
        func prepared(_ place: EngineCore.Place) -> [Did] { core.prepared(place, phases: 3, anew: true).map(Did.init) }
        func joined(_ view: UInt64) -> [Did] { core.joined(view).map(Did.init) }
        func applied(_ phases: UInt64) -> [Did] { core.applied(EngineCoreTests.place(phases)).map(Did.init) }
        func broke(_ report: LinkReport?) -> [Did] { core.broke(report).map(Did.init) }
        func brought(_ order: UInt64, _ phases: UInt64, digest: Bool, unusable: String? = nil) -> [Did] {
            core.brought(order, EngineCoreTests.place(phases), digest: digest, unusable: unusable).map(Did.init)
        }
        func streamed(_ order: UInt64) -> [Did] { core.streamed(order).map(Did.init) }
        func waits(_ isWaiting: Bool) { core.waits(isWaiting) }
        var counts: [UInt64] { [core.counts.applied, core.counts.contributed, core.counts.view] }
        var position: Position { core.position(digest: []) }
    }

    /// One in view 4, unless it has yet to join a view.
    static func engine(at applied: UInt64, hasJoined: Bool = true) -> Engine {
        let engine = Engine()
        _ = engine.begin(.prepare(ControlWelcome(), anew: true))
        _ = engine.prepared(place(applied))
        if hasJoined { _ = engine.joined(4) }
        return engine
    }

    static func batch(_ step: UInt64) -> EngineWork {
        var batch = ControlBatch()
        batch.step = step
        return .run(batch)
    }

    static func sum(_ applied: UInt64) -> ReceivedSum {
        var chunk = ControlSumChunk()
        chunk.applied = applied
        return ReceivedSum(chunk)
    }

    static func copy(_ step: UInt64, order: UInt64) -> EngineWork {
        var request = ControlSnapshotRequest()
        (request.step, request.order) = (step, order)
        return .copyState(request)
    }

    @Test("Work before the run is prepared is a mistake; the first preparation builds a replica, whatever it says")
    func unprepared() {
        let engine = Engine()
        #expect(engine.begin(.stand(order: 1)) == [.failed("the coordinator gave work before the run was prepared")])
        #expect(engine.begin(.prepare(ControlWelcome(), anew: false)) == [.prepare(anew: true)])
        #expect(engine.prepared(Self.place(0)) == [.sayPrepared(digest: true)])
        #expect(engine.begin(.prepare(ControlWelcome(), anew: false)) == [.prepare(anew: false)])
        #expect(engine.begin(.stand(order: 7)) == [.sayStood(order: 7, digest: false)])
    }

    @Test("A step runs phase by phase from where the replica stands, and the first phase of a view is told")
    func step() {
        let engine = Self.engine(at: 4)
        #expect(engine.begin(Self.batch(1)) == [.load, .runPhase])
        engine.waits(true)
        #expect(engine.counts == [4, 5, 0])
        #expect(engine.applied(5) == [.goesOn, .runPhase])
        engine.waits(true)
        engine.waits(false)
        #expect(engine.counts == [5, 5, 4])
        #expect(engine.applied(6) == [.sayStep])
        #expect(engine.core.step == 2)
        _ = engine.begin(Self.batch(2))
        #expect(engine.applied(7) == [.runPhase])
    }

    @Test("Images of another step, and images without links, are passed over")
    func strayImages() {
        let engine = Self.engine(at: 3)
        #expect(engine.begin(Self.batch(0)).isEmpty)
        #expect(engine.begin(Self.batch(2)).isEmpty)
        #expect(engine.begin(Self.batch(1), linksStand: false).isEmpty)
        #expect(engine.begin(Self.batch(1)) == [.load, .runPhase])
        let report = LinkReport(suspect: 1, reason: "it ended")
        #expect(engine.broke(report) == [.closeLinks, .linkFailed])
        #expect(engine.begin(Self.batch(1)).isEmpty)
        #expect(engine.joined(5) == [.linksUp])
        #expect(engine.begin(Self.batch(1)) == [.load, .runPhase])
        #expect(engine.broke(nil) == [.closeLinks], "links that this side ended are nobody's fault")
        #expect(engine.core.cannotJoin(6, nil).isEmpty)
        #expect(engine.core.cannotJoin(6, report).map(Did.init) == [.linkFailed])
        let late = Self.engine(at: 3, hasJoined: false)
        #expect(late.begin(Self.batch(1)).isEmpty)
    }

    @Test("A sum is handed out only where it is the last; it is taken only where it is the next")
    func sums() {
        let engine = Self.engine(at: 4)
        #expect(engine.begin(.sendSum(order: 2, applied: 4)) == [.sendSum])
        #expect(
            engine.begin(.sendSum(order: 2, applied: 5)) == [
                .failed("the sum of phase 5 was asked for, and this worker stands at 4")
            ])
        #expect(engine.begin(.applySum(order: 2, Self.sum(4))) == [.sayStood(order: 2, digest: false)], "it is applied already")
        #expect(
            engine.begin(.applySum(order: 2, Self.sum(6))) == [
                .unusable("a sum for phase 6 came to a worker that stands at 4"), .sayStood(order: 2, digest: false),
            ])
        #expect(engine.begin(.applySum(order: 2, Self.sum(5))) == [.applySum])
        #expect(engine.brought(2, 5, digest: false) == [.sayStood(order: 2, digest: false)])
        #expect(engine.position == Position(applied: 5, chain: 105, holdsSum: true))
        #expect(engine.counts == [5, 5, 0])
        let empty = Self.engine(at: 0)
        _ = empty.prepared(Self.place(0, holdsSum: false))
        #expect(
            empty.begin(.sendSum(order: 1, applied: 0)) == [
                .failed("the sum of phase 0 was asked for, and this worker stands at 0")
            ])
    }

    @Test("A state that cannot be used leaves the replica as the seed made it; one that can makes it no longer fresh")
    func states() {
        let engine = Self.engine(at: 0)
        #expect(engine.position.isFresh)
        #expect(engine.begin(.restore(order: 3, [])) == [.restore])
        let damaged = engine.brought(3, 0, digest: true, unusable: "it is cut short")
        #expect(damaged == [.unusable("it is cut short"), .sayStood(order: 3, digest: true)])
        #expect(engine.position.isFresh)
        #expect(engine.brought(3, 0, digest: true) == [.sayStood(order: 3, digest: true)])
        #expect(!engine.position.isFresh)
    }

    @Test("A state is copied at its boundary alone; a copy for the coordinator counts until another welcome")
    func copies() {
        let engine = Self.engine(at: 6)
        #expect(engine.begin(Self.copy(1, order: 0)).isEmpty)
        #expect(engine.begin(Self.copy(2, order: 0)) == [.streamCopy])
        #expect(engine.position.copied == 2)
        #expect(engine.begin(Self.copy(2, order: 9)) == [.streamState])
        #expect(engine.streamed(9) == [.sayStood(order: 9, digest: true)])
        _ = engine.begin(.prepare(ControlWelcome(), anew: false))
        #expect(engine.position.copied == 0)
        let midway = Self.engine(at: 7)
        #expect(midway.begin(Self.copy(2, order: 0)).isEmpty)
    }

    private final class Dialer {}

    @Test("Links that were given up while they were made, or before, are not taken")
    func links() {
        var links = ViewLinks<Dialer, Int>()
        let (first, second) = (Dialer(), Dialer())
        var isWanted = links.begin(first, 0)
        #expect(isWanted)
        let givenUp = links.abandon()
        isWanted = links.stand(1, by: first)
        #expect(givenUp.making === first && !isWanted)
        isWanted = links.begin(second, 0)
        #expect(!isWanted, "this join came before the links were given up")
        isWanted = links.begin(second, 1)
        #expect(isWanted)
        isWanted = links.stand(2, by: second)
        #expect(isWanted && links.made == 2 && links.making == nil)
        let ended = links.abandon()
        #expect(ended.made == 2 && links.made == nil && links.abandoned == 2)
    }
}
