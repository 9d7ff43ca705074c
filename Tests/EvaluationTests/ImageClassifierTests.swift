import Evaluation
import Kernels
import Testing

@Suite struct ImageClassifierTests {
    /// Images of 4 pixels of three classes: the pixel of the class is bright.
    private static func images(_ count: Int, from first: Int = 0) -> ImageBlocks {
        let labels: @Sendable (Range<Int>) -> [UInt8] = { $0.map { UInt8(($0 + first) % 3) } }
        return ImageBlocks(count: count, labels: labels) { range in
            range.flatMap { image in (0..<4).map { UInt8(($0 == (image + first) % 3 ? 150 : 20) + (image * 37 + $0 * 11) % 90) } }
        }
    }

    @Test("it learns classes that can be told, and the same images and seed make the same classifier")
    func learns() throws {
        let training = Self.images(120)
        let classifiers = try [1, 1, 2].map { try ImageClassifier(training, pixels: 4, classes: 3, seed: $0) }
        let test = Self.images(30, from: 1)
        let pixels = try test.matrix(0..<30, pixels: 4)
        let found = classifiers.map { $0.classes(of: pixels) }
        #expect(found[0] == (0..<30).map { ($0 + 1) % 3 } && found[0] == found[1])
    }

    @Test("what its pace throws ends it")
    func ended() {
        struct Ended: Error {}
        #expect(throws: Ended.self) {
            _ = try ImageClassifier(Self.images(12), pixels: 4, classes: 3, seed: 1) { if $0 > 0.1 { throw Ended() } }
        }
    }
}
