import Autoencoder
import Foundation
import Runs

/// A recipe whose variant the user's settings have changed.
struct RecipeVariant {
    /// What the user should know of it, as a sentence; nil where the recipe has settings for every phase.
    let sentence: String?

    /// How many recipes of the right variant are named.
    private static let mostNamed = 3

    /// - Parameter configuration: the result of the settings.
    init(_ settings: SettingOptions, of configuration: Configuration) {
        let named = settings.recipe ?? ProcessInfo.processInfo.environment["LOCKSTEP_RECIPE"] ?? "quickstart"
        guard settings.config == nil, let recipe = try? Recipes.named(named), let own = try? recipe.configuration(),
            own.variant != configuration.variant
        else {
            sentence = nil
            return
        }
        let given = settings.sets.compactMap { set in configuration.phaseNames.first { set.hasPrefix("phases.\($0)") } }
        let unsaid = configuration.phaseNames.filter { !own.phaseNames.contains($0) && !given.contains($0) }
        let others = Recipes.all.filter { (try? $0.configuration().variant) == configuration.variant }.map(\.name)
        sentence =
            unsaid.isEmpty
            ? nil
            : "warning: the recipe \(recipe.name) is of the variant \(own.variant.rawValue) and says nothing of phases that \(configuration.variant.rawValue) has beside (\(unsaid.joined(separator: ", "))): they train with the paper's rates, which nobody has tuned to the recipe's; give them by --set phases.PHASE.rate=…, or take a recipe of the variant \(configuration.variant.rawValue) (\(others.prefix(Self.mostNamed).joined(separator: ", ")))"
    }
}
