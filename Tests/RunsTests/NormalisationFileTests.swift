import Autoencoder
import Datasets
import Foundation
import Kernels
import Runs
import Testing

@Suite struct NormalisationFileTests {
    @Test("moments are kept beside a state, and found anew where the file is cut, damaged or of other weights")
    func kept() throws {
        let folder = NSTemporaryDirectory() + "normalisation-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = try Recipes.named("clustering").configuration()
        configuration.model.encoder = [16]
        configuration.model.decoder = [16]
        configuration.model.discriminator = [16]
        let images = ImageSubset(Glyphs(), 0..<250)
        let settings = configuration.training(pixels: images.pixels, trainingImages: images.count)
        let state = try Replica(settings).state()
        let file = NormalisationFile(folder: folder, willWrite: {})
        let team = ThreadTeam(threads: 1)
        func complete(_ state: [Tensor]) throws -> [Tensor] {
            try NormalisationFile.complete(state, of: settings, averaged: false, training: images, team: team, in: file)
        }
        func values(_ tensors: [Tensor]) -> [[Float]] {
            tensors.map { if case .f32(let values) = $0.values { values.array } else { [] } }
        }
        let path = folder + "/normalisation.safetensors"
        let found = values(try complete(state))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(values(try complete(state)) == found)
        var flipped = bytes
        flipped[flipped.count - 5] ^= 0x40
        for damaged in [flipped, bytes.dropLast(), bytes.prefix(10), Data()] {
            try damaged.write(to: URL(fileURLWithPath: path))
            #expect(values(try complete(state)) == found, "\(damaged.count) bytes")
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
        }
        guard case .f32(let weight)? = state.first(where: { $0.name == "encoder.0.weight" })?.values else { return }
        weight[0] += 1
        #expect(values(try complete(state)) != found)
    }

    @Test(
        "before moments are written it is asked whether they may be; where not, nothing is, and what was kept serves all the same")
    func mayWrite() throws {
        let folder = NSTemporaryDirectory() + "normalisation-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = try Recipes.named("clustering").configuration()
        configuration.model.encoder = [16]
        configuration.model.decoder = [16]
        configuration.model.discriminator = [16]
        let images = ImageSubset(Glyphs(), 0..<250)
        let settings = configuration.training(pixels: images.pixels, trainingImages: images.count)
        let state = try Replica(settings).state()
        struct Lost: Error {}
        func complete(_ file: NormalisationFile) throws -> [Tensor] {
            try NormalisationFile.complete(
                state, of: settings, averaged: false, training: images, team: ThreadTeam(threads: 1), in: file)
        }
        let lost = NormalisationFile(folder: folder) { throw Lost() }
        #expect(throws: Lost.self) { try complete(lost) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        let count = try complete(NormalisationFile(folder: folder) {}).count
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
        #expect(try complete(lost).count == count)
    }
}
