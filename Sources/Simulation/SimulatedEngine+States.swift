import Membership
import Wire

/// The sum of a phase and the state of a replica, taken on or handed over piece by piece.
extension SimulatedEngine {
    func sendSum(_ order: UInt64, _ applied: UInt64, _ done: @escaping () -> Void) {
        guard let replica, let change = replica.changes[replica.lastPhase] else { return done() }
        let sums = replica.sums[buffer(applied - 1)]
        let connection = worker.connection
        func send(_ offset: Int) {
            guard offset < sums.count, let connection, connection.isOpenForWorker else { return done() }
            let piece = ControlSumChunk(sums, value: offset, change: change, applied: applied, order: order)
            self.send(.sumChunk(piece), over: connection)
            later(world.delay(world.scenario.pieceTime)) {
                self.moved += 1
                send(offset + 1)
            }
        }
        send(0)
    }

    /// False where it is no sum of this phase.
    func apply(_ sum: ReceivedSum) -> Bool {
        guard let change = sum.simulatedChange, sum.sums.count == world.scenario.arithmetic.values else { return false }
        replica!.sums[buffer(replica!.applied)] = sum.sums
        apply(sum.sums, change)
        return true
    }

    /// False where the pieces are those of several states.
    func restore(_ bytes: [UInt8]) -> Bool {
        guard let state = SimulatedReplica.State(pieces: bytes, phases: world.scenario.arithmetic.phases) else { return false }
        replica!.restore(state)
        world.referee.applied(replica!, worker, seat: nil)
        return true
    }

    /// Piece by piece, over the connection there was when it began.
    func stream(
        _ state: SimulatedReplica.State, _ step: UInt64, _ order: UInt64, _ connection: SimulatedConnection?,
        from offset: UInt64 = 0,
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
            self.stream(state, step, order, connection, from: offset + 1, done)
        }
    }
}
