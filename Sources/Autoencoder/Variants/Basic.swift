/// The basic autoencoder (section 2 of the paper): an encoder and a decoder, and a discriminator that tells the prior's samples from codes.
extension Composition {
    static func basic(_ settings: TrainingSettings) -> Composition {
        let (model, pixels) = (settings.model, settings.pixels)
        let networks = [
            NetworkPlan(name: "encoder", widths: [pixels] + model.encoder + [model.code]),
            NetworkPlan(name: "decoder", widths: [model.code] + model.decoder + [pixels]),
            NetworkPlan(name: "discriminator.code", widths: [model.code] + model.discriminator + [1]),
        ]
        let (encoder, decoder, discriminator) = (0, 1, 2)
        var graph = Graph()
        let clean = graph.image(.images, columns: pixels)
        let code = graph.apply(encoder, outputs: model.code, to: graph.corrupt(clean, std: settings.inputNoise))
        let logits = graph.apply(decoder, outputs: pixels, to: code)
        let real = graph.sample(settings.prior, .images, columns: model.code)
        let told = graph.apply(discriminator, outputs: 1, to: graph.stack(real, code))
        let fooled = graph.apply(discriminator, outputs: 1, to: code)
        let phases = [
            PhasePlan(
                name: "reconstruction", changes: [encoder, decoder],
                terms: [.reconstruction(logits: logits, target: clean, loss: settings.reconstructionLoss), .measure(code: code)]),
            PhasePlan(name: "discriminator", changes: [discriminator], terms: [.discriminate(logits: told)]),
            PhasePlan(name: "generator", changes: [encoder], terms: [.fool(logits: fooled)]),
        ]
        let cleanCode = graph.apply(encoder, outputs: model.code, to: clean)
        let image = graph.apply(decoder, outputs: pixels, to: graph.given(columns: model.code))
        return Composition(networks: networks, graph: graph, phases: phases, code: cleanCode, image: image)
    }
}
