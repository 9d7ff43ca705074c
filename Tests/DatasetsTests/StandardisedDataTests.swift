import Datasets
import Kernels
import Testing

@Suite("Standardised data sets") struct StandardisedDataTests {
    @Test("mean and deviation are those of the training images alone, and only where they are asked for")
    func trainingImagesAlone() throws {
        func glyphs(_ train: Int, _ standardise: Bool) throws -> DataSet {
            try DataSet.open(
                DataSettings(set: "glyphs", train: .count(train), validation: 100, standardise: standardise), directory: nil)
        }
        #expect(try glyphs(50, false).standardisation == nil)
        let data = try glyphs(50, true)
        let found = try #require(data.standardisation)
        #expect(found.pixels == data.train.pixels)
        let bytes = data.train.images(0..<50)
        for pixel in [0, 300, 406] {
            let values = (0..<50).map { Double(bytes[$0 * data.train.pixels + pixel]) / 255 }
            let mean = values.reduce(0, +) / 50
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 50
            #expect(abs(Double(found.mean[pixel]) - mean) < 1e-6)
            #expect(abs(Double(found.std[pixel]) - (variance == 0 ? 1 : variance.squareRoot())) < 1e-6)
        }
        #expect(try glyphs(60, true).standardisation != found)
    }
}
