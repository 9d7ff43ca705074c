import Evaluation
import Glibc
import Kernels
import Testing

@Suite struct ClusteringTests {
    @Test("Each cluster has the class of its surest validation image, though floats of several are 1")
    func surest() {
        // The softmax of the first two rows rounds to 1 in single precision; the second is more certain. Of equal ones the first counts.
        let logits = matrix([[40, 0], [50, 0], [50, 0], [0, 45]], columns: 2)
        let validation = LabelledLogits(logits: logits, labels: [3, 7, 1, 2])
        #expect(Clustering.classes(validation) == [7, 2])
        let images = LabelledLogits(logits: matrix([[1, 0], [1, 0], [0, 1], [1, 1]], columns: 2), labels: [7, 2, 2, 7])
        let found = Clustering(images, validation: validation)
        #expect(found.paper == 0.25 && found.classes == [7, 2])
        #expect(found.majority == 0.25 && found.assignment == 0.25 && found.empty == 0)
    }

    @Test("Clusters that are too many are errors one to one, and none by majority")
    func tooMany() {
        let logits = matrix([[9, 0, 0, 0], [0, 9, 0, 0], [0, 0, 9, 0], [0, 0, 9, 0]], columns: 4)
        let images = LabelledLogits(logits: logits, labels: [0, 0, 1, 1])
        let found = Clustering(images, validation: images)
        #expect(found.majority == 0 && found.assignment == 0.25 && found.empty == 1 && found.paper == 0)
        #expect(found.nmi < 1 && found.nmi > 0.5 && found.ari < 1)
    }

    @Test("An even softmax has all the entropy there is, one that is sure of one cluster has none")
    func entropy() {
        let even = LabelledLogits(logits: Matrix(rows: 5, columns: 3), labels: [0, 1, 2, 0, 1])
        #expect(abs(Clustering(even, validation: even).entropy - log(3)) < 1e-12)
        let sure = LabelledLogits(logits: matrix([[99, 0], [99, 0]], columns: 2), labels: [0, 1])
        #expect(Clustering(sure, validation: sure).entropy < 1e-9)
    }

    @Test("One division is all of the other's information, and one group none")
    func divisions() {
        let same = Contingency([0, 0, 1, 1, 2], [5, 5, 0, 0, 3])
        #expect(abs(same.normalisedMutualInformation - 1) < 1e-12 && abs(same.adjustedRandIndex - 1) < 1e-12)
        let none = Contingency([0, 0, 0, 0], [0, 1, 0, 1])
        #expect(none.normalisedMutualInformation == 0 && none.adjustedRandIndex == 0)
        let nothing = Contingency([0, 0], [1, 1])
        #expect(nothing.normalisedMutualInformation == 1 && nothing.adjustedRandIndex == 1)
    }

    @Test("The class with the largest logit is the image's, of equal ones the first")
    func classification() {
        let found = LabelledLogits(logits: matrix([[0, 1], [1, 1], [2, 1]], columns: 2), labels: [1, 1, 0])
        #expect(found.chosen == [1, 0, 0] && found.classificationError == 1.0 / 3)
        // Its first cluster is class 1 and its second class 0.
        let other = LabelledLogits(logits: matrix([[9, 0], [0, 9]], columns: 2), labels: [1, 0])
        #expect(found.reductionError(isTaught: true, validation: other) == 1.0 / 3)
        #expect(found.reductionError(isTaught: false, validation: other) == 2.0 / 3)
    }
}

@Suite struct LinearProbeTests {
    @Test("Classes that a plane divides are told apart, and one that is all there is wins")
    func apart() throws {
        let codes = clouds(200, seed: 1, columns: 2)
        let labels = (0..<200).map { UInt8($0 % 3) }
        let probe = try LinearProbe(codes, labels: labels, classes: 3, team: ThreadTeam(threads: 1))
        #expect(probe.isConverged && probe.error(of: codes, labels: labels) < 0.05)
        let alone = try LinearProbe(codes, labels: Array(repeating: 2, count: 200), classes: 3, team: ThreadTeam(threads: 1))
        #expect(alone.error(of: codes, labels: Array(repeating: 2, count: 200)) == 0)
    }

    @Test("A code that is no number leaves the probe unsolved")
    func notANumber() throws {
        let codes = clouds(30, seed: 1, columns: 2)
        codes[7, 1] = .nan
        let labels = (0..<30).map { UInt8($0 % 3) }
        #expect(try !LinearProbe(codes, labels: labels, classes: 3, team: ThreadTeam(threads: 1)).isConverged)
    }

    private struct Ended: Error {}

    @Test("A probe that is ended says so")
    func ended() {
        let codes = clouds(30, seed: 1, columns: 2)
        #expect(throws: Ended.self) {
            _ = try LinearProbe(codes, labels: (0..<30).map { UInt8($0 % 3) }, classes: 3, team: ThreadTeam(threads: 1)) { _ in
                throw Ended()
            }
        }
    }
}
