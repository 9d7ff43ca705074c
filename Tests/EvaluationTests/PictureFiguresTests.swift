import Autoencoder
import Evaluation
import Kernels
import Testing

@Suite struct MemorisationTests {
    @Test("Copies of training images are nearer than any test image, the data's own are as near")
    func shares() throws {
        let training = clouds(400, seed: 1)
        let team = ThreadTeam(threads: 2)
        let copies = try Memorisation(samples: training.rows(0..<50), test: clouds(300, seed: 2), training: training, team: team)
        #expect(copies.share == 1 && copies.samples == 0 && copies.testImages > 0)
        let fresh = try Memorisation(samples: clouds(300, seed: 3), test: clouds(300, seed: 2), training: training, team: team)
        #expect(abs(fresh.share - 0.5) < 0.08)
    }

    @Test("Equal distances count half")
    func ties() {
        #expect(Memorisation(samples: [1, 2], testImages: [1, 2, 3, 0]).share == (2.5 + 1.5) / 8)
    }
}

@Suite struct ManifoldTests {
    @Test("Middles of a line are on it, and nearer to its points than averages of pixels that are off it")
    func line() throws {
        // An encoder that is the decoder's inverse: the middles of codes and of pixels are the same but for the third pixel.
        let inference = try LinearModel.inference(share: 1)
        let images = ImageBlocks(count: 101) { LinearModel.images($0) }
        let training = inference.decode(inference.encode(LinearModel.images(0..<100), firstRow: 0))
        let found = try Manifold(inference, images: images, training: training, team: ThreadTeam(threads: 2))
        #expect(found.pairs == 50 && found.reconstructions < 1e-5)
        #expect(found.middles < found.pixelAverages && found.middles > 0)
    }

    @Test("Where a label is decoded too, pairs are of one label")
    func labels() throws {
        let inference = try LinearModel.inference(share: 1, classes: 2)
        // All codes are equal, and only the label distinguishes decoded images: the middle of two labels would be 0.1 from both.
        let bytes: @Sendable (Range<Int>) -> [UInt8] = { $0.flatMap { [100, 90, UInt8($0)] } }
        let images = ImageBlocks(count: 40, labels: { $0.map { UInt8($0 % 2) } }, images: bytes)
        let labels = Inference.oneHots((0..<40).map { $0 % 2 }, classes: 2)
        let training = inference.decode(inference.encode(bytes(0..<40), firstRow: 0), labels: labels)
        let found = try Manifold(inference, images: images, training: training, team: ThreadTeam(threads: 1))
        #expect(found.reconstructions < 1e-5 && found.middles < 1e-5 && found.pixelAverages > 0)
    }
}

@Suite struct StyleCorrelationTests {
    /// Lines of a slant, pixels to the right a line, in an image of 12 x 12.
    private func lines(_ slants: [Double]) -> Matrix {
        let images = Matrix(rows: slants.count, columns: 144)
        for (row, slant) in slants.enumerated() {
            for line in 2..<10 {
                let place = 5.5 + slant * (Double(line) - 5.5)
                let left = Int(place.rounded(.down))
                images[row, line * 12 + left] = Float(1 - (place - Double(left)))
                images[row, line * 12 + left + 1] = Float(place - Double(left))
            }
        }
        return images
    }

    @Test("The slant of a line is how far it moves a line", arguments: [-0.7, -0.1, 0, 0.4, 1])
    func slant(slant: Double) throws {
        let image = lines([slant])
        #expect(abs(try #require(StyleCorrelation.slant(of: image.row(0), width: 12, height: 12)) - slant) < 1e-6)
        // Three planes of one image are the image.
        let planes = Slice(image.values.array + image.values.array + image.values.array)
        #expect(abs(try #require(StyleCorrelation.slant(of: planes, width: 12, height: 12)) - slant) < 1e-6)
    }

    @Test("Slants that go together in all groups correlate, and an image of nothing is passed over")
    func correlation() throws {
        let slants = [-0.6, -0.2, 0.1, 0.5, 0.9]
        func found(_ groups: [[Double]]) -> Double? {
            StyleCorrelation(groups.map(lines), width: 12, height: 12).correlation
        }
        #expect(abs(try #require(found([slants, slants.map { 0.5 * $0 + 0.1 }])) - 1) < 1e-6)
        #expect(abs(try #require(found([slants, slants, slants.map { -$0 }])) + 1.0 / 3) < 1e-6)
        #expect(found([slants]) == nil && found([slants, slants.map { _ in 0.2 }]) == nil)
        let holed = lines(slants)
        holed.row(2).fill(0)
        let groups = [holed, lines(slants)]
        #expect(abs(try #require(StyleCorrelation(groups, width: 12, height: 12).correlation) - 1) < 1e-6)
        #expect(StyleCorrelation.slant(of: holed.row(2), width: 12, height: 12) == nil)
    }

    @Test("A decoder that is told labels has the same style beside each, and a Gaussian prior has no petals")
    func models() throws {
        let supervised = try LinearModel.inference(share: 1, classes: 2)
        #expect(try StyleCorrelation.of(supervised, width: 1, height: 3, seed: 1) != nil)
        #expect(try StyleCorrelation.of(LinearModel.inference(share: 1), width: 1, height: 3, seed: 1) == nil)
    }
}
