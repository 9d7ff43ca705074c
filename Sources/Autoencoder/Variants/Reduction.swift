import Layers

/// Dimensionality reduction (section 7 of the paper): the decoder sees only W_C y + z, the softmax's place among cluster heads plus a style, and a
/// penalty keeps the heads apart. With few labels as in section 5, or with none and any number of clusters.
extension VariantDefinition {
    static let reduction = VariantDefinition(
        phases: { PhaseNames.adversarial + ($0.labels == nil ? [] : [PhaseNames.classification]) },
        settings: VariantSetting.disentangled.union([.classes, .clusters, .labels, .labelledMinibatch, .heads]),
        idle: { parts in
            parts.labels == nil
                ? [.classes: "a reduction without labels has clusters and no classes; remove it, or give labels"]
                : [.clusters: "a reduction with labels has classes and no clusters; remove it, or do without labels"]
        },
        problem: { settings in
            let (heads, code) = (
                settings.parts.labels == nil ? settings.model.clusters : settings.model.classes, settings.model.code
            )
            let parts = HeadDistance.parts(heads: heads, dimensions: code)
            guard parts > HeadDistance.mostParts else { return nil }
            return SettingsError(
                key: "model.clusters",
                problem:
                    "the distances between \(heads) heads of \(code) dimensions take \(parts / 1_000_000) million products a step on one thread, expected at most \(HeadDistance.mostParts / 1_000_000) million; lower model.clusters or model.code"
            )
        },
        compose: { builder in
            let isLabelled = builder.settings.parts.labels != nil
            let labels = isLabelled ? builder.model.classes : builder.model.clusters
            builder.disentangle(
                labels: labels, isLabelled: isLabelled, decoderInputs: builder.model.code, further: ["heads"],
                penalties: { [$0.headDistance()] }
            ) { builder, label, style in
                builder.representation(label: label, code: style)
            }
        })
}
