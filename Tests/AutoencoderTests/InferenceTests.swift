import Autoencoder
import Kernels
import Layers
import Synchronization
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
        let codes = inference.encode(bytes, firstRow: 0)
        #expect(codes.rows == count && codes.columns == 2)
        // The last image at its place, black ones before it and nothing behind.
        let place = (count - 1) % Inference.blockRows
        let last = inference.encode([UInt8](repeating: 0, count: 12 * place) + bytes.suffix(12), firstRow: 0)
        #expect(last.row(place).array.map(\.bitPattern) == codes.row(count - 1).array.map(\.bitPattern))
        let images = inference.decode(codes)
        #expect(images.rows == count && images.columns == 12)
        #expect(images.values.array.allSatisfy { $0 > 0 && $0 < 1 })
        #expect(inference.reconstruct(bytes, firstRow: 0).values.array == images.values.array)
    }

    @Test("what a posterior draws for an image hangs on the image's place alone: blocks have draws of their own, whoever cuts them")
    func draws() throws {
        let replica = try Replica(smallSettings(.vae, hidden: [17], cost: .crossEntropy, output: .sigmoid))
        let inference = try Inference(replica.settings, tensors: replica.state())
        // The same image 330 times: only the draws differ.
        let (image, count) = (someImages(1, pixels: 12), 330)
        let bytes = (0..<count).flatMap { _ in image }
        let whole = inference.read(bytes, firstRow: 0)
        // A product's rounding depends on a row's place in its block of 100; a different draw would differ by far more.
        func differs(_ codes: [Float], _ others: [Float], by least: Float) -> Bool {
            codes.count != others.count || zip(codes, others).contains { abs($0 - $1) > least }
        }
        for size in [1, 7, 100, 200] {
            for first in stride(from: 0, to: count, by: size) {
                let rows = first..<min(count, first + size)
                let part = inference.read(Array(bytes[12 * rows.lowerBound..<12 * rows.upperBound]), firstRow: first)
                let least: Float = size.isMultiple(of: Inference.blockRows) ? 0 : 1e-5
                #expect(!differs(part.codes.values.array, whole.codes.rows(rows).values.array, by: least), "rows \(rows)")
            }
        }
        let draws = Set((0..<count).map { whole.codes.row($0).array })
        #expect(draws.count == count)
        let chosen = inference.read([329, 4, 100]) { _ in image }
        for (row, place) in [329, 4, 100].enumerated() {
            #expect(!differs(chosen.codes.row(row).array, whole.codes.row(place).array, by: 1e-5), "place \(place)")
        }
    }

    @Test("a lower bound costs the logits that it is given, which stay as they are: nothing is decoded again")
    func lowerBound() throws {
        for (cost, output) in [(Cost.crossEntropy, Output.sigmoid), (.halfSquaredError, .sigmoid), (.halfSquaredError, .linear)] {
            let replica = try Replica(smallSettings(.vae, hidden: [17], cost: cost, output: output))
            let inference = try Inference(replica.settings, tensors: replica.state())
            let bytes = someImages(130, pixels: 12)
            let reading = inference.read(bytes, firstRow: 0)
            let logits = inference.reconstructedLogits(reading)
            let before = logits.values.array
            let own = inference.lowerBound(bytes, reading, logits: logits)
            #expect(logits.values.array == before && own.images == 130)
            #expect(inference.images(ofLogits: logits).values.array == inference.reconstruct(bytes, firstRow: 0).values.array)
            #expect(logits.values.array == before)
            // Logits of other codes have another cost; the divergence is still that of the reading.
            let others = Matrix(rows: 130, columns: 12)
            others.values.fill(0.25)
            let other = inference.lowerBound(bytes, reading, logits: others)
            #expect(other.reconstruction != own.reconstruction)
            #expect(other.entropy == own.entropy && other.crossEntropy == own.crossEntropy)
        }
    }

    @Test("nothing in, nothing out")
    func empty() throws {
        let replica = try trained()
        let inference = try Inference(replica.settings, tensors: replica.state())
        #expect(inference.reconstruct([], firstRow: 0).rows == 0)
    }

    @Test("averaged weights are taken on demand, and named where there are none")
    func averaged() throws {
        let replica = try trained(average: 0.9)
        let settings = replica.settings
        let bytes = someImages(3, pixels: 12)
        let now = try Inference(settings, tensors: replica.state())
        let average = try Inference(settings, tensors: replica.state(), averaged: true)
        #expect(now.encode(bytes, firstRow: 0).values.array != average.encode(bytes, firstRow: 0).values.array)
        let error = #expect(throws: StateError.self) {
            try Inference(settings, tensors: trained().state(), averaged: true)
        }
        #expect(error?.tensor == "average.encoder.0.weight")
    }
}

@Suite struct PopulationTests {
    /// Images that differ from row to row.
    private static func images(_ rows: Range<Int>) -> [UInt8] {
        rows.flatMap { row in
            (0..<12).map {
                UInt8(truncatingIfNeeded: RandomSource(seed: 9, purpose: .spare, step: 0).word(row: UInt32(row), element: $0))
            }
        }
    }

    private func moments(_ replica: Replica, count: Int, threads: Int) throws -> [Tensor] {
        let population = PopulationImages(count: count, images: Self.images, labels: { rows in rows.map { UInt8($0 % 4) } })
        return try Inference.populationMoments(
            replica.settings, tensors: replica.state(), averaged: false, over: population, team: ThreadTeam(threads: threads))
    }

    @Test(
        "a norm's columns have mean 0 and variance 1 over the images that its moments are of, whatever the threads",
        arguments: [Variant.clustering, .semiSupervised, .supervised])
    func normalised(variant: Variant) throws {
        let settings = smallSettings(variant, hidden: [17, 9], minibatch: 6, trainingImages: 12) {
            $0.norm = NormSettings(encoder: .batch, heads: .batch, decoder: .shard)
        }
        // Before the first step every γ is 1 and every β 0.
        let replica = try Replica(settings)
        let count = 4_150
        let found = try moments(replica, count: count, threads: 1)
        #expect(found.map(\.name).count == 2 * 5 && found.contains { $0.name == "normalisation.decoder.1.variance" })
        let again = try moments(replica, count: count, threads: 3)
        for (one, other) in zip(found, again) {
            guard case .f32(let a) = one.values, case .f32(let b) = other.values else { return }
            #expect(one.name == other.name && a.array == b.array)
        }
        let inference = try Inference(settings, tensors: replica.state() + found)
        let codes = inference.encode(Self.images(0..<count), firstRow: 0)
        for column in 0..<codes.columns {
            let values = (0..<count).map { Double(codes[$0, column]) }
            let mean = values.reduce(0, +) / Double(count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
            #expect(abs(mean) < 1e-4 && abs(variance - 1) < 1e-2, "column \(column): \(mean), \(variance)")
        }
    }

    @Test(
        "moments have the same bits whatever is kept from norm to norm, and with all of it the images are read once for each network",
        arguments: [Variant.clustering, .semiSupervised, .supervised, .gan])
    func kept(variant: Variant) throws {
        let settings = smallSettings(variant, hidden: [17, 9], minibatch: 6, trainingImages: 12) {
            if variant != .gan { $0.norm = NormSettings(encoder: .batch, heads: .batch) }
            $0.norm.decoder = .batch
        }
        let replica = try Replica(settings)
        let count = 4_150
        func moments(keeping bytes: Int) throws -> (bits: [[UInt32]], images: Int) {
            let read = Mutex(0)
            let population = PopulationImages(
                count: count,
                images: { rows in
                    read.withLock { $0 += rows.count }
                    return Self.images(rows)
                }, labels: { rows in rows.map { UInt8($0 % 4) } })
            let found = try Inference.populationMoments(
                settings, tensors: replica.state(), averaged: false, over: population, team: ThreadTeam(threads: 2), keeping: bytes)
            let bits = found.map { tensor -> [UInt32] in
                guard case .f32(let values) = tensor.values else { return [] }
                return values.array.map(\.bitPattern)
            }
            return (bits, read.withLock { $0 })
        }
        let (all, none) = try (moments(keeping: Inference.mostKeptBytes), moments(keeping: 0))
        // The encoder's three norms, and the codes that the decoder's two begin with.
        let encodes = variant != .gan
        #expect(all.images == (encodes ? 2 * count : 0) && none.images == (encodes ? 5 * count : 0))
        #expect(all.bits == none.bits && all.bits.count == (encodes ? 10 : 4))
        // Two chunks of the first norm's values, three of the narrower ones'.
        let some = try moments(keeping: 2 * 2_000 * 17 * 4)
        #expect(some.bits == all.bits && (!encodes || (some.images > all.images && some.images < none.images)))
    }

    @Test("what is kept is an eighth of what the machine has left, and never more than is said")
    func room() {
        #expect(Inference.keptBytes(limits: MachineLimits(affinity: 1, machineLeft: 8_000_000)) == 1_000_000)
        let tight = MachineLimits(affinity: 1, memory: 1 << 30, memoryLeft: 80_000, machineLeft: 1 << 40)
        #expect(Inference.keptBytes(limits: tight) == 10_000)
        #expect(Inference.keptBytes(limits: MachineLimits(affinity: 1, machineLeft: 0)) == 0)
        #expect(Inference.keptBytes(limits: MachineLimits(affinity: 1, machineLeft: 1 << 50)) <= Inference.mostKeptBytes)
    }

    @Test("a model with norms is not evaluated without their moments, and says which is missing")
    func missing() throws {
        let replica = try Replica(
            smallSettings(.clustering, minibatch: 6, trainingImages: 12) { $0.norm = NormSettings(heads: .batch) })
        let error = #expect(throws: StateError.self) { try Inference(replica.settings, tensors: replica.state()) }
        #expect(error?.tensor == "normalisation.encoder.2.mean")
    }
}
