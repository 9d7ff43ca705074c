import Autoencoder
import Kernels
import Testing

/// Images are standardised on the way in, (image − mean) / deviation, and scaled back on the way out.
@Suite struct StandardisedTests {
    private func settings(_ standardisation: Standardisation?) -> TrainingSettings {
        var settings = smallSettings(hidden: [17])
        settings.model.output = .linear
        settings.cost = .halfSquaredError
        settings.standardisation = standardisation
        return settings
    }

    private func standardisation(pixels: Int) throws -> Standardisation {
        let mean = (0..<pixels).map { Float($0 + 1) / Float(2 * pixels) }
        let std = (0..<pixels).map { Float($0) / 50 + 0.1 }
        return try #require(Standardisation(mean: mean, std: std))
    }

    @Test("the decoder's image is put back where images are: mean + std times what the network makes")
    func decoded() throws {
        let plain = settings(nil)
        let scaled = settings(try standardisation(pixels: plain.pixels))
        let trainer = try LocalTrainer(plain, threads: 1)
        try train(trainer, steps: 2)
        let tensors = trainer.replica.state()
        let codes = Matrix(Slice<Float>([0.5, -1, 2, 0.25]), rows: 2, columns: 2)
        let without = try Inference(plain, tensors: tensors).decode(codes)
        let with = try Inference(scaled, tensors: tensors).decode(codes)
        let statistics = try #require(scaled.standardisation)
        for row in 0..<2 {
            for pixel in 0..<plain.pixels {
                #expect(with[row, pixel] == statistics.mean[pixel] + statistics.std[pixel] * without[row, pixel])
            }
        }
    }

    @Test("the encoder sees other values, and training goes another way")
    func encoded() throws {
        let plain = settings(nil)
        let scaled = settings(try standardisation(pixels: plain.pixels))
        var digests: [[UInt8]] = []
        for settings in [plain, scaled] {
            let trainer = try LocalTrainer(settings, threads: 1)
            try train(trainer, steps: 2)
            digests.append(trainer.replica.digest(full: true))
        }
        #expect(digests[0] != digests[1])
        let trainer = try LocalTrainer(plain, threads: 1)
        let tensors = trainer.replica.state()
        // Pixels equal to the mean are zeros to the network, whose biases are zeros too.
        let statistics = try #require(
            Standardisation(
                mean: [Float](repeating: 51.0 / 255, count: plain.pixels), std: [Float](repeating: 0.5, count: plain.pixels)))
        let mean = [UInt8](repeating: 51, count: plain.pixels)
        let zeros = try Inference(settings(statistics), tensors: tensors).encode(mean, firstRow: 0)
        let black = try Inference(plain, tensors: tensors).encode([UInt8](repeating: 0, count: plain.pixels), firstRow: 0)
        #expect(zeros.values.array == black.values.array)
    }
}
