import Evaluation
import Kernels
import Testing

/// Compares results with those of numpy, scipy and scikit-learn on the same numbers.
@Suite struct ReferenceTests {
    private func digits(_ values: [UInt8]) -> String { values.map { "\($0)" }.joined() }

    @Test("Figures of clusters are scikit-learn's, and the best matching is scipy's")
    func clusters() {
        let (classes, clusters) = ReferenceNumbers.divisions(200, seed: 1)
        let table = Contingency(clusters, classes, rows: 7)
        #expect(abs(table.normalisedMutualInformation - Reference.nmi) < 1e-9)
        #expect(abs(table.adjustedRandIndex - Reference.ari) < 1e-9)
        #expect(abs(table.majorityError - Reference.majorityError) < 1e-12)
        #expect(abs(table.assignmentError - Reference.assignmentError) < 1e-12)
        #expect(table.empty == 1)
    }

    @Test("What samples explain of images is what numpy says, and so for other images and for noise")
    func explained() throws {
        let (samples, images, others) = (
            ReferenceNumbers.labelled(60, seed: 5).codes, ReferenceNumbers.labelled(60, seed: 6).codes,
            ReferenceNumbers.labelled(60, seed: 7).codes
        )
        let found = try SampleMatch(samples: samples, images: images, others: others, team: ThreadTeam(threads: 2))
        for (mine, theirs) in zip([found.explained, found.byImages, found.byNoise], Reference.explained) {
            #expect(abs(mine - theirs) < 1e-6)
        }
    }

    @Test("Matchings of rows and columns are as good as scipy's, whichever are more")
    func assignments() {
        for (index, shape) in [(1, 1), (3, 3), (4, 9), (9, 4), (20, 20), (30, 10)].enumerated() {
            var numbers = ReferenceNumbers(seed: UInt64(shape.0 * 100 + shape.1))
            let values = (0..<shape.0).map { _ in (0..<shape.1).map { _ in numbers.below(50) } }
            let matched = Assignment.largest(values)
            let columns = matched.compactMap(\.self)
            #expect(columns.count == min(shape.0, shape.1) && Set(columns).count == columns.count)
            let sum = matched.enumerated().reduce(0) { $0 + ($1.element.map { [row = $1.offset] in values[row][$0] } ?? 0) }
            #expect(sum == Reference.assignments[index], "\(shape)")
        }
    }

    @Test(
        "Votes of neighbours are scikit-learn's, code by code", arguments: [(1, Reference.neighbours1), (5, Reference.neighbours5)])
    func neighbours(count: Int, expected: String) throws {
        let (training, labels) = ReferenceNumbers.labelled(400, seed: 2)
        let (codes, _) = ReferenceNumbers.labelled(90, seed: 3)
        let found = try NeighbourVote.classes(
            of: codes, training: training, labels: labels, neighbours: count, team: ThreadTeam(threads: 2))
        #expect(digits(found) == expected)
    }

    @Test("A linear probe is scikit-learn's, code by code, by however many threads", arguments: [1, 3])
    func probe(threads: Int) throws {
        let (training, labels) = ReferenceNumbers.labelled(400, seed: 2)
        let (codes, theirs) = ReferenceNumbers.labelled(90, seed: 3)
        let probe = try LinearProbe(training, labels: labels, classes: 4, team: ThreadTeam(threads: threads))
        #expect(probe.isConverged && probe.rounds < 100)
        #expect(digits(probe.classes(of: codes)) == Reference.probe)
        #expect(abs(probe.error(of: codes, labels: theirs) - Reference.probeError) < 1e-12)
    }

    @Test("A Parzen window is numpy's in double precision, in both grids")
    func parzen() throws {
        var numbers = ReferenceNumbers(seed: 4)
        let samples = numbers.matrix(1_500, 12)
        let images = numbers.matrix(80, 12)
        let sums = try Parzen.sums(
            ParzenWindow(taking: images), count: 1_500, from: .rows(of: samples), team: ThreadTeam(threads: 2))
        let figures = ParzenFigures(sums, validation: 20, pixels: 12)
        let coarse = try #require(figures.coarse)
        let expected = [
            (Reference.coarseSigma, Reference.coarseNats, Reference.coarseError, Reference.coarseValidation),
            (Reference.refinedSigma, Reference.refinedNats, Reference.refinedError, Reference.refinedValidation),
        ]
        for (grid, (sigma, nats, error, validation)) in zip([coarse, figures.refined], expected) {
            #expect(grid.sigmas.firstIndex(of: grid.sigma) == sigma)
            #expect(abs(grid.nats - nats) < 1e-3 && abs(grid.error - error) < 1e-3)
            #expect(zip(grid.validation, validation).allSatisfy { abs($0 - $1) < 1e-3 })
        }
    }
}
