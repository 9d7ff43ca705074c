import Membership
import Wire

/// The sum of a phase and the state of a replica, taken on or handed over piece by piece.
extension SimulatedEngine {
    func sendSum(_ order: UInt64, _ applied: UInt64) {
        let replica = session!.replica
        guard applied == replica.applied, replica.holdsLastSum, let change = replica.changes[replica.lastPhase] else {
            return fail("the sum of phase \(applied) was asked for, and this worker stands at \(replica.applied)")
        }
        let sums = replica.sums[buffer(applied - 1)]
        let connection = worker.connection
        func send(_ offset: Int) {
            guard offset < sums.count, let connection, connection.isOpenForWorker else { return next() }
            let piece = ControlSumChunk(sums, value: offset, change: change, applied: applied, order: order)
            self.send(.sumChunk(piece), over: connection)
            later(world.delay(world.scenario.pieceTime)) {
                self.moved += 1
                send(offset + 1)
            }
        }
        send(0)
    }

    func applySum(_ order: UInt64, _ sum: ReceivedSum) {
        let replica = session!.replica
        if sum.applied != replica.applied {
            guard sum.applied == replica.applied + 1, let change = sum.simulatedChange,
                sum.sums.count == world.scenario.arithmetic.values
            else { return fail("a sum for phase \(sum.applied) came to a worker that stands at \(replica.applied)") }
            session!.replica.sums[buffer(replica.applied)] = sum.sums
            apply(sum.sums, change)
        }
        stood(order, digest: false)
    }

    func restore(_ order: UInt64, _ bytes: [UInt8]) {
        let phases = world.scenario.arithmetic.phases
        guard let state = SimulatedReplica.State(pieces: bytes, phases: phases) else {
            return fail("the state that was sent to this worker is not whole")
        }
        session!.replica.restore(state)
        session!.isFresh = false
        world.referee.applied(session!.replica, worker, seat: nil)
        stood(order, digest: true)
    }

    func copyState(_ step: UInt64, _ order: UInt64) {
        guard session!.replica.step == step, session!.replica.phase == 0 else { return next() }
        guard order != 0 else {
            let begin = {
                self.isStreaming = true
                self.session!.copied = step
                self.stream(self.session!.replica.state, step, order, offset: 0, self.worker.connection) { _ in
                    self.isStreaming = false
                    let waiting = self.waitsForStream
                    self.waitsForStream = nil
                    waiting?()
                }
                self.next()
            }
            if isStreaming { waitsForStream = begin } else { begin() }
            return
        }
        stream(session!.replica.state, step, order, offset: 0, worker.connection) { sent in
            if sent { self.stood(order, digest: true) } else { self.next() }
        }
    }

    /// Piece by piece, over the connection there was when it began.
    private func stream(
        _ state: SimulatedReplica.State, _ step: UInt64, _ order: UInt64, offset: UInt64, _ connection: SimulatedConnection?,
        _ done: @escaping (Bool) -> Void
    ) {
        let pieces = world.scenario.pieces
        guard offset < pieces else { return done(true) }
        guard let connection, connection.isOpenForWorker, order == 0 || order >= oldest else { return done(false) }
        let piece = ControlStateChunk(state, step: step, order: order, piece: offset, of: pieces)
        self.send(.stateChunk(piece), over: connection)
        // A real piece is small: something moves every few seconds over the slowest line that is of any use.
        later(max(min(world.delay(world.scenario.pieceTime), Trouble.slowest), worker.uplink)) {
            self.moved += UInt64(piece.data.count)
            self.stream(state, step, order, offset: offset + 1, connection, done)
        }
    }
}
