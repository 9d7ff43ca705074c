import Autoencoder
import Datasets
import Foundation
import Kernels
import Runs
import TestSupport
import Testing

@Suite struct NormalisationFileTests {
    private let scratch = Scratch()
    private let settings: TrainingSettings
    private let images = ImageSubset(Glyphs(), 0..<250)
    private let state: [Tensor]

    init() throws {
        var configuration = try Recipes.named("clustering").configuration()
        configuration.model.encoder = [16]
        configuration.model.decoder = [16]
        configuration.model.discriminator = [16]
        settings = configuration.training(pixels: images.pixels, trainingImages: images.count)
        state = try Replica(settings).state()
    }

    /// The state with its moments, which `file` keeps.
    private func complete(_ state: [Tensor], _ file: NormalisationFile) throws -> [Tensor] {
        try NormalisationFile.complete(
            state, of: settings, averaged: false, training: images, team: ThreadTeam(threads: 1), in: file)
    }

    @Test("moments are kept beside a state, and found anew where the file is cut, damaged or of other weights")
    func kept() throws {
        let file = NormalisationFile(folder: scratch.path, willWrite: {})
        func values(_ state: [Tensor]) throws -> [[Float]] {
            try complete(state, file).map { if case .f32(let values) = $0.values { values.array } else { [] } }
        }
        let path = scratch.file("normalisation.safetensors")
        let found = try values(state)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(try values(state) == found)
        var flipped = bytes
        flipped[flipped.count - 5] ^= 0x40
        for damaged in [flipped, bytes.dropLast(), bytes.prefix(10), Data()] {
            try damaged.write(to: URL(fileURLWithPath: path))
            #expect(try values(state) == found, "\(damaged.count) bytes")
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
        }
        guard case .f32(let weight)? = state.first(where: { $0.name == "encoder.0.weight" })?.values else { return }
        weight[0] += 1
        #expect(try values(state) != found)
    }

    @Test(
        "before moments are written it is asked whether they may be; where not, nothing is, and what was kept serves all the same")
    func mayWrite() throws {
        struct Lost: Error {}
        let lost = NormalisationFile(folder: scratch.path) { throw Lost() }
        #expect(throws: Lost.self) { try complete(state, lost) }
        #expect(try Scratch.names(scratch.path).isEmpty)
        let count = try complete(state, NormalisationFile(folder: scratch.path) {}).count
        #expect(try Scratch.names(scratch.path).count == 1)
        #expect(try complete(state, lost).count == count)
    }
}
