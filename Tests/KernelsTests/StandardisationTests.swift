import Kernels
import Testing

@Suite("Standardised images") struct StandardisationTests {
    /// Three images of four values: one that changes, one that never does, one of both ends, one that is set in one image alone.
    private let images: [[UInt8]] = [[10, 77, 0, 0], [20, 77, 255, 0], [60, 77, 255, 1]]

    private var found: Standardisation {
        let columns = (0..<4).map { pixel in images.map { UInt64($0[pixel]) } }
        return Standardisation(
            count: images.count, sums: columns.map { $0.reduce(0, +) }, squares: columns.map { $0.reduce(0) { $0 + $1 * $1 } })
    }

    @Test("mean and biased deviation of each pixel; one that never changes is divided by 1")
    func statistics() {
        for pixel in 0..<4 {
            let values = images.map { Double($0[pixel]) / 255 }
            let mean = values.reduce(0, +) / 3
            let std = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3).squareRoot()
            #expect(abs(Double(found.mean[pixel]) - mean) < 1e-7)
            #expect(abs(Double(found.std[pixel]) - (std == 0 ? 1 : std)) < 1e-7, "pixel \(pixel)")
        }
    }

    @Test("values that hardly change are counted, those that never do are not")
    func faint() throws {
        func found(_ std: [Float]) throws -> Standardisation.Faint? {
            try #require(Standardisation(mean: std.map { _ in 0.5 }, std: std)).faint
        }
        #expect(try found([0.2, 0.25, 0.3, 0.013, 1]) == nil)
        #expect(try found([1, 1, 1]) == nil)
        let some = try #require(try found([0.2, 0.25, 0.3, 0.0003, 1, 0.009, 0.22, 1]))
        #expect(some.count == 2 && some.least == 0.0003 && some.usual == 0.22)
    }

    @Test("standardised images have mean 0 and deviation 1, and come back")
    func thereAndBack() {
        let values = Slice(images.joined().map { Float($0) / 255 })
        let before = values.array
        found.apply(to: values)
        for pixel in [0, 2, 3] {
            let column = (0..<3).map { Double(values[4 * $0 + pixel]) }
            #expect(abs(column.reduce(0, +)) < 1e-5)
            #expect(abs(column.reduce(0) { $0 + $1 * $1 } / 3 - 1) < 1e-5)
        }
        #expect((0..<3).allSatisfy { abs(values[4 * $0 + 1]) < 1e-6 })
        found.undo(in: values)
        #expect(zip(values.array, before).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test("what no images' statistics can be is none")
    func impossible() {
        #expect(Standardisation(mean: [0.5], std: [0.1]) != nil)
        for (mean, std) in [
            ([0.5, 0.5], [0.1]), ([-0.1], [0.1]), ([1.1], [0.1]), ([.nan], [0.1]), ([0.5], [0]), ([0.5], [-1]), ([0.5], [.nan]),
            ([0.5], [2]), ([0.5], [.leastNormalMagnitude / 8]),
        ] as [([Float], [Float])] {
            #expect(Standardisation(mean: mean, std: std) == nil, "\(mean) \(std)")
        }
    }

    @Test("sums of a million images lose nothing")
    func sums() {
        // Many images lose no precision: the sums are whole numbers.
        let many = Standardisation(count: 1 << 20, sums: [255 << 20, 1], squares: [65025 << 20, 1])
        #expect(many.mean[0] == 1 && many.std[0] == 1)
        #expect(many.std[1] > 0 && many.std[1] < 1e-5)
    }
}
