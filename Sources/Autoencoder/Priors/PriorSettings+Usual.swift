extension PriorSettings {
    /// One of each kind that a recipe may name, with the defaults of its keys; the first is the default where a recipe names none.
    public static let usual = [
        PriorSettings(GaussianPrior()), PriorSettings(UniformPrior()), PriorSettings(MixturePrior()),
        PriorSettings(SwissRollPrior()), PriorSettings(SamplesPrior()),
    ]
}
