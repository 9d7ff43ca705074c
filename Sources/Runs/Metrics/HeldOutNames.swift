/// The held-out figures by the words of the README's table: one list for the line of an epoch, the progress line, and the tables of runs.
enum HeldOutNames {
    /// By their place in the `validation` object.
    private static let words = [
        "reconstruction": "reconstruction",
        "code.mean": "code mean",
        "code.std": "code std",
        "holes": "holes",
        "holes_zero": "holes of the prior",
        "energy_distance": "energy distance",
        "energy_zero": "energy distance of the prior",
        "samples.explained": "held-out images explained by samples",
        "samples.explained_images": "explained by other images",
        "samples.explained_noise": "explained by noise",
        "samples.mean": "samples mean",
        "samples.std": "samples std",
        "classification.error": "classification error",
        "clustering.majority": "clustering error by majority",
        "clustering.empty": "empty clusters",
        "clustering.entropy": "entropy of the clusters",
        "nearest_component.error": "codes in another class's part of the prior",
        "nearest_component.floor": "the prior's own in another class's part",
        "elbo.nats": "elbo",
        "elbo.reconstruction": "reconstruction of the elbo",
        "elbo.entropy": "entropy of the elbo",
        "elbo.cross_entropy": "cross-entropy of the elbo",
    ]

    /// What a person reads for `code.std`; a figure that this version does not know is called by its keys.
    static func words(of name: String) -> String {
        words[name] ?? name.map { "._".contains($0) ? " " : String($0) }.joined()
    }
}
