import Evaluation
import Glibc
import Kernels
import Testing

@Suite struct SampleMatchTests {
    private static let (count, side) = (300, 12)

    /// Images of one bright spot each, at a place that is drawn.
    private func spots(seed: UInt64) -> Matrix {
        var numbers = ReferenceNumbers(seed: seed)
        let images = Matrix(rows: Self.count, columns: Self.side * Self.side)
        for row in 0..<images.rows {
            let (x, y) = (6 + 6 * numbers.next(), 6 + 6 * numbers.next())
            for place in 0..<images.columns {
                let (right, down) = (Float(place % Self.side) - x, Float(place / Self.side) - y)
                images[row, place] = exp(-(right * right + down * down) / 4.5)
            }
        }
        return images
    }

    private func match(_ samples: Matrix, threads: Int = 2) throws -> SampleMatch {
        try SampleMatch(
            samples: samples, images: spots(seed: 1), others: spots(seed: 2), team: ThreadTeam(threads: threads))
    }

    /// The first so many images, over and over.
    private func few(_ kinds: Int) -> Matrix {
        let images = spots(seed: 3)
        let samples = Matrix(rows: images.rows, columns: images.columns)
        for row in 0..<samples.rows { samples.row(row).copy(from: images.row(row % kinds)) }
        return samples
    }

    /// The mean of the images, with noise of so many grey levels.
    private func mean(noise: Float) -> Matrix {
        let mean = CodeStatistics(spots(seed: 1)).meanByDimension
        var numbers = ReferenceNumbers(seed: 4)
        let samples = Matrix(rows: Self.count, columns: mean.count)
        for row in 0..<samples.rows {
            for place in mean.indices { samples[row, place] = Float(mean[place]) + noise * numbers.next() }
        }
        return samples
    }

    @Test(
        "Two images by hand: the squared correlation of each with the sample most like it, weighted by its squared distance from the mean"
    )
    func byHand() throws {
        let images = matrix([[1, 0], [-1, 0]], columns: 2)
        let samples = matrix([[5, 0], [0, 1]], columns: 2)
        let others = matrix([[3, 3], [0, 0]], columns: 2)
        let found = try SampleMatch(samples: samples, images: images, others: others, team: ThreadTeam(threads: 1))
        #expect(abs(found.explained - 0.5) < 1e-6)
        // The other image is the mean, and explains nothing.
        #expect(abs(found.byImages - 0.25) < 1e-6)
        // Pixels of both: (3, 0) and (0, 3).
        #expect(abs(found.byNoise - 0.5) < 1e-6)
        #expect(found.progress == nil)
    }

    @Test("Images of the same kind come to what other images do, noise to nothing, and few kinds or noisy ones lie between")
    func kinds() throws {
        let fresh = try match(spots(seed: 3))
        #expect(fresh.byImages > 0.9 && fresh.byNoise < 0.3)
        #expect(abs(try #require(fresh.progress) - 1) < 0.05)
        var numbers = ReferenceNumbers(seed: 5)
        #expect(try #require(match(numbers.matrix(Self.count, Self.side * Self.side)).progress) < 0.05)
        for nothing in [mean(noise: 0), mean(noise: 0.3), few(1)] { #expect(try #require(match(nothing).progress) < 0.05) }
        let (three, ten) = (try #require(match(few(3)).progress), try #require(match(few(10)).progress))
        #expect(0.05 < three && three < ten && ten < 0.8)
    }

    @Test("The figures are the same for any number of threads")
    func threads() throws {
        #expect(try match(few(10), threads: 1) == match(few(10), threads: 3))
    }

    @Test("Images that are all one tell nothing, and are no reason to trap")
    func alike() throws {
        let one = Matrix(rows: 20, columns: 4)
        let found = try SampleMatch(samples: one, images: one, others: one, team: ThreadTeam(threads: 1))
        #expect(found.explained == 0 && found.byImages == 0 && found.progress == nil)
    }
}
