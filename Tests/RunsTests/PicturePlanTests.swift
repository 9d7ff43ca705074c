import Autoencoder
import Datasets
import Evaluation
import Figures
import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// Which pictures a variant has, that they are drawn, and runs side by side.
@Suite struct PicturePlanTests {
    private let scratch = Scratch()

    /// A small model of a variant with weights as they are drawn at first, and the data it would be trained on.
    private func model(
        _ variant: Variant, code: Int = 2, sets: [String] = []
    ) throws -> (configuration: Configuration, data: DataSet, inference: Inference) {
        let sizes = [
            "data.train=120", "data.validation=90", "variant=\(variant.rawValue)", "model.code=\(code)", "model.decoder=[16]",
            "model.initialisation=he",
        ]
        let networks = (variant == .gan ? [] : ["model.encoder=[16]"]) + (variant == .vae ? [] : ["model.discriminator=[8]"])
        let prior = variant == .labelInformed && sets.isEmpty ? Self.mixture : []
        let (configuration, data) = try Configuration.load(ConfigurationSources(sets: sizes + networks + prior + sets)).opened(
            directory: nil)
        let training = configuration.training(on: data)
        return (configuration, data, try Inference(training, tensors: Replica(training).state()))
    }

    private static let everyOne: [FigureName] = [.losses, .samples, .neighbours]

    struct Case: Sendable, CustomTestStringConvertible {
        let variant: Variant
        var code = 2
        var sets: [String] = []
        /// Beside those of every model.
        let own: Set<FigureName>
        let paper: [FigureName: String]

        var testDescription: String { "\(variant), code of \(code), \(sets)" }
    }

    private static let roll = ["prior={kind: swiss-roll, thickness: 0.1}"]
    private static let mixture = ["prior={kind: mixture, components: 10, radial: 0.5, tangential: 0.1, distance: 1.4}"]

    private static let cases = [
        Case(variant: .basic, own: [.reconstructions, .codes, .walk], paper: [.codes: "2a", .walk: "2e"]),
        Case(variant: .basic, sets: mixture, own: [.reconstructions, .codes, .walk, .petals], paper: [.codes: "2b"]),
        Case(variant: .basic, sets: roll, own: [.reconstructions, .codes, .walk], paper: [:]),
        Case(variant: .basic, code: 8, own: [.reconstructions, .codes, .codeHistograms], paper: [.neighbours: "5"]),
        Case(variant: .vae, own: [.reconstructions, .codes, .walk], paper: [.codes: "2c"]),
        Case(variant: .vae, sets: mixture, own: [.reconstructions, .codes, .walk, .petals], paper: [.codes: "2d"]),
        Case(variant: .gan, code: 5, own: [], paper: [:]),
        Case(
            variant: .labelInformed, own: [.reconstructions, .codes, .walk, .petals], paper: [.codes: "4a", .petals: "4b"]),
        Case(variant: .labelInformed, sets: roll, own: [.reconstructions, .codes, .walk], paper: [.codes: "4c", .walk: "4d"]),
        Case(variant: .supervised, code: 5, own: [.reconstructions, .codes, .codeHistograms, .styles], paper: [.styles: "7"]),
        Case(
            variant: .semiSupervised, code: 5, sets: ["labels.count=100"],
            own: [.reconstructions, .codes, .codeHistograms, .styles], paper: [:]),
        Case(
            variant: .clustering, code: 5, sets: ["model.clusters=16"],
            own: [.reconstructions, .codes, .codeHistograms, .styles, .clusters], paper: [.clusters: "9"]),
        Case(
            variant: .reduction, sets: ["labels.count=100"], own: [.reconstructions, .codes, .representations, .styles],
            paper: [.representations: "11"]),
    ]

    @Test("A variant has its pictures, all of them are drawn, and those of the paper bear its numbers", arguments: cases)
    func pictures(_ one: Case) throws {
        let model = try model(one.variant, code: one.code, sets: one.sets)
        let asked = PicturePlan(model.inference, .asked).names
        #expect(Set(asked) == one.own.union(Self.everyOne) && Set(asked).count == asked.count)
        #expect(PicturePlan(model.inference, .epoch).names == asked.filter { $0 != .neighbours })
        for name in FigureName.allCases where asked.contains(name) {
            #expect(name.paperFigure(model.inference.settings) == one.paper[name], "\(name)")
        }
        let run = try RunFolder.begin(model.configuration, provenance: RunFolderTests.provenance, at: scratch.file("run"))
        let pictures = RunPictures(folder: run, configuration: model.configuration, data: model.data)
        let drawn = try pictures.draw(model.inference, step: 12, epoch: 3, occasion: .asked)
        #expect(drawn.warnings.isEmpty && drawn.leftOut.isEmpty, "\(drawn.warnings)")
        // There are no metrics, and so no losses.
        let names = Set(asked).subtracting([.losses]).map(\.rawValue)
        #expect(Set(drawn.paths.map { ($0 as NSString).lastPathComponent }) == Set(names))
        #expect(try Scratch.names(run.figuresPath) == (names + ["epoch-0003"]).sorted())
    }

    @Test("A model of standardised images has all its pictures")
    func standardised() throws {
        let model = try model(.supervised, code: 3, sets: ["data.standardise=true", "model.output=linear"])
        let run = try RunFolder.begin(model.configuration, provenance: RunFolderTests.provenance, at: scratch.file("run"))
        let drawn = try RunPictures(folder: run, configuration: model.configuration, data: model.data)
            .draw(model.inference, step: 1, epoch: 1, occasion: .asked)
        #expect(drawn.leftOut.isEmpty && drawn.paths.count == PicturePlan(model.inference, .asked).names.count - 1)
    }

    @Test("Heads are the columns of the state's W_C, one a class")
    func heads() throws {
        let (configuration, data, inference) = try model(.reduction, sets: ["labels.count=100"])
        let state = try Replica(configuration.training(on: data)).state()
        let tensor = try #require(state.first { $0.name == "heads.0.weight" })
        guard case .f32(let weight) = tensor.values else { return #expect(Bool(false), "heads of \(tensor.values.type)") }
        let heads = try #require(inference.clusterHeads)
        #expect(heads.rows == 10 && heads.columns == 2 && tensor.shape == [2, 10])
        for head in 0..<10 { #expect((0..<2).allSatisfy { heads[head, $0] == weight[$0 * 10 + head] }) }
        // A representation is the style and the heads' mean by the softmax.
        let reading = inference.read(data.validation.images(0..<20), firstRow: 0)
        let (places, soft) = (try #require(reading.representations), try #require(reading.softLabels))
        for image in 0..<20 {
            for dimension in 0..<2 {
                let mean = (0..<10).reduce(Float(0)) { $0 + soft[image, $1] * heads[$1, dimension] }
                #expect(abs(places[image, dimension] - reading.codes[image, dimension] - mean) < 1e-4)
            }
        }
        #expect(try model(.clustering, code: 3).inference.clusterHeads == nil)
    }

    // MARK: Side by side

    private func beside(
        _ name: String, _ variant: Variant, code: Int = 2, sets: [String] = []
    ) throws -> RunsBeside.Run {
        let model = try model(variant, code: code, sets: sets)
        return RunsBeside.Run(
            name: name, configuration: model.configuration, data: model.data, inference: model.inference, step: 9, epoch: 2)
    }

    @Test("Runs of whatever variants are laid side by side by what they have in common")
    func sideBySide() throws {
        let runs = [
            "basic": try beside("basic", .basic), "vae": try beside("vae", .vae), "wide": try beside("wide", .basic, code: 5),
            "gan": try beside("gan", .gan), "mixture": try beside("mixture", .vae, sets: Self.mixture),
            "reduction": try beside("reduction", .reduction, sets: ["labels.count=100"]),
            "styles": try beside("styles", .supervised),
        ]
        for names in [
            ["basic", "vae"], ["basic", "mixture", "vae", "mixture"], ["basic", "wide"], ["gan", "vae"],
            ["reduction", "reduction"], ["reduction", "basic"], ["styles", "gan", "wide"],
        ] {
            let laid = try RunsBeside(names.compactMap { runs[$0] })
            let picture = try laid.picture(team: ThreadTeam(threads: 1))
            #expect(laid.notes.isEmpty && picture.width > names.count * 600 && picture.width < 4_000, "\(names)")
            // The same by however many threads.
            if names == ["basic", "vae"] { #expect(try laid.picture(team: ThreadTeam(threads: 2)) == picture) }
        }
    }

    @Test("Heads beside each other are called what they are: of classes, of clusters, or of both")
    func headKinds() throws {
        let classes = try beside("classes", .reduction, sets: ["labels.count=100"])
        let clusters = try beside("clusters", .reduction)
        #expect(try RunsBeside([classes, classes]).headKind == "class")
        #expect(try RunsBeside([clusters, clusters]).headKind == "cluster")
        #expect(try RunsBeside([classes, clusters]).headKind == "class or cluster")
    }

    @Test("Below a generator's column stands how much its samples explain")
    func explained() {
        var figures = EpochFigures()
        #expect(figures.besideNotes.isEmpty)
        figures.sampleMatch = SampleMatch(explained: 0.31, byImages: 0.43, byNoise: 0.03)
        #expect(figures.besideNotes == ["explained 31 %, by other images 43 %, by noise 3 %"])
    }

    @Test("Runs on images of two shapes have no picture in common, and a note tells where they have other images")
    func unlike() throws {
        let small = try beside("small", .basic, code: 3)
        let other = try beside("other", .basic, code: 3, sets: ["data.validation=70"])
        let notes = try RunsBeside([small, other]).notes
        #expect(notes.count == 1 && notes[0].contains("other has other data than small"))
        let (alike, unlike) = (try RunsBeside([small, small]), try RunsBeside([small, other]))
        #expect(alike.notes.isEmpty && !alike.subtitle(small).contains("held out"))
        #expect(alike.reconstructionsName == "held-out images, each row above its reconstructions")
        let (train, held) = (other.data.train.count, other.data.validation.count)
        #expect(held == 70 && unlike.subtitle(other).contains("; glyphs, \(train) images and 70 held out"))
        #expect(unlike.subtitle(small).contains("; glyphs, \(small.data.train.count) images and 90 held out"))
        #expect(unlike.reconstructionsName == "held-out images of small (glyphs), each row above its reconstructions")
        for (name, count) in [("own", 30), ("test", 4)] {
            let head = [0, 0, 8, 3, 0, 0, 0, UInt8(count), 0, 0, 0, 3, 0, 0, 0, 4]
            _ = try scratch.write(head + (0..<count * 12).map { UInt8(truncatingIfNeeded: $0) }, to: "\(name).idx")
        }
        let (configuration, data) = try Configuration.load(
            ConfigurationSources(
                sets: [
                    "data.set=idx", "data.images=\(scratch.file("own.idx"))", "data.test_images=\(scratch.file("test.idx"))",
                    "data.train=20", "data.validation=10", "model.encoder=[8]", "model.decoder=[8]", "model.discriminator=[8]",
                ])
        ).opened(directory: nil)
        let training = configuration.training(on: data)
        let own = RunsBeside.Run(
            name: "own", configuration: configuration, data: data,
            inference: try Inference(training, tensors: Replica(training).state()), step: 1, epoch: 1)
        let told = sentence { _ = try RunsBeside([small, own]) }
        #expect(told.contains("the images of small are 28 x 28 x 1 and those of own 3 x 4 x 1"), "\(told)")
    }
}
