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

    @Test("A class that has a part of the prior is drawn from that part, whole or in pieces", arguments: [0, 3, 9])
    func part(label: Int) throws {
        var mixture = configuration
        mixture.prior = .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 6)
        mixture.model.code = 2
        let draws = SampleDraws(mixture, labels: nil, classes: 10, seed: 3)
        let drawn = draws.samples(0..<200, columns: 200, label: label)
        let parts = try #require(mixture.prior.parts(classes: 10))
        #expect((0..<200).allSatisfy { parts.part(of: drawn.codes.row($0)) == label } && drawn.labels == nil)
        let piece = draws.samples(50..<60, columns: 200, label: label)
        #expect(piece.codes.values.array == drawn.codes.rows(50..<60).values.array)
        let all = draws.samples(0..<200, columns: 200)
        #expect(Set((0..<200).map { parts.part(of: all.codes.row($0)) }).count == 10)
    }

    @Test("A grid of styles has one class a row and one style a column, the cluster heads first where they are asked for")
    func styles() {
        let draws = SampleDraws(configuration, labels: 3, seed: 3)
        for headsFirst in [false, true] {
            let grid = draws.styles(0..<12, columns: 4, headsFirst: headsFirst)
            // A part of the grid is that part of it, wherever it begins and ends.
            for part in [0..<4, 2..<11, 5..<6] {
                let drawn = draws.styles(part, columns: 4, headsFirst: headsFirst)
                #expect(drawn.codes.values.array == grid.codes.rows(part).values.array)
                #expect(labels(drawn) == Array(labels(grid)[part]))
            }
            #expect(labels(grid) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
            for row in 1..<3 {
                #expect(grid.codes.rows(4 * row..<4 * row + 4).values.array == grid.codes.rows(0..<4).values.array)
            }
            #expect(grid.codes.row(0).array.allSatisfy { $0 == 0 } == headsFirst)
            #expect(grid.codes.row(1).array != grid.codes.row(2).array)
        }
    }
}

@Suite struct LabelGridTests {
    private let small = PictureShape(height: 28, width: 28, channels: 1)

    @Test(
        "a picture has a row for every class or cluster up to a hundred, and the fewer columns the more rows there are",
        arguments: [
            (1, 1, 20), (10, 10, 20), (16, 16, 20), (20, 20, 20), (26, 26, 15), (30, 30, 13), (100, 100, 4), (101, 100, 4),
            (4096, 100, 4),
        ])
    func sizes(labels: Int, rows: Int, columns: Int) {
        let grid = LabelGrid(labels: labels, shape: small)
        #expect(grid.rows == rows && grid.columns == columns && grid.count <= LabelGrid.mostImages)
        #expect(grid.part(of: "clusters") == (labels > rows ? "the first \(rows) of \(labels) clusters" : nil))
    }

    @Test("large images leave room for fewer of them, and for two in a row in any case")
    func large() {
        let grid = LabelGrid(labels: 4096, shape: PictureShape(height: 2048, width: 2048, channels: 1))
        #expect(grid.rows == 8 && grid.columns == 2)
        let one = LabelGrid(labels: 10, shape: PictureShape(height: 8192, width: 8192, channels: 1))
        #expect(one.rows == 1 && one.columns == 2)
    }

    @Test("what a run comes to on the disk counts the larger pictures of more clusters")
    func disk() {
        func figures(_ clusters: Int) -> UInt64 {
            var configuration = Configuration(variant: .clustering)
            configuration.model.clusters = clusters
            let need = DiskNeed(configuration, pixels: 784, trainingImages: 1_000, shape: small)
            return need.kinds.first { $0.name == "figures" }?.bytes ?? 0
        }
        #expect(figures(10) < figures(16) && figures(100) == figures(4096))
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
        expectJSON(of: drawn)
    }

    @Test("What nobody taught is a cluster in the lines for a person, and has its name of metrics for scripts")
    func clusters() {
        let drawn = drawing { settings in
            settings.variant = .clustering
            settings.parts = settings.variant.usualParts
        }
        #expect(drawn.phases[1].terms == ["label", "style"])
        let lines = drawn.lines.joined(separator: "\n")
        #expect(lines.contains("cluster + style") && !lines.contains("label +"), "\(lines)")
    }

    /// The same for scripts.
    private func expectJSON(of drawn: CompositionDrawing) {
        let json = drawn.json
        func list(_ key: String, _ inner: String) -> [JSON?] { json[key]?.arrayValue?.map { $0[inner] } ?? [] }
        #expect(json["variant"]?.stringValue == "semi-supervised" && json["exchanges"]?.intValue == 18)
        #expect(json["parameters"]?.intValue == drawn.parameters)
        #expect(list("networks", "name").map { $0?.stringValue } == drawn.networks.map(\.name))
        #expect(list("networks", "widths")[0] == .array([784, 1_000, 1_000, 12].map { JSON($0) }))
        #expect(list("heads", "name") == [.string("class"), .string("code")] && list("heads", "width") == [JSON(10), JSON(2)])
        #expect(list("heads", "kind") == [.string("softmax"), .string("deterministic")])
        #expect(list("adversaries", "real") == [.string("categorical 10"), .string("gaussian 2")])
        #expect(list("phases", "exchanges") == [5, 3, 5, 5].map { JSON($0) })
        #expect(list("phases", "losses")[1] == .array([.string("label"), .string("style")]))
        #expect(list("phases", "stream")[3] == .string("labelled") && list("flows", "parts").count == 2)
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
