import Autoencoder
import Evaluation
import Glibc
import Kernels
import Testing

@Suite struct LabelCountsTests {
    /// Six images of classes 0, 0, 1, 1, 1, 2, given the entries 0, 0, 0, 1, 1, 3 of four.
    private func counts(blocks: [Range<Int>]) -> LabelCounts {
        let given = [0, 0, 0, 1, 1, 3]
        let classes: [UInt8] = [0, 0, 1, 1, 1, 2]
        var counts = LabelCounts(entries: 4)
        for block in blocks {
            let logits = matrix(given[block].map { entry in (0..<4).map { $0 == entry ? 100 : 0 } }, columns: 4)
            counts.add(logits: logits, labels: Array(classes[block]))
        }
        return counts
    }

    @Test("errors and empty clusters by hand, the same in one block as in two")
    func byHand() {
        let whole = counts(blocks: [0..<6])
        #expect(whole == counts(blocks: [0..<2, 2..<6, 6..<6]))
        // Entry 3 is no image's class, and image 2 is given class 0.
        #expect(whole.error == 2.0 / 6)
        // Cluster 0 has two of class 0 and one of class 1; cluster 3 has one of class 2.
        #expect(whole.majorityError == 1.0 / 6)
        #expect(whole.empty == 1 && whole.largestShare == 0.5 && whole.classes == 3)
        let shares = [3.0 / 6, 2.0 / 6, 1.0 / 6]
        #expect(abs(whole.entropy + shares.reduce(0) { $0 + $1 * log($1) }) < 1e-9)
    }

    @Test("of equal logits the first is the image's, and an even softmax has all the entropy there is")
    func ties() {
        var counts = LabelCounts(entries: 4)
        counts.add(logits: Matrix(rows: 3, columns: 4), labels: [0, 1, 0])
        #expect(counts.error == 1.0 / 3 && counts.empty == 3)
        #expect(abs(counts.entropy - log(4)) < 1e-12)
    }

    @Test("images without classes have clusters and no error, and no images have neither")
    func unlabelled() {
        var counts = LabelCounts(entries: 2)
        #expect(counts.error == nil && counts.majorityError == nil && counts.empty == 2 && counts.entropy.isNaN)
        counts.add(logits: Matrix(rows: 3, columns: 2), labels: [])
        #expect(counts.error == nil && counts.majorityError == nil && counts.empty == 1 && counts.classes == nil)
    }
}

@Suite struct NearestComponentTests {
    private let mixture = PriorSettings.mixture(components: 4, radial: 0.5, tangential: 0.1, distance: 1.4)

    @Test("a code on a petal's axis is in that petal")
    func petals() throws {
        let parts = try #require(mixture.parts(classes: 4))
        let codes = matrix([[1.4, 0], [0, 1.4], [-1.4, 0.1], [0.1, -1.4], [.nan, 0]], columns: 2)
        #expect((0..<5).map { parts.part(of: codes.row($0)) } == [0, 1, 2, 3, nil])
        #expect(NearestComponent.error(of: codes, labels: [0, 1, 2, 0, 0], in: parts) == 2.0 / 5)
        #expect(NearestComponent.error(of: codes, labels: [], in: parts) == nil)
    }

    @Test("pieces of the roll are those that its samples of a class are drawn from")
    func roll() throws {
        let prior = PriorSettings.swissRoll(thickness: 0.01)
        let parts = try #require(prior.parts(classes: 10))
        let labels = (0..<1_000).map { UInt8($0 % 10) }
        let codes = Matrix(rows: 1_000, columns: 2)
        prior.sample(
            into: codes, source: RandomSource(seed: 3, purpose: .sample, step: 0), firstRow: 0,
            labels: RowLabels(Slice(labels), classes: 10))
        let error = try #require(NearestComponent.error(of: codes, labels: labels, in: parts))
        #expect(error < 0.03)
    }

    @Test("a prior that has no part for each class has none to ask", arguments: [3, 10])
    func none(classes: Int) {
        #expect(mixture.parts(classes: classes) == nil && PriorSettings.gaussian(std: 1).parts(classes: classes) == nil)
    }

    @Test("the floor is the prior's own overlap, and codes that are its samples come to it")
    func floor() throws {
        let prior = PriorSettings.mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4)
        let evaluator = Evaluator(prior: prior, codeSize: 2, seed: 1, figure: .nearestComponent(classes: 10))
        let labels = (0..<5_000).map { UInt8($0 % 10) }
        let codes = Matrix(rows: 5_000, columns: 2)
        prior.sample(
            into: codes, source: RandomSource(seed: 9, purpose: .sample, step: 0), firstRow: 0,
            labels: RowLabels(Slice(labels), classes: 10))
        let figures = evaluator.figures(codes: codes, reconstruction: ReconstructionError(), labels: labels)
        let found = try #require(figures.nearestComponent)
        #expect((0.01...0.025).contains(found.floor) && (0.01...0.025).contains(found.error))
    }
}
