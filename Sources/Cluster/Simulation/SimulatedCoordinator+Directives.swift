extension SimulatedCoordinator {
    /// The same table as `CoordinatorShell.carryOut`.
    func carryOut(_ directive: CoordinatorDirective) {
        switch directive {
        case .welcome(let id, _): send(.welcome(generation: generation, leader: leader, mark: mark), to: id)
        case .outrank(let generation): outrank(generation)
        case .refuse(let id, let reason):
            send(.refusal(reason), to: id)
            peers[id]?.connection.closeByCoordinator()
        case .close(let id): peers[id]?.connection.closeByCoordinator()
        case .dissolve(let view): feeder.drop(through: view)
        case .halt(let ids, let order):
            for id in ids { peers[id]?.connection.dropBulk() }
            for id in ids { send(.halt(order: order), to: id) }
        case .relaySum(let holder, let to, let applied, let order):
            world.counts.sumsSent += to.count
            relay = Relay(.sum, of: applied, from: holder, to: to, order: order, limit: .max, with: relay)
            send(.sumRequest(order: order, applied: applied), to: holder)
        case .relayState(let holder?, let to, let step, let order):
            world.counts.statesSent += to.count
            relay = Relay(.state, of: step, from: holder, to: to, order: order, limit: .max, with: relay)
            send(.snapshotRequest(step: step, order: order), to: holder)
        case .relayState(nil, let to, let step, let order):
            world.counts.statesSent += to.count
            sendCheckpoint(step, to, order)
        case .form(let plan): form(plan)
        case .batch(let step):
            let to = members.compactMap { peers[$0.connection]?.connection }
            feeder.put(.batch(step: step, to: to, view: machine.view))
        case .snapshot(let id, let step, let purposes):
            guard let peer = peers[id] else { return }
            sources[step] = id
            copies.expect(step: step, purposes)
            feeder.put(.message(.snapshotRequest(step: step, order: 0), to: peer.connection, view: machine.view))
        case .forgetSnapshot(let step):
            sources[step] = nil
            copies.forget(step: step)
        case .stepDone(let step, let view, _, let chain):
            world.referee.stepDone(step, chain)
            if isReplaced { return }
            books.write(step: step + 1, view: view, to: &world.disk)
            if books.hasGap, generation == 1 { world.violate("the books pass over a step before step \(step + 1)") }
        case .stop(let ids, let reason, let failed):
            for id in ids { send(.stop(reason: reason, failed: failed), to: id) }
        case .end(let outcome): conclude(outcome)
        case .log(_, let line): world.referee.told(line, self)
        case .record(let note): world.referee.record(note, by: self)
        }
    }

    private func send(_ message: ToWorker, to id: ConnectionID) { peers[id]?.connection.send(message, view: machine.view) }

    /// The newest checkpoint, as the books know it.
    private var mark: ChainMark? {
        world.disk.newestStep.flatMap { world.disk.checkpoints[$0] }.map {
            ChainMark(applied: $0.applied, chain: $0.chain)
        }
    }

    private func form(_ plan: ViewPlan) {
        world.referee.forms(plan, self)
        members = plan.members
        relay = nil
        if !isReplaced { books.open(step: plan.applied / UInt64(machine.plan.phases), on: &world.disk) }
        world.groups.append(GradientGroup(world, coordinator: self, plan: plan))
        if world.scenario.plan.ring, !plan.ring, world.scenario.hasNoServer {
            world.after(10, in: self) { self.handle(.noServer(reason: "its port is taken")) }
        }
        for (rank, member) in plan.members.enumerated() {
            peers[member.connection]?.connection.send(.view(plan, rank: rank), view: plan.number)
        }
    }

    /// On a thread of its own, piece by piece, to all who need it.
    private func sendCheckpoint(_ step: UInt64, _ to: [ConnectionID], _ order: UInt64) {
        let connections = to.compactMap { peers[$0]?.connection }
        world.after(world.delay(500), in: self) {
            guard let newest = self.world.disk.newestStep, let state = self.world.disk.checkpoints[newest] else {
                return self.handle(.failed(reason: "every replica was lost and no checkpoint is whole"))
            }
            guard newest == step else { return self.handle(.checkpointIs(step: newest)) }
            self.stream(state, step, order, offset: 0, connections)
        }
    }

    private func stream(
        _ state: SimulatedReplica.State, _ step: UInt64, _ order: UInt64, offset: UInt64, _ connections: [SimulatedConnection]
    ) {
        let pieces = world.scenario.pieces
        guard offset < pieces else { return }
        let size = StatePiece.size
        let piece = StatePiece(order: order, step: step, offset: offset * size, count: size, total: pieces * size, state: state)
        for connection in connections { connection.send(ToWorker.statePiece(piece), view: 0) }
        world.after(world.delay(world.scenario.pieceTime), in: self) {
            self.stream(state, step, order, offset: offset + 1, connections)
        }
    }
}
