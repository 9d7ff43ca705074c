import Foundation
import SwiftProtobuf
import Wire

/// Turns the machine's directives into messages and into work for the driver.
extension CoordinatorCore {
    mutating func acts(_ directive: CoordinatorDirective) -> [Act] {
        switch directive {
        case .welcome(let id, let worker):
            var welcome = setup.welcome
            (welcome.generation, welcome.leader, welcome.worker) = (machine.plan.generation, machine.plan.leader, worker)
            return send(.welcome(welcome), to: id)
        case .outrank(let generation): return [.outrank(generation: generation)]
        case .refuse(let id, let reason): return refuse(id, reason)
        case .close(let id): return peers[id] == nil ? [] : [.close(id)]
        case .dissolve(let view):
            forming = nil
            return [.dropFeed(view: view)]
        case .halt(let ids, let order):
            // Images of the ended view and transfers of an older order are dropped, so that they do not delay the halt.
            return [.dropBulk(ids)] + ids.flatMap { send(.halt(.with { $0.order = order }), to: $0) }
        case .relaySum(let holder, let to, let applied, let order):
            hand(on: .sum, of: applied, from: holder, to: to, order)
            let request = ControlSumRequest.with {
                $0.order = order
                $0.applied = applied
            }
            return send(.sumRequest(request), to: holder)
        case .relayState(let holder?, let to, let step, let order):
            hand(on: .state, of: step, from: holder, to: to, order)
            let request = ControlSnapshotRequest.with {
                $0.step = step
                $0.order = order
            }
            return send(.snapshotRequest(request), to: holder)
        case .relayState(nil, let to, let step, let order):
            return [.streamCheckpoint(step: step, to: to.filter { peers[$0] != nil }, order: order)]
        case .form(let plan): return form(plan)
        case .batch(let step):
            let to = members.filter { peers[$0.connection] != nil }.map { (connection: $0.connection, shards: $0.shards) }
            return [.feed(step: step, to: to, view: machine.view)]
        case .snapshot(let id, let step, let purposes):
            guard peers[id] != nil else { return [] }
            sources[step] = (id, nil)
            copies.expect(step: step, purposes)
            copied[step] = nil
            return [.feedMessage(.snapshotRequest(.with { $0.step = step }), to: id, view: machine.view)]
        case .forgetSnapshot(let step):
            sources[step] = nil
            copies.forget(step: step)
            copied[step] = nil
            return []
        case .stepDone(let step, let view, let workers, let chain):
            sources[step + 1]?.chain = chain
            let done = StepDone(step: step, view: view, workers: workers, chain: chain, reports: reports.remove(step))
            return [.stepDone(done)]
        case .stop(let ids, let reason, let failed):
            let stop = ControlStop.with {
                $0.reason = reason
                $0.failed = failed
            }
            return ids.flatMap { send(.stop(stop), to: $0) }
        case .end(let outcome):
            self.outcome = outcome
            return [.end(outcome)]
        case .log(let level, let text, let about): return [.log(level, text, about: about)]
        case .record(let note): return [.record(note, pids: members.map(\.identity.pid))]
        }
    }

    private mutating func hand(
        on kind: Relay.Kind, of what: UInt64, from source: ConnectionID, to targets: [ConnectionID], _ order: UInt64
    ) {
        relay = Relay(kind, of: what, from: source, to: targets, order: order, limit: setup.longestStream, with: relay)
    }

    // MARK: A view

    private mutating func form(_ plan: ViewPlan) -> [Act] {
        present = plan
        relay = nil
        forming = nil
        var acts: [Act] = []
        if !hasRecords {
            hasRecords = true
            acts.append(.openRecords(step: plan.applied / UInt64(machine.plan.phases)))
        }
        let secret = setup.makesSecret()
        acts += tellServers(of: plan, secret)
        guard !plan.ring, plan.servers.isEmpty, serverPort == nil else { return acts + formed(plan, secret) }
        forming = (plan, secret)
        return acts + [.openServer]
    }

    private func task(of plan: ViewPlan, server: Int, _ secret: Data) -> ControlServerView {
        .with {
            $0.view = plan.number
            $0.server = UInt32(server)
            $0.members = UInt32(plan.members.count)
            $0.secret = secret
            $0.run = setup.welcome.run
            $0.generation = machine.plan.generation
            $0.compression = setup.welcome.compression
        }
    }

    /// Tells the summation servers what to sum. A server without a part in the view gets no secret, and rests.
    private func tellServers(of plan: ViewPlan, _ secret: Data) -> [Act] {
        machine.servers.connected.keys.sorted().flatMap { id in
            let part = plan.servers.firstIndex(of: id).map { task(of: plan, server: $0, secret) }
            return send(.serverView(part ?? .with { $0.view = plan.number }), to: id, view: plan.number)
        }
    }

    /// The messages of a view, with the work it needs of this coordinator's own summation server.
    func formed(_ plan: ViewPlan, _ secret: Data) -> [Act] {
        let isOwn = !plan.ring && plan.servers.isEmpty
        let serving: Act = isOwn ? .serve(task(of: plan, server: 0, secret)) : .restServer
        return [serving]
            + plan.members.enumerated().flatMap { rank, member in
                guard let peer = peers[member.connection] else { return [Act]() }
                let view = ControlView.with { view in
                    view.view = plan.number
                    view.rank = UInt32(rank)
                    view.members = plan.members.map { describe($0, to: peer.endpoint) }
                    view.shards = member.shards.map(UInt32.init)
                    view.secret = secret
                    view.applied = plan.applied
                    if !plan.ring { view.servers = servers(of: plan, for: peer.endpoint) }
                }
                return send(.view(view), to: member.connection, view: plan.number)
            }
    }

    /// How one member reaches the summation servers of its view.
    private func servers(of plan: ViewPlan, for asking: Endpoint) -> [ControlServer] {
        guard plan.servers.isEmpty else {
            return plan.servers.map { id in
                .with {
                    $0.addresses = addresses(of: peers[id], for: asking)
                    $0.port = peers[id]?.ready?.dataPort ?? 0
                }
            }
        }
        guard let serverPort else { return [] }
        return [
            .with {
                $0.addresses = [asking.here.map(LinkLocal.withoutZone) ?? "127.0.0.1"]
                $0.port = UInt32(serverPort)
            }
        ]
    }

    /// How one member reaches a peer: at the addresses the peer advertises, or else at the one the peer dialled from. A peer on the coordinator's
    /// host is reached at the address by which the asking member knows the coordinator, never at loopback.
    private func addresses(of peer: Peer?, for asking: Endpoint) -> [String] {
        var addresses = peer?.ready?.dataAddresses ?? []
        if addresses.isEmpty, let there = peer?.endpoint.there { addresses = [LinkLocal.withoutZone(there)] }
        if let from = asking.there, !HostPort.isLoopback(from), let here = asking.here {
            addresses = addresses.map { HostPort.isLoopback($0) ? LinkLocal.withoutZone(here) : $0 }
        }
        return addresses
    }

    private func describe(_ member: ViewPlan.Member, to asking: Endpoint) -> ControlMember {
        let peer = peers[member.connection]
        return .with {
            $0.worker = member.worker
            $0.host = member.identity.host
            $0.pid = member.identity.pid
            $0.addresses = addresses(of: peer, for: asking)
            $0.port = peer?.ready?.dataPort ?? 0
        }
    }
}
