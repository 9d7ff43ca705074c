import Layers

/// What a run's arrays come to, without making any of them: a model may be asked for that no machine has the memory for.
extension TrainingSettings {
    /// Elements that each phase changes, by its name.
    private var phaseCounts: [String: Int] {
        let counts = model.parameterCounts(pixels: pixels)
        return [
            "reconstruction": counts.encoder + counts.decoder, "discriminator": counts.discriminator, "generator": counts.encoder,
        ]
    }

    /// Bytes of the tensors of a state, as `Replica.state` has them; a few small ones are left out.
    public var stateBytes: Int {
        let counts = model.parameterCounts(pixels: pixels)
        let parameters = counts.encoder + counts.decoder + counts.discriminator
        let optimizers = phaseCounts.reduce(0) { sum, phase in
            guard let settings = phases[phase.key] else { return sum }
            switch settings.optimizer {
            case .sgd: return sum + phase.value
            case .adam: return sum + 2 * phase.value
            }
        }
        return (parameters * (average > 0 ? 2 : 1) + optimizers) * MemoryLayout<Float>.size
    }

    /// Bytes of the sums of all phases: the gradient that a worker exchanges in a step, before it is packed.
    public var sumBytes: Int { phaseCounts.values.reduce(0, +) * MemoryLayout<Int32>.size }
}
