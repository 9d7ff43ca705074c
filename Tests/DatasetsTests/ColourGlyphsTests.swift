import Datasets
import Testing

@Suite("The built-in digits in colour") struct ColourGlyphsTests {
    @Test("the first images of training and test have the SHA-256 that the second implementation (colour_glyphs.py) prints")
    func golden() throws {
        #expect(ColourGlyphs.digest == "ed26c9bf01bb59165270e990a1017e610560bea28818941b3255896327103d6b")
        #expect(try KnownSet.glyphsColour.verify(in: DataDirectory()).map(\.state) == [.right])
        #expect(try KnownSet.named("glyphs-colour") == .glyphsColour)
    }

    @Test("an image is a pure function of its number, however many there are", arguments: [0, 7, 60_003])
    func pure(number: Int) {
        var images: [[UInt8]] = []
        for count in [number + 1, number + 1_000] {
            let source = ColourGlyphs.training(count)
            var bytes = [UInt8](repeating: 77, count: source.pixels + 2)
            source.copyImage(number, into: &bytes, at: 1)
            #expect(bytes.first == 77 && bytes.last == 77 && source.label(number) == UInt8(number % 10))
            images.append(Array(bytes.dropFirst().dropLast()))
        }
        #expect(images[0] == images[1] && Set(images[0]).count > 30)
    }

    @Test("by default there are as many as SVHN has, else as many as are asked for; those of test are always the same")
    func sizes() throws {
        let usual = try DataSet.open(DataSettings(set: "glyphs-colour"), directory: "/nowhere")
        #expect(counts(usual) == [63_257, 10_000, 26_032] && usual.classes == 10)
        #expect(usual.train.height == 32 && usual.train.width == 32 && usual.train.channels == 3)
        let more = try DataSet.open(DataSettings(set: "glyphs-colour", train: 600_000, validation: 5), directory: "/nowhere")
        #expect(counts(more) == [600_000, 5, 26_032] && more.validation.label(0) == 0)
        #expect(more.train.images([63_256]) == usual.train.images([63_256]) && more.identity != usual.identity)
        #expect(more.test.images([9]) == usual.test.images([9]) && more.test.images([0]) != more.train.images([0]))
        let open = try DataSet.open(DataSettings(set: "glyphs-colour", train: .auto, validation: 7), directory: "/nowhere")
        #expect(counts(open)[..<2] == [63_257, 7])
    }

    @Test(
        "digits differ by class: the mean of a class's images, light digits turned dark, is nearest to its own images more often than by chance"
    )
    func classes() {
        let (count, pixels) = (2_000, 1_024)
        let source = ColourGlyphs.training(count)
        var image = [UInt8](repeating: 0, count: source.pixels)
        // Grey, without its mean, and of the sign that makes the digit positive.
        let images = (0..<count).map { index -> [Double] in
            source.copyImage(index, into: &image, at: 0)
            let grey: [Double] = (0..<pixels).map { pixel in
                let sum = Int(image[3 * pixel]) + Int(image[3 * pixel + 1]) + Int(image[3 * pixel + 2])
                return Double(sum)
            }
            let mean = grey.reduce(0, +) / Double(pixels)
            let flat: [Double] = grey.map { $0 - mean }
            let extreme = flat.max { abs($0) < abs($1) } ?? 1
            return flat.map { $0 / extreme }
        }
        var means = [[Double]](repeating: [Double](repeating: 0, count: pixels), count: 10)
        for index in 0..<1_000 {
            for pixel in 0..<pixels { means[index % 10][pixel] += images[index][pixel] / 100 }
        }
        func distance(_ one: [Double], _ other: [Double]) -> Double {
            var sum = 0.0
            for pixel in 0..<pixels { sum += (one[pixel] - other[pixel]) * (one[pixel] - other[pixel]) }
            return sum
        }
        let right = (1_000..<count).count { index in
            let distances: [Double] = means.map { distance($0, images[index]) }
            return distances.firstIndex(of: distances.min() ?? 0) == index % 10
        }
        #expect(right > 600, "\(right) of 1000, by chance 100")
    }
}
