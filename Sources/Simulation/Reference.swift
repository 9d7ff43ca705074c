/// The one correct course of the run: the state after any number of phases, computed without any messages.
struct Reference {
    private let arithmetic: SimulatedReplica.Arithmetic
    private var states: [SimulatedReplica.State]

    init(_ arithmetic: SimulatedReplica.Arithmetic) {
        self.arithmetic = arithmetic
        states = [arithmetic.fresh]
    }

    mutating func state(after applied: UInt64) -> SimulatedReplica.State {
        while UInt64(states.count) <= applied {
            var replica = SimulatedReplica(arithmetic)
            replica.restore(states[states.count - 1])
            while true {
                let exponent = replica.state.exponents[replica.phase]
                guard case .apply(let change) = arithmetic.decide(exponent: exponent, maximum: arithmetic.maximum(replica.applied))
                else {
                    replica.retry(exponent: arithmetic.maximum(replica.applied))
                    continue
                }
                let moments = arithmetic.moments(replica.state)
                let sums = (0..<arithmetic.values).map { value in
                    (0..<arithmetic.shards).reduce(UInt64(0)) {
                        $0 &+ arithmetic.part(of: $1, value: value, state: replica.state, exponent: exponent, moments: moments)
                    }
                }
                replica.apply(sums, change)
                break
            }
            states.append(replica.state)
        }
        return states[Int(applied)]
    }
}
