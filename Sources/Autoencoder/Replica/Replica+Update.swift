import Kernels
import Layers

extension Replica {
    /// Decides what follows a phase's reduction; it changes nothing, and depends on exponents and statistics only.
    ///
    /// - Parameter statistics: of all shards of the minibatch, one a tensor.
    public func decide(phase: Int, statistics: [TensorStatistics]) -> Decision {
        let used = exponents(phase)
        switch ExactRule.decide(exponents: used, statistics: statistics, bits: settings.gradientBits) {
        case .apply(let next):
            return .apply(ExponentChange(used: used, next: next))
        case .again(let exponents):
            return .again(exponents: exponents)
        case .notFinite(let tensor, let shard):
            return .stop(
                NonFiniteGradient(
                    step: step, phase: phases[phase].name, tensor: phases[phase].tensors[tensor].name, shard: Int(shard),
                    suspects: settings.factorKeys))
        }
    }

    /// Carries out `.again`: sets the exponents with which the phase is run again.
    public func retry(phase: Int, exponents: [Int32]) {
        states[phase].exponents.all.copy(from: exponents)
    }

    /// Applies the phase whose reduced sum stands in `sum(phase)`, and goes on to the next one.
    ///
    /// One pass over sum, optimizer and parameters takes the chain hash on the way. It is element by element, so that
    /// threads do not change bits. After a step's last phase the averaged weights move too.
    ///
    /// - Parameters:
    ///   - phase: must be the next one.
    ///   - change: exponents the sum was made with, and those that follow.
    ///   - team: threads to share the work; without one the caller works alone.
    public func apply(phase: Int, change: ExponentChange, team: ThreadTeam? = nil) {
        precondition(phase == self.phase, "phase \(phase) applied, but phase \(self.phase) is next")
        let state = states[phase]
        let rule = UpdateRule(
            state, change: change, rate: settings.rate(phase: phases[phase].name, step: step),
            minibatch: minibatch(ofPhase: phase),
            bits: settings.gradientBits)
        share(state.pieces.count, team) { rule.update(state.pieces[$0]) }
        chain = ChainHash.extend(chain, withDigests: state.digests.all)
        state.exponents.all.copy(from: change.next)
        state.keepSum(change)
        for network in state.changes { versions[network] += 1 }
        applied += 1
        if self.phase == 0 { moveAverages(team) }
    }

    /// average ← decay · average + (1 − decay) · parameters, of all networks.
    private func moveAverages(_ team: ThreadTeam?) {
        for (average, network) in zip(averages, model.networks) {
            let size = UpdatePiece.size
            share((average.count + size - 1) / size, team) { piece in
                let range = piece * size..<min((piece + 1) * size, average.count)
                Update.average(average[range], towards: network.parameters[range], decay: Float(settings.average))
            }
        }
    }

    /// Runs `body` for 0..<count, divided over the team's threads.
    private func share(_ count: Int, _ team: ThreadTeam?, _ body: @Sendable (Int) -> Void) {
        guard let team else {
            precondition(FloatingPoint.modesAreSet, "a compute thread has the modes of IEEE 754")
            return (0..<count).forEach(body)
        }
        team.run { thread in
            for index in stride(from: thread, to: count, by: team.threads) { body(index) }
        }
    }
}

/// One phase's update with all its constants computed.
private struct UpdateRule: Sendable {
    private let state: PhaseState
    private let units: [Float]
    private let rate: Float
    private let minibatch: Float
    private let betaPowers: (Float, Float)

    /// Also advances Adam's running products, β₁ᵗ and β₂ᵗ.
    init(_ state: PhaseState, change: ExponentChange, rate: Double, minibatch: Int, bits: Int) {
        self.state = state
        self.rate = Float(rate)
        self.minibatch = Float(minibatch)
        // A tensor without an exponent has a sum of zeros, which no unit changes.
        units = change.used.map { ExactSum.unit(exponent: $0 == ExactRule.none ? 0 : Int($0), bits: bits) }
        if case .adam(let beta1, let beta2, _) = state.optimizerSettings, let powers = state.betaPowers?.all {
            powers[0] *= beta1
            powers[1] *= beta2
            betaPowers = (Float(powers[0]), Float(powers[1]))
        } else {
            betaPowers = (1, 1)
        }
    }

    func update(_ piece: UpdatePiece) {
        let start = state.description.tensors[piece.tensor].range.lowerBound
        let flat = start + piece.range.lowerBound..<start + piece.range.upperBound
        let parameters = state.parameters[piece.tensor][piece.range]
        switch state.optimizerSettings {
        case .sgd(let momentum):
            Update.sgd(
                parameters: parameters, velocity: state.optimizer[0][flat], sum: state.sum[flat],
                unit: units[piece.tensor], minibatch: minibatch, rate: rate, momentum: Float(momentum),
                digests: state.digests[piece.digests])
        case .adam(let beta1, let beta2, let epsilon):
            Update.adam(
                parameters: parameters, first: state.optimizer[0][flat], second: state.optimizer[1][flat],
                sum: state.sum[flat], unit: units[piece.tensor], minibatch: minibatch, rate: rate, beta1: Float(beta1),
                beta2: Float(beta2), epsilon: Float(epsilon), beta1Power: betaPowers.0, beta2Power: betaPowers.1,
                digests: state.digests[piece.digests])
        }
    }
}
