import Collectives
import Crypto
import Foundation
import Logging
import NIOCore
import Runs
import Waiting
import Wire

extension CoordinatorShell {
    func carryOut(_ directive: CoordinatorDirective) {
        switch directive {
        case .welcome(let id, let worker):
            var welcome = run.welcome(worker: worker, remote: remote)
            (welcome.generation, welcome.leader) = (machine.plan.generation, machine.plan.leader)
            send(.welcome(welcome), to: id)
        case .outrank(let generation): outrank(generation)
        case .refuse(let id, let reason):
            send(.refusal(.with { $0.reason = reason }), to: id)
            peers[id]?.connection.closeAfterSending()
        case .close(let id): peers[id]?.connection.close()
        case .dissolve(let view): feeder.drop(through: view)
        case .halt(let ids, let order):
            // Images of a view that is over, and what was on its way for an older order, hold the halt up no longer.
            for id in ids { peers[id]?.connection.traffic.drop() }
            for id in ids { send(.halt(.with { $0.order = order }), to: id) }
        case .relaySum(let holder, let to, let applied, let order):
            relay = Relay(
                .sum, of: applied, from: holder, to: to, order: order, limit: run.outline.maximumBytes, with: relay)
            send(
                .sumRequest(
                    .with {
                        $0.order = order
                        $0.applied = applied
                    }), to: holder)
        case .relayState(let holder?, let to, let step, let order):
            relay = Relay(
                .state, of: step, from: holder, to: to, order: order, limit: run.outline.maximumBytes, with: relay)
            send(
                .snapshotRequest(
                    .with {
                        $0.step = step
                        $0.order = order
                    }), to: holder)
        case .relayState(nil, let to, let step, let order): sendCheckpoint(step, to, order)
        case .form(let plan): form(plan)
        case .batch(let step):
            let to = members.compactMap { member in
                peers[member.connection].map { (connection: $0.connection, shards: member.shards) }
            }
            feeder.put(.batch(step: step, to: to, view: machine.view))
        case .snapshot(let id, let step, let purposes):
            guard let peer = peers[id] else { return }
            sources[step] = (id, nil)
            desk.expect(step: step, purposes: purposes)
            feeder.put(.message(.snapshotRequest(.with { $0.step = step }), to: peer.connection, view: machine.view))
        case .forgetSnapshot(let step):
            sources[step] = nil
            desk.forget(step: step)
        case .stepDone(let step, let view, let workers, let chain):
            sources[step + 1]?.chain = chain
            let done = ledger.take(step)
            recorder.put(
                .step(
                    .init(
                        step: step, minibatch: run.training.minibatchSize(ofStep: step), view: view, workers: workers,
                        chain: chain, at: MonotonicTime.now, reports: done.steps, shards: done.shards)))
        case .stop(let ids, let reason, let failed):
            let stop = ControlStop.with {
                $0.reason = reason
                $0.failed = failed
            }
            for id in ids { send(.stop(stop), to: id) }
        case .end(let outcome):
            self.outcome = outcome
            onEnd(outcome)
        case .log(let level, let text): log.log(level: level.loggerLevel, "\(text)")
        case .record(let note): recorder.put(.event(note.what, note.fields(pids: members.map(\.identity.pid))))
        }
    }

    private func send(_ message: ControlMessage, to id: ConnectionID) {
        peers[id]?.connection.send(message, view: machine.view)
    }

    /// The newest whole checkpoint, piece by piece, to all who need it, each at its own pace.
    private func sendCheckpoint(_ step: UInt64, _ to: [ConnectionID], _ order: UInt64) {
        let streams = to.compactMap { peers[$0]?.connection }.map { ($0, $0.traffic.drops) }
        DetachedThread.start(name: "state") { [run, log, self] in
            do {
                let newest = try run.store.newestWhole()
                for left in newest.leftOut where !run.leftOut.contains(left) { log.warning("passed over a checkpoint: \(left)") }
                guard let checkpoint = newest.checkpoint else {
                    throw LocalError(
                        "every replica was lost and no checkpoint of \(run.options.folder.path) is whole; put one back from a copy, or begin a new run"
                    )
                }
                guard checkpoint.info.step == step else {
                    return onLoop { $0.handle(.checkpointIs(step: checkpoint.info.step)) }
                }
                onLoop { $0.handle(.relaying(order: order, from: nil, total: UInt64(checkpoint.bytes))) }
                for (connection, drops) in streams {
                    DetachedThread.start(name: "state") { [self] in stream(checkpoint, to: connection, order, until: drops) }
                }
            } catch {
                fail(error)
            }
        }
    }

    private func fail(_ error: any Error) {
        log.error("\(error)")
        onLoop { $0.handle(.failed(reason: "\(error)")) }
    }

    /// Blocks, as long as nothing was dropped on the connection since: then the transfer was given up.
    private func stream(_ checkpoint: Checkpoint, to connection: ControlConnection, _ order: UInt64, until drops: UInt64) {
        do {
            try StoredState(checkpoint).stream(order: order) { chunk in
                guard connection.traffic.drops == drops else { throw CancellationError() }
                do {
                    try connection.sendAndWait(
                        .stateChunk(chunk), view: 0, through: gate, .atMost(ControlConnection.pieceLimit))
                } catch {
                    throw CancellationError()  // the end of the connection, which is heard of by itself
                }
            }
        } catch is CancellationError {
        } catch {
            fail(error)
        }
    }

    private func form(_ plan: ViewPlan) {
        members = plan.members
        relay = nil
        if !books {
            books = true
            recorder.put(.open(step: plan.applied / UInt64(run.plan.phases)))
        }
        let secret = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        guard openServers(plan, secret: secret) else { return }
        for (rank, member) in plan.members.enumerated() {
            guard let peer = peers[member.connection] else { continue }
            let message = ControlView.with { view in
                view.view = plan.number
                view.rank = UInt32(rank)
                view.members = plan.members.map { self.describe($0, to: peer.connection) }
                view.shards = member.shards.map(UInt32.init)
                view.secret = Data(secret)
                view.applied = plan.applied
                if !plan.ring { view.servers = self.servers(of: plan, for: peer.connection) }
            }
            peer.connection.send(.view(message), view: plan.number)
        }
    }

    /// Tells the summation servers of a view what to sum, those that are not in it to rest, and opens this coordinator's own where it has
    /// no other. False where it cannot be had.
    private func openServers(_ plan: ViewPlan, secret: [UInt8]) -> Bool {
        var task = ControlServerView.with {
            $0.view = plan.number
            $0.members = UInt32(plan.members.count)
            $0.secret = Data(secret)
            $0.run = run.identity
            $0.generation = machine.plan.generation
            $0.compression = run.options.compression
        }
        for id in machine.servers.keys {
            // Who has no part in the view has none in its secret.
            guard let part = plan.servers.firstIndex(of: id) else {
                peers[id]?.connection.send(.serverView(.with { $0.view = plan.number }), view: plan.number)
                continue
            }
            task.server = UInt32(part)
            peers[id]?.connection.send(.serverView(task), view: plan.number)
        }
        guard !plan.ring, plan.servers.isEmpty else {
            summation?.rest()
            return true
        }
        task.server = 0
        guard let server = serving() else { return false }
        server.form(task) { [log] in log.warning("the summation server of view \(plan.number) did not come up: \($0)") }
        return true
    }

    /// How one member reaches the summation servers of its view.
    private func servers(of plan: ViewPlan, for asking: ControlConnection) -> [ControlServer] {
        guard plan.servers.isEmpty else {
            return plan.servers.map { id in
                .with {
                    $0.addresses = addresses(of: peers[id], for: asking)
                    $0.port = peers[id]?.ready?.dataPort ?? 0
                }
            }
        }
        guard let summation else { return [] }
        return [
            .with {
                $0.addresses = [asking.localHost.map(LinkLocal.withoutZone) ?? "127.0.0.1"]
                $0.port = UInt32(summation.port)
            }
        ]
    }

    /// The summation server of this coordinator: there from the start with its own topology, opened when it is needed where it stands in
    /// for the ring.
    private func serving() -> SummationHost? {
        if let summation { return summation }
        do {
            summation = try openServer()
        } catch {
            let reason = "\(error)"
            loop.execute { [self] in handle(.noServer(reason: reason)) }
        }
        return summation
    }

    /// How one member reaches a peer: at the addresses it advertises, else at the one it dialled from; one beside the
    /// coordinator is reached at the address by which the asking member knows the coordinator, never at loopback.
    private func addresses(of peer: Peer?, for asking: ControlConnection) -> [String] {
        var addresses = peer?.ready?.dataAddresses ?? []
        if addresses.isEmpty, let remote = peer?.connection.remoteHost { addresses = [LinkLocal.withoutZone(remote)] }
        if let askingFrom = asking.remoteHost, !HostPort.isLoopback(askingFrom), let here = asking.localHost {
            addresses = addresses.map { HostPort.isLoopback($0) ? LinkLocal.withoutZone(here) : $0 }
        }
        return addresses
    }

    private func describe(_ member: ViewPlan.Member, to asking: ControlConnection) -> ControlMember {
        let peer = peers[member.connection]
        let addresses = addresses(of: peer, for: asking)
        return ControlMember.with {
            $0.worker = member.worker
            $0.host = member.identity.host
            $0.pid = member.identity.pid
            $0.addresses = addresses
            $0.port = peer?.ready?.dataPort ?? 0
        }
    }
}

extension LogLevel {
    var loggerLevel: Logger.Level {
        switch self {
        case .detail: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
