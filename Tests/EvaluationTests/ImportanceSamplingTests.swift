import Autoencoder
import Evaluation
import Glibc
import Kernels
import Testing

@Suite struct ImportanceSamplingTests {
    private let count = 130
    private var images: ImageBlocks { ImageBlocks(count: count) { LinearModel.images($0) } }
    private let sigma = 0.1
    /// Of the true posterior.
    private var share: Double { LinearModel.std * LinearModel.std / (LinearModel.std * LinearModel.std + sigma * sigma) }

    @Test("With the true posterior every sample gives the likelihood", arguments: [1, 3])
    func posterior(threads: Int) throws {
        let inference = try LinearModel.inference(share: Float(share), deviation: share.squareRoot() * sigma)
        let sampling = try #require(ImportanceSampling(inference, .gaussian(sigma: sigma), seed: 1))
        #expect(sampling.hasPosterior)
        let team = ThreadTeam(threads: threads)
        let found = try sampling.nats(of: images, samples: 3, team: team)
        for image in 0..<count { #expect(abs(found[image] - LinearModel.nats(image, sigma: sigma)) < 2e-3) }
        let figure = try sampling.figure(of: images, validation: images, samples: 3, team: team)
        #expect(abs(figure.nats - found.reduce(0, +) / Double(count)) < 1e-9)
        #expect(figure.deviation == nil && figure.samples == 3)
    }

    @Test("By the model's own cost it is the bound of importance weighted autoencoders, without the Gaussian's constant")
    func cost() throws {
        let share = LinearModel.std * LinearModel.std / (LinearModel.std * LinearModel.std + 1)
        let inference = try LinearModel.inference(share: Float(share), deviation: share.squareRoot())
        let sampling = try #require(ImportanceSampling(inference, .cost, seed: 1))
        let found = try sampling.nats(of: images, samples: 2, team: ThreadTeam(threads: 1))
        let constant = 0.5 * Double(LinearModel.pixels) * log(2 * Double.pi)
        for image in 0..<count { #expect(abs(found[image] - LinearModel.nats(image, sigma: 1) - constant) < 1e-4) }
    }

    @Test("More samples of a bad posterior come nearer to the likelihood from below")
    func bound() throws {
        let inference = try LinearModel.inference(share: 0.7, deviation: 0.2)
        let sampling = try #require(ImportanceSampling(inference, .gaussian(sigma: sigma), seed: 1))
        let team = ThreadTeam(threads: 1)
        let exact = (0..<count).reduce(0) { $0 + LinearModel.nats($1, sigma: sigma) } / Double(count)
        let means = try [1, 10, 500].map { samples in
            try sampling.nats(of: images, samples: samples, team: team).reduce(0, +) / Double(count)
        }
        // Two nats too low with one sample, on average.
        #expect(means[0] < exact - 1 && means[0] < means[1] && abs(means[1] - exact) < 1 && abs(means[2] - exact) < 0.1)
    }

    @Test("Without a posterior the deviation about the code is chosen on validation images, and the likelihood found")
    func deterministic() throws {
        let inference = try LinearModel.inference(share: Float(share))
        let sampling = try #require(ImportanceSampling(inference, .gaussian(sigma: sigma), seed: 1))
        #expect(!sampling.hasPosterior)
        let figure = try sampling.figure(of: images, validation: images, samples: 2_000, team: ThreadTeam(threads: 2))
        let exact = (0..<count).reduce(0) { $0 + LinearModel.nats($1, sigma: sigma) } / Double(count)
        #expect(abs(figure.nats - exact) < 0.05 && figure.error > 0)
        // 0.3 deviations of the prior: of those tried, the nearest to the posterior's 0.093.
        #expect(abs(try #require(figure.deviation) - 0.3 * LinearModel.std) < 0.01)
    }

    @Test("A label beside the code is summed over")
    func labels() throws {
        let inference = try LinearModel.inference(share: Float(share), classes: 2)
        let sampling = try #require(ImportanceSampling(inference, .gaussian(sigma: sigma), seed: 1))
        let labelled = ImageBlocks(count: count, labels: { $0.map { UInt8($0 % 2) } }, images: { LinearModel.images($0) })
        for images in [labelled, images] {
            let found = try sampling.nats(of: images, deviation: 0.093, samples: 2_000, team: ThreadTeam(threads: 2))
            for image in 0..<count {
                let both = [0, 0.2].map { exp(LinearModel.nats(image, sigma: sigma, moved: $0)) }
                #expect(abs(found[image] - log((both[0] + both[1]) / 2)) < 0.4)
            }
        }
    }

    @Test("A grid over the codes gives the integral")
    func quadrature() throws {
        let source = try #require(Quadrature.samples(of: LinearModel.inference(share: 1), points: 101))
        let total = try #require(source.count)
        let matrix = try images.matrix(0..<count, pixels: LinearModel.pixels)
        var sums = ParzenSums(sigmas: [sigma], images: count)
        try ParzenWindow(taking: matrix).add(0..<total, of: source, to: &sums, team: ThreadTeam(threads: 2))
        let found = sums.nats(sigma: 0, pixels: LinearModel.pixels)
        for image in 0..<count { #expect(abs(found[image] - LinearModel.nats(image, sigma: sigma)) < 2e-3) }
        let window = ParzenWindow(taking: try images.matrix(0..<count, pixels: LinearModel.pixels))
        let figures = try Quadrature.figures(
            window, validation: 30, by: LinearModel.inference(share: 1), sigma: sigma, points: 101, team: ThreadTeam(threads: 1))
        let exact = (30..<count).reduce(0) { $0 + LinearModel.nats($1, sigma: sigma) } / Double(count - 30)
        #expect(abs(try #require(figures).best.nats - exact) < 2e-3)
    }

    @Test("The same with every label")
    func labelledQuadrature() throws {
        let source = try #require(Quadrature.samples(of: LinearModel.inference(share: 1, classes: 2), points: 101))
        var sums = ParzenSums(sigmas: [sigma], images: 5)
        let matrix = try images.matrix(0..<5, pixels: LinearModel.pixels)
        try ParzenWindow(taking: matrix).add(0..<2 * 101 * 101, of: source, to: &sums, team: ThreadTeam(threads: 1))
        for (image, found) in sums.nats(sigma: 0, pixels: LinearModel.pixels).enumerated() {
            let both = [0, 0.2].map { exp(LinearModel.nats(image, sigma: sigma, moved: $0)) }
            #expect(abs(found - log((both[0] + both[1]) / 2)) < 2e-3)
        }
    }

    @Test("Many decoded samples come to the integral too, the same in whatever blocks they are asked for")
    func decoded() throws {
        let source = SampleSource.decoded(by: try LinearModel.inference(share: 1), seed: 3)
        let whole = try source.block(0..<2_000).images
        let halves = try [source.block(0..<1_000).images, source.block(1_000..<2_000).images]
        #expect(whole.values.array == halves.flatMap { $0.values.array })
        let matrix = try images.matrix(0..<20, pixels: LinearModel.pixels)
        var sums = ParzenSums(sigmas: [sigma], images: 20)
        try ParzenWindow(taking: matrix).add(0..<40_000, of: source, to: &sums, team: ThreadTeam(threads: 2))
        let found = sums.nats(sigma: 0, pixels: LinearModel.pixels)
        for image in 0..<20 { #expect(abs(found[image] - LinearModel.nats(image, sigma: sigma)) < 0.15) }
    }
}
