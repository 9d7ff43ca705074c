/// Names of the phases that variants have in common, as recipes, figures and replays have them.
enum PhaseNames {
    static let reconstruction = "reconstruction"
    static let discriminator = "discriminator"
    static let generator = "generator"
    static let classification = "classification"
    static let adversarial = [reconstruction, discriminator, generator]
}
