import Autoencoder
import Coordinator
import Foundation
import Runs
import Testing

/// `--from`: a run that begins with the weights of another.
@Suite struct InitialWeightsTests {
    private func training(_ variant: Variant, code: Int = 2) -> (configuration: Configuration, training: TrainingSettings) {
        var configuration = Configuration(variant: variant)
        configuration.model.encoder = [4]
        configuration.model.decoder = [4]
        if variant.has(.discriminator) { configuration.model.discriminator = [4] }
        (configuration.model.code, configuration.model.clusters) = (code, 10)
        return (configuration, configuration.training(pixels: 16, trainingImages: 100))
    }

    /// The message when a run of one variant begins with the weights of another.
    private func beginning(_ mine: Variant, code: Int = 2, from theirs: Variant) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/lockstep-from-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (configuration, other) = training(theirs)
        let bytes = try StateFile.stream(try Replica(other).snapshot(), configuration: configuration.yaml()).flatMap { $0 }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do { _ = try InitialWeights.replica(training(mine, code: code).training, from: path) } catch {
            return "\(error)".replacing(path, with: "PATH")
        }
        return "no error"
    }

    @Test("Weights of another variant are told with both variants and the ways on, not by a tensor")
    func otherVariant() throws {
        for (mine, theirs) in [(Variant.vae, Variant.basic), (.basic, .gan), (.supervised, .basic), (.clustering, .reduction)] {
            let text = try beginning(mine, from: theirs)
            #expect(
                text.hasPrefix(
                    "--from: the weights in PATH are of the variant \(theirs.rawValue), and this run is of \(mine.rawValue), which has other"
                ),
                "\(text)")
            #expect(
                text.contains("--config RUN/config.yaml") && text.hasSuffix("name a run of the variant \(mine.rawValue)"), "\(text)"
            )
        }
    }

    @Test("Weights that fit are taken whichever variant they are of, and of the same variant the tensor that differs is named")
    func fitting() throws {
        for variant in [Variant.basic, .vae, .gan, .clustering] {
            #expect(try beginning(variant, from: variant) == "no error")
            #expect(try beginning(variant, code: 3, from: variant).contains(" in this run, in PATH it is "))
        }
        #expect(try beginning(.clustering, from: .semiSupervised) == "no error")
    }
}
