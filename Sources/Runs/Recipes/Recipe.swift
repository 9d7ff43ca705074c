/// A configuration that comes with the program, as the text a person reads.
public struct Recipe: Sendable, Hashable {
    public let name: String
    /// One line for a list.
    public let summary: String
    /// The whole file in YAML, with its comments.
    public let text: String

    /// The name of a run of it, and of its folder: a name cannot hold a slash.
    public var runName: String { name.replacing("/", with: "-") }

    /// The same recipe under another name.
    func named(_ other: String, summary: String) -> Recipe {
        let renamed = Recipe(name: other, summary: summary, text: "")
        let texts = text.replacing("name: \(name)\n", with: "name: \(renamed.runName)\n").replacing(
            "# \(name):", with: "# \(other):")
        return Recipe(name: other, summary: summary, text: texts)
    }

    /// The settings of the text over the defaults.
    public func configuration() throws -> Configuration {
        try Configuration(tree(), defaultName: runName)
    }

    func tree() throws -> Setting {
        try Setting(yaml: text) { .recipe(name, line: $0) }
    }
}

/// A name that no built-in recipe has. A usage error (exit status 64).
public struct UnknownRecipe: Error, CustomStringConvertible, Sendable, Equatable {
    public let name: String

    public var description: String {
        let names = Recipes.all.map(\.name)
        let ending = names.first { $0.hasSuffix("/\(name)") }
        let nearest =
            (ending ?? NearestName.of(name, among: names)).map { "did you mean \($0)?" }
            ?? "there are \(names.joined(separator: ", "))."
        return "There is no recipe \"\(name)\"; \(nearest)"
    }
}

/// The built-in recipes.
public enum Recipes {
    /// What a list shows under one heading.
    public struct Group: Sendable {
        public let heading: String
        public let recipes: [Recipe]
    }

    /// In the order a newcomer meets them.
    public static let groups = [
        Group(heading: "Built-in digits, about a minute", recipes: [quickstart] + variants),
        Group(heading: "MNIST, some minutes", recipes: mnist),
        Group(heading: "For the paper's tables, an hour or two each, tuned as deploy/recipes.md says", recipes: best),
        Group(heading: "The paper's settings, hours to days", recipes: paper),
    ]

    /// Each variant of the paper on built-in digits.
    private static let variants = [
        vae, gan, labelInformed, labelInformedRoll, supervised, semiSupervised, semiSupervisedColour, clustering, reduction,
    ]

    /// Short enough that somebody waits for them.
    private static let mnist = [
        mnistGaussian2D, mnistMixture10, mnistSwissRoll, mnistLikelihood, mnistPetals, mnistStyles, mnistClusters,
    ]

    /// The rows of deploy/tables, one for each.
    private static let best = [
        bestLikelihoodMNIST, bestGANMNIST, bestSemiMNIST100, bestSemiMNIST1000, bestSemiMNISTAll, bestClusteringMNIST16,
        bestClusteringMNIST30, bestReductionMNIST100, bestReductionMNIST1000, bestReductionMNIST20Clusters, bestFigure2Gaussian,
        bestFigure2Mixture, bestFigure2VAEGaussian, bestFigure2VAEMixture, bestFigure4Mixture,
    ]

    /// By tables and figures.
    private static let paper = [
        mnistLikelihood.named("paper/likelihood-mnist", summary: "MNIST, 8-D Gaussian code (std 5): table 1"),
        paperLikelihoodTFD, paperSemiMNIST100, paperSemiMNIST1000, paperSemiMNISTAll, paperSemiSVHN1000, paperClusteringMNIST16,
        paperClusteringMNIST30,
        paperReductionMNIST100, paperReductionMNIST1000, paperReductionMNIST20Clusters, paperFigure2Gaussian, paperFigure2Mixture,
        paperFigure2VAEGaussian, paperFigure2VAEMixture, paperFigure4Mixture, paperFigure4Roll, paperFigure6,
        paperFigure7,
    ]

    public static let all = groups.flatMap(\.recipes)

    /// The recipe of a name. Throws `UnknownRecipe`, which names the nearest.
    public static func named(_ name: String) throws -> Recipe {
        guard let recipe = all.first(where: { $0.name == name }) else { throw UnknownRecipe(name: name) }
        return recipe
    }
}
