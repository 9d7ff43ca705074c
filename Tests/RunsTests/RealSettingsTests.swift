import Autoencoder
import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// Training is in single precision: every real setting refuses a value that is too small for it, so that it becomes 0, or infinite.
@Suite struct RealSettingsTests {
    /// Settings that bring every key of a real number with them, over a recipe.
    private static let contexts: [(recipe: String, sets: [String])] =
        [
            "quickstart", "vae", "gan", "label-informed", "label-informed-roll", "supervised", "semi-supervised", "clustering",
            "reduction",
        ]
        .map { ($0, []) }
        + [
            ("quickstart", ["prior.kind=uniform"]), ("quickstart", ["prior.kind=mixture"]),
            ("quickstart", ["prior.kind=swiss-roll"]), ("quickstart", ["posterior.kind=universal"]),
        ]
        + ["adam", "sgd"].flatMap { optimizer in
            ["steps", "cosine", "constant"].map { kind in
                (
                    "semi-supervised",
                    ["reconstruction", "discriminator", "generator", "classification"].flatMap {
                        ["phases.\($0).optimizer=\(optimizer)", "phases.\($0).schedule={kind: \(kind)}"]
                    }
                )
            }
        }

    /// Texts, which may be anything that looks like a number too.
    private static let texts: Set<String> = [
        "name", "data.images", "data.labels", "data.test_images", "data.test_labels", "data.file", "data.folder",
    ]

    @Test(
        "no setting takes a number that single precision has not, and every real one says its range",
        arguments: ["1e-300", "1e-46", "1e300"])
    func every(_ number: String) throws {
        var real: Set<String> = []
        for (recipe, sets) in Self.contexts {
            _ = try Configuration.load(ConfigurationSources(recipe: recipe, sets: sets))
            for key in Configuration.knownKeys where !Self.texts.contains(key) {
                let sources = ConfigurationSources(recipe: recipe, sets: sets + ["\(key)=\(number)"])
                let text = sentence { _ = try Configuration.load(sources) }
                #expect(text != "no error", "\(recipe), \(sets): \(key)=\(number) is taken")
                if text.contains("\(key): \(number) is impossible, expected ") { real.insert(key) }
            }
        }
        let phases = ["reconstruction", "discriminator", "generator", "classification"].flatMap { phase in
            [
                "rate", "momentum", "beta1", "beta2", "schedule.from", "schedule.to", "schedule.after", "schedule.factor",
                "schedule.warm_up",
            ]
            .map { "phases.\(phase).\($0)" }
        }
        let others = [
            "weights.reconstruction", "heads.distance", "heads.weight", "noise.input", "noise.discriminator", "dropout.input",
            "dropout.hidden", "average", "prior.std", "prior.low", "prior.high", "prior.radial", "prior.tangential",
            "prior.distance",
            "prior.thickness", "posterior.std", "checkpoint.every_seconds",
        ]
        let missing = Set(phases + others).subtracting(real)
        #expect(missing.isEmpty, "\(missing.sorted())")
    }

    @Test("the least number that there is in double precision is refused, in single precision it is 0")
    func denormal() {
        let text = sentence {
            _ = try Configuration.load(
                ConfigurationSources(recipe: "quickstart", sets: ["noise.input=\(Double.leastNonzeroMagnitude)"]))
        }
        #expect(text.contains("noise.input: 5e-324 is impossible, expected 0 to 10"), "\(text)")
    }

    @Test("a number written as 0, and the least that there is, are taken")
    func least() throws {
        for number in ["0", "1.5e-45"] {
            let sources = ConfigurationSources(recipe: "quickstart", sets: ["weights.reconstruction=\(number)"])
            #expect(try Configuration.load(sources).parts.reconstructionWeight == Double(number))
        }
    }

    @Test("a part of the run's length that comes to next to nothing is refused as well")
    func part() {
        let sources = ConfigurationSources(
            recipe: "quickstart", sets: ["phases.generator.schedule={kind: cosine, from: 1/1e300}"])
        let text = sentence { _ = try Configuration.load(sources) }
        #expect(
            text.contains("from: 1/1e300 is impossible, expected 0 or more: training is in single precision, where it is 0"),
            "\(text)")
    }
}
