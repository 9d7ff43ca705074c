import Autoencoder
import Evaluation
import Kernels
import Testing

@Suite struct EncodedImagesTests {
    @Test("Codes in blocks are those of all images at once, by however many threads", arguments: [0, 1, 99, 250], [1, 3])
    func blocks(count: Int, threads: Int) throws {
        let inference = try LinearModel.inference(share: 0.5)
        let images = ImageBlocks(count: count, labels: { $0.map { UInt8($0 % 7) } }, images: { LinearModel.images($0) })
        let found = try EncodedImages(inference, images, team: ThreadTeam(threads: threads))
        #expect(found.codes.values.array == inference.encode(LinearModel.images(0..<count), firstRow: 0).values.array)
        #expect(found.labels == (0..<count).map { UInt8($0 % 7) })
        #expect(found.logits == nil && found.labelledLogits == nil && found.representations == nil)
        #expect(images.first(10).count == min(count, 10))
    }
}
