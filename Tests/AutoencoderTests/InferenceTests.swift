import Autoencoder
import Kernels
import Layers
import Testing

@Suite struct InferenceTests {
    private func trained(average: Double = 0) throws -> Replica {
        let trainer = try LocalTrainer(smallSettings(hidden: [17], average: average), threads: 1)
        try train(trainer, steps: 3)
        return trainer.replica
    }

    private func someImages(_ count: Int, pixels: Int) -> [UInt8] {
        (0..<count * pixels).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / pixels) }
    }

    @Test(
        "an image's code depends on its place in the block, not on its neighbours or on how many there are",
        arguments: [1, 99, 100, 101, 250])
    func neighbours(count: Int) throws {
        let replica = try trained()
        let inference = try Inference(replica.settings, tensors: replica.state())
        let bytes = someImages(count, pixels: 12)
        let codes = inference.encode(bytes)
        #expect(codes.rows == count && codes.columns == 2)
        // The last image at its place, black ones before it and nothing behind.
        let place = (count - 1) % Inference.blockRows
        let last = inference.encode([UInt8](repeating: 0, count: 12 * place) + bytes.suffix(12))
        #expect(last.row(place).array.map(\.bitPattern) == codes.row(count - 1).array.map(\.bitPattern))
        let images = inference.decode(codes)
        #expect(images.rows == count && images.columns == 12)
        #expect(images.values.array.allSatisfy { $0 > 0 && $0 < 1 })
        #expect(inference.reconstruct(bytes).values.array == images.values.array)
    }

    @Test("nothing in, nothing out")
    func empty() throws {
        let replica = try trained()
        let inference = try Inference(replica.settings, tensors: replica.state())
        #expect(inference.reconstruct([]).rows == 0)
    }

    @Test("averaged weights are taken on demand, and named where there are none")
    func averaged() throws {
        let replica = try trained(average: 0.9)
        let settings = replica.settings
        let bytes = someImages(3, pixels: 12)
        let now = try Inference(settings, tensors: replica.state())
        let average = try Inference(settings, tensors: replica.state(), averaged: true)
        #expect(now.encode(bytes).values.array != average.encode(bytes).values.array)
        let error = #expect(throws: StateError.self) {
            try Inference(settings, tensors: trained().state(), averaged: true)
        }
        #expect(error?.tensor == "average.encoder.0.weight")
    }
}
