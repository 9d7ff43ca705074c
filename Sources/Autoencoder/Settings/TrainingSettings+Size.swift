import Layers

extension TrainingSettings {
    /// Bytes of the tensors of a state, as `Replica.state` has them, without making one; a few small ones are left out.
    public var stateBytes: Int {
        let counts = model.parameterCounts(pixels: pixels)
        let parameters = counts.encoder + counts.decoder + counts.discriminator
        let optimizers = [
            "reconstruction": counts.encoder + counts.decoder, "discriminator": counts.discriminator, "generator": counts.encoder,
        ].reduce(0) { sum, phase in
            guard let settings = phases[phase.key] else { return sum }
            switch settings.optimizer {
            case .sgd: return sum + phase.value
            case .adam: return sum + 2 * phase.value
            }
        }
        return (parameters * (average > 0 ? 2 : 1) + optimizers) * MemoryLayout<Float>.size
    }
}
