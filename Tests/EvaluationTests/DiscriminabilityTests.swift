import Autoencoder
import Evaluation
import Kernels
import Testing

@Suite struct DiscriminabilityTests {
    private let prior = PriorSettings.gaussian(std: 5)

    @Test("Samples of the prior are not told from the prior, the same on every call")
    func alike() throws {
        let codes = samples(prior, 2, count: 3_000, seed: 1)
        let found = try Discriminability(codes, prior: prior, seed: 2)
        #expect(abs(found.accuracy - 0.5) < 0.04 && found.heldOut == 1_500)
        #expect(try Discriminability(codes, prior: prior, seed: 2) == found)
    }

    @Test("Codes that are no numbers have no accuracy")
    func notANumber() throws {
        let codes = samples(prior, 2, count: 400, seed: 1)
        codes[6, 1] = .nan
        #expect(try Discriminability(codes, prior: prior, seed: 2).accuracy.isNaN)
    }

    @Test("Codes that lie elsewhere are told, whatever mean and deviation they have")
    func apart() throws {
        let moved = samples(prior, 2, count: 1_000, seed: 1)
        for index in moved.values.indices { moved.values[index] += 25 }
        #expect(try Discriminability(moved, prior: prior, seed: 2).accuracy > 0.97)
        // A ring of the prior's own deviation.
        let ring = samples(prior, 2, count: 3_000, seed: 1)
        for row in 0..<ring.rows {
            let length = (ring[row, 0] * ring[row, 0] + ring[row, 1] * ring[row, 1]).squareRoot()
            for column in 0..<2 { ring[row, column] *= 7.07 / length }
        }
        #expect(try Discriminability(ring, prior: prior, seed: 2).accuracy > 0.9)
    }
}
