import Autoencoder
import Kernels
import Layers
import Testing

/// What follows from a composition without any memory for it: sizes, operations, products.
@Suite struct CompositionTests {
    @Test("A phase names the sums that it tells of each shard, and its reports have as many", arguments: Variant.allCases)
    func figures(variant: Variant) throws {
        var settings = smallSettings()
        settings.variant = variant
        let replica = try Replica(settings)
        #expect(replica.phases.map(\.name) == variant.phaseNames)
        let lane = replica.makeLanes(shards: 0..<settings.shards, threads: 1)[0]
        lane.load(step: 0, images: [.images: images(settings, step: 0))
        FloatingPoint.setModes()
        for phase in replica.phases {
            #expect(phase.figures.first == .loss && Set(phase.figures).count == phase.figures.count)
            let sink = replica.makeSink(phase: phase.index, shards: settings.shards) { _, _ in }
            sink.start()
            let reports = replica.computeGradients(phase: phase.index, lane: lane, sink: sink)
            #expect(reports.count == settings.shards && reports.allSatisfy { $0.figures.count == phase.figures.count })
        }
    }

    @Test("The products of a shard are those of every layer, of a discriminator also with twice the rows")
    func products() {
        let settings = smallSettings(hidden: [17], code: 2, pixels: 12)
        let products = settings.products(rows: [3, 4]).map { "\($0.rows)x\($0.inputs)x\($0.outputs)" }
        let both = [3, 4].flatMap { rows in ["\(rows)x12x17", "\(rows)x17x2", "\(rows)x2x17", "\(rows)x17x12", "\(rows)x17x1"] }
        let twice = [6, 8].flatMap { rows in ["\(rows)x2x17", "\(rows)x17x1"] }
        #expect(Set(products) == Set(both + twice))
    }

    @Test(
        "What a state and its sums come to is what a replica of it has",
        arguments: [OptimizerSettings.sgd(momentum: 0.5), .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)])
    func bytes(optimizer: OptimizerSettings) throws {
        let settings = smallSettings(average: 0.9, optimizer: optimizer)
        let replica = try Replica(settings)
        #expect(settings.sumBytes == replica.phases.reduce(0) { $0 + $1.count } * MemoryLayout<Int32>.size)
        let floats = replica.state().filter { $0.values.type == .f32 }
        #expect(settings.stateBytes == floats.reduce(0) { $0 + $1.values.byteCount })
    }
}
