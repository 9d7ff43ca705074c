/// A configuration that comes with the program, as the text a person reads.
public struct Recipe: Sendable, Hashable {
    public let name: String
    /// One line for a list.
    public let summary: String
    /// The whole file in YAML, with its comments.
    public let text: String

    /// The settings of the text over the defaults.
    public func configuration() throws -> Configuration {
        try Configuration(tree(), defaultName: name)
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
        let nearest =
            NearestName.of(name, among: names).map { "did you mean \($0)?" } ?? "there are \(names.joined(separator: ", "))."
        return "There is no recipe \"\(name)\"; \(nearest)"
    }
}

/// The built-in recipes.
public enum Recipes {
    /// In the order a newcomer meets them.
    public static let all = [quickstart, mnistGaussian2D, mnistMixture10, mnistSwissRoll, mnistLikelihood]

    /// The recipe of a name. Throws `UnknownRecipe`, which names the nearest.
    public static func named(_ name: String) throws -> Recipe {
        guard let recipe = all.first(where: { $0.name == name }) else { throw UnknownRecipe(name: name) }
        return recipe
    }
}
