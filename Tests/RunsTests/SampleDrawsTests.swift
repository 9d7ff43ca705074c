import Autoencoder
import Kernels
import Runs
import Testing

@Suite struct SampleDrawsTests {
    private let configuration = Configuration()

    private func labels(_ drawn: SampleDraws.Drawn) -> [Int?] {
        guard let labels = drawn.labels else { return [] }
        return (0..<labels.rows).map { labels.row($0).array.firstIndex(of: 1) }
    }

    @Test("Classes are drawn evenly, a row of the grid each, or all of the one that is asked for")
    func even() {
        let draws = SampleDraws(configuration, labels: 3, seed: 3)
        #expect(labels(draws.samples(0..<8, columns: 2)) == [0, 0, 1, 1, 2, 2, 0, 0])
        #expect(labels(draws.samples(0..<3, columns: 2, label: 2)) == [2, 2, 2])
        #expect(SampleDraws(configuration, labels: nil, seed: 3).samples(0..<3, columns: 2, label: nil).labels == nil)
    }

    @Test("A sample depends on its number only")
    func number() {
        let draws = SampleDraws(configuration, labels: 3, seed: 3)
        let (whole, part) = (draws.samples(0..<8, columns: 2), draws.samples(5..<8, columns: 2))
        #expect(part.codes.values.array == whole.codes.rows(5..<8).values.array)
        #expect(labels(part) == Array(labels(whole)[5...]))
    }

    @Test("A grid of styles has one class a row and one style a column, the cluster heads first where they are asked for")
    func styles() {
        let draws = SampleDraws(configuration, labels: 3, seed: 3)
        for headsFirst in [false, true] {
            let grid = draws.styles(rows: 3, columns: 4, headsFirst: headsFirst)
            #expect(labels(grid) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
            for row in 1..<3 {
                #expect(grid.codes.rows(4 * row..<4 * row + 4).values.array == grid.codes.rows(0..<4).values.array)
            }
            #expect(grid.codes.row(0).array.allSatisfy { $0 == 0 } == headsFirst)
            #expect(grid.codes.row(1).array != grid.codes.row(2).array)
        }
    }
}

@Suite struct CompositionDrawingTests {
    private func drawing(_ change: (inout TrainingSettings) -> Void) -> CompositionDrawing {
        var settings = Configuration().training(pixels: 784, trainingImages: 50_000)
        change(&settings)
        return settings.drawing
    }

    @Test("The basic autoencoder is drawn with its networks, adversary, phases and exchanges")
    func basic() {
        let basic = drawing { _ in }
        #expect(basic.networks.map(\.name) == ["encoder", "decoder", "discriminator.code"])
        #expect(basic.adversaries.map(\.real) == ["gaussian 2"] && basic.adversaries.map(\.fake) == ["encoder's code"])
        #expect(basic.phases.map(\.terms) == [["reconstruction (half-squared-error)"], ["code"], ["code"]])
        #expect(basic.phases.map(\.exchanges) == [1, 1, 1] && basic.exchanges == 3)
        let lines = basic.lines
        #expect(lines[0] == "variant      basic")
        #expect(lines.contains("encode       image 784 -> encoder -> code 2"))
        #expect(lines.contains("decode       code 2 -> decoder -> image 784, sigmoid"))
        #expect(lines.allSatisfy { $0.last != " " && $0.count <= 132 })
    }

    @Test("Batch norm, dropout, noise, labels and both adversaries are drawn where they are")
    func semiSupervised() {
        let drawn = drawing { settings in
            settings.variant = .semiSupervised
            settings.parts = settings.variant.usualParts
            settings.parts.norm.encoder = .batch
            settings.parts.dropout.hidden = 0.2
            settings.parts.discriminatorNoise = 0.25
            settings.inputNoise = 0.5
        }
        #expect(drawn.networks[0].widths == [784, 1_000, 1_000, 12])
        #expect(drawn.networks[0].details == ["batch norm (hidden layers)", "dropout 20 % (hidden layers)"])
        #expect(drawn.adversaries.map(\.name) == ["discriminator.label", "discriminator.style"])
        #expect(drawn.adversaries.map(\.real) == ["categorical 10", "gaussian 2"])
        #expect(drawn.adversaries.map(\.details) == Array(repeating: ["noise of std 0.25 on both"], count: 2))
        #expect(drawn.phases.map(\.name) == ["reconstruction", "discriminator", "generator", "classification"])
        #expect(drawn.phases[1].terms == ["label", "style"] && drawn.phases[3].stream == .labelled)
        // Two normed layers forward; where the encoder learns, back as well; and the gradient.
        #expect(drawn.phases.map(\.exchanges) == [5, 3, 5, 5])
        let encode = "encode       image 784 -> noise of std 0.5 -> encoder -> class 10 softmax | code 2"
        #expect(drawn.lines.contains(encode))
        #expect(drawn.lines.contains("decode       class 10, code 2 -> decoder -> image 784, sigmoid"))
    }

    @Test("Every phase changes its networks, and has its terms", arguments: Variant.allCases)
    func phases(variant: Variant) {
        let drawn = drawing { settings in
            settings.variant = variant
            settings.parts = variant.usualParts
            if variant == .labelInformed {
                settings.prior = .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4)
            }
        }
        let cost = "reconstruction (half-squared-error)"
        let expected: [String] =
            switch variant {
            case .basic, .labelInformed, .supervised:
                ["encoder, decoder: \(cost)", "discriminator.code: code", "encoder: code"]
            case .vae: ["encoder, decoder: \(cost), negative_entropy, cross_entropy"]
            case .gan: ["discriminator.image: image", "decoder: image"]
            case .semiSupervised, .clustering, .reduction:
                [
                    "encoder, decoder" + (variant == .reduction ? ", heads: \(cost), heads" : ": \(cost)"),
                    "discriminator.label, discriminator.style: label, style", "encoder: label, style",
                ] + (variant == .semiSupervised ? ["encoder: classification"] : [])
            }
        let phases = drawn.phases.map { "\($0.changes.joined(separator: ", ")): \($0.terms.joined(separator: ", "))" }
        #expect(phases == expected)
    }

    @Test("A loss is drawn as the sum of its terms, by the names that metrics have for them")
    func terms() {
        for prior in [PriorSettings.gaussian(std: 5), .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4)] {
            let drawn = drawing { settings in
                settings.variant = .vae
                settings.parts = settings.variant.usualParts
                settings.parts.reconstructionWeight = 0.5
                settings.cost = .crossEntropy
                settings.prior = prior
            }
            let sum = "reconstruction (cross-entropy) x 0.5 + negative_entropy + cross_entropy"
            #expect(drawn.lines.contains { $0.contains("  \(sum)  ") })
            #expect(drawn.lines.allSatisfy { $0.count <= 132 })
        }
    }

    @Test("Every variant can be drawn, and has the figure that says what it is about", arguments: Variant.allCases)
    func all(variant: Variant) {
        var settings = Configuration().training(pixels: 784, trainingImages: 50_000)
        settings.variant = variant
        if variant == .labelInformed {
            settings.prior = .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4)
        }
        settings.parts = variant.usualParts
        #expect(settings.drawing.lines.count > 8)
        let figure: VariantFigure? =
            switch variant {
            case .basic, .gan, .supervised: nil
            case .vae: .lowerBound
            case .labelInformed: .nearestComponent(classes: 10)
            case .semiSupervised: .classification(classes: 10)
            case .clustering, .reduction: .clustering(clusters: 16)
            }
        #expect(settings.variantFigure == figure)
        let decoded: Int? =
            switch variant {
            case .basic, .vae, .gan, .labelInformed: nil
            case .supervised, .semiSupervised: 10
            case .clustering, .reduction: 16
            }
        #expect(settings.decodedLabels == decoded)
    }
}
