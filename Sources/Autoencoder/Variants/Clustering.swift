/// Clustering (section 6 of the paper): the semi-supervised autoencoder without labels, its softmax of any number of clusters.
extension VariantDefinition {
    static let clustering = VariantDefinition(
        phases: { _ in PhaseNames.adversarial }, settings: VariantSetting.disentangled.union([.clusters]),
        compose: { builder in
            builder.disentangleSideBySide(labels: builder.model.clusters, isLabelled: false)
        })
}
