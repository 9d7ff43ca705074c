import Autoencoder
import Collectives
import Control
import Membership
import Runs
import Waiting
import Wire

/// The engine's thread: carries out what the engine's core decides, with the replica and the links, and blocks where that takes time.
final class EngineThread {
    private let engine: WorkerEngine
    private var core = EngineCore()
    private var session: TrainingSession?
    private var wait = ImagesWait()

    init(_ engine: WorkerEngine) { self.engine = engine }

    func work() {
        while let (work, abandoned) = nextWork() {
            do {
                try carryOut(core.begin(work, linksStand: engine.linksStand), abandoned)
            } catch {
                engine.tell(.failed(reason: "\(error)", common: error is NonFiniteGradient))
            }
        }
    }

    private func nextWork() -> (work: EngineWork, abandoned: Int)? {
        let start = MonotonicTime.now
        defer { wait.idle(MonotonicTime.now - start) }
        return engine.nextWork()
    }

    private func carryOut(_ acts: [EngineCore.Act], _ abandoned: Int) throws {
        engine.publish(core.counts)
        for act in acts { try carryOut(carryOut(act, abandoned), abandoned) }
    }

    /// - Returns: what follows from the act's result.
    private func carryOut(_ act: EngineCore.Act, _ abandoned: Int) throws -> [EngineCore.Act] {
        if case .prepare(let welcome, let anew) = act { return try prepare(welcome, anew) }
        guard let session else { return [] }
        switch act {
        case .prepare: break
        case .sayPrepared(let digest):
            engine.tell(
                .prepared(
                    position(digest), phases: UInt64(session.replica.phases.count), fingerprint: session.fingerprint,
                    port: engine.listener?.port ?? 0))
        case .sayStood(let order, let digest): engine.tell(.stood(order: order, position(digest)))
        case .tell(let news): engine.tell(news)
        case .sendSum(let order, let applied):
            guard let (sum, change) = session.lastSum else { break }
            try? engine.stream.sendSum(sum, change: change, applied: applied, order: order, view: core.view)
        case .applySum(let order, let sum):
            let unusable = session.apply(sum) ? nil : core.misplaced(sum)
            return core.brought(order, session.place, digest: false, unusable: unusable)
        case .restore(let order, let bytes):
            var unusable: String?
            do { try session.restore(bytes) } catch { unusable = "\(error)" }
            return core.brought(order, session.place, digest: true, unusable: unusable)
        case .connect(let view, let run, let generation):
            return try connect(view, run: RunIdentity.bytes(run), generation: generation, abandoned, session)
        case .load(let batch): try session.load(batch, waited: wait.atStep(ofView: core.view))
        case .runPhase: return try runPhase(session)
        case .sayStep:
            engine.tell(.report(session.reportStep(view: core.view), view: core.view))
            wait.stepDone(ofView: core.view)
        case .closeLinks: session.dropLinks()
        case .streamCopy:
            try engine.stream.begin(session.replica.snapshot(), configuration: session.configurationText, view: core.view)
        case .streamState(_, let order):
            let copy = session.replica.snapshot()
            // A connection that ends on the way is the shell's to notice; the coordinator asks another member.
            let sent: Void? = try? engine.stream.sendNow(
                copy, order: order, configuration: session.configurationText, view: core.view)
            if sent != nil { return core.streamed(order) }
        }
        return []
    }

    private func position(_ digest: Bool) -> Position { core.position(digest: digest ? session?.digest ?? [] : []) }

    private func prepare(_ welcome: ControlWelcome, _ anew: Bool) throws -> [EngineCore.Act] {
        let session = try anew ? TrainingSession(welcome: welcome, threads: engine.threads) : session!
        try session.takeUp(welcome)
        if welcome.topology == "ring" { try engine.openListener(remote: welcome.remote) }
        self.session = session
        return core.prepared(session.place, phases: UInt64(session.replica.phases.count), anew: anew)
    }

    private func connect(
        _ view: ControlView, run: [UInt8], generation: UInt64, _ abandoned: Int, _ session: TrainingSession
    ) throws -> [EngineCore.Act] {
        do {
            let dialer = try GradientDialer()
            guard engine.begin(dialer, abandoned) else { return [] }
            let builder = LinkBuilder(
                view: view, run: run, generation: generation, shards: session.replica.settings.shards,
                compression: session.compression)
            let links = WorkerEngine.Links(
                reducer: try builder.connect(dialer: dialer, listener: engine.listener), abandonment: Abandonment())
            guard engine.stand(links, by: dialer) else {
                links.reducer.shutdown()
                return []
            }
            try session.join(view: view, reducer: links.reducer, abandonment: links.abandonment)
            return core.joined(view.view)
        } catch let failure as LinkFailure {
            return core.cannotJoin(view.view, LinkReport(failure, neverUp: true))
        }
    }

    private func runPhase(_ session: TrainingSession) throws -> [EngineCore.Act] {
        do {
            try session.runPhase(
                waits: { isWaiting in
                    core.waits(isWaiting)
                    engine.publish(core.counts)
                },
                contributed: { report in
                    core.waits(true)
                    engine.publish(core.counts)
                    engine.tell(.contributed(report))
                })
            return core.applied(session.place)
        } catch let failure as LinkFailure {
            return core.broke(LinkReport(failure))
        }
    }
}
