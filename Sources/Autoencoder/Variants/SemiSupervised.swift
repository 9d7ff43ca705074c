/// The semi-supervised autoencoder (section 5 of the paper): few labels teach the softmax in a phase of their own.
extension VariantDefinition {
    static let semiSupervised = VariantDefinition(
        phases: { _ in PhaseNames.adversarial + [PhaseNames.classification] },
        settings: VariantSetting.disentangled.union([.classes, .labels, .labelledMinibatch]),
        labels: LabelSettings(count: 100),
        compose: { builder in
            builder.disentangleSideBySide(labels: builder.model.classes, isLabelled: true)
        })
}
