import Evaluation
import Kernels
import Testing

@Suite struct NearestRowsTests {
    private func naive(_ count: Int, _ references: Matrix, _ query: Slice<Float>) -> [Int] {
        let distances = (0..<references.rows).map { row in
            query.indices.reduce(0.0) {
                let difference = Double(query[$1]) - Double(references[row, $1])
                return $0 + difference * difference
            }
        }
        return Array(distances.indices.sorted { (distances[$0], $0) < (distances[$1], $1) }.prefix(count))
    }

    @Test("The nearest are those of a naive search, by however many threads", arguments: [(7, 1), (1_003, 3), (2_100, 1)])
    func oracle(references count: Int, neighbours: Int) throws {
        let (references, queries) = (clouds(count, seed: 1), clouds(301, seed: 2))
        let rows = NearestRows(references)
        let found = try rows.nearest(neighbours, to: queries, team: ThreadTeam(threads: 1))
        #expect(try rows.nearest(neighbours, to: queries, team: ThreadTeam(threads: 3)) == found)
        for query in 0..<queries.rows {
            #expect(found[query].map(\.row) == naive(neighbours, references, queries.row(query)))
        }
    }

    @Test("Of equal rows the first is the nearest, and there are no more neighbours than rows")
    func ties() throws {
        let references = matrix([[1, 0], [0, 1], [1, 0], [0, 1]], columns: 2)
        let found = try NearestRows(references).nearest(9, to: matrix([[0, 1]], columns: 2), team: ThreadTeam(threads: 1))
        #expect(found[0].map(\.row) == [1, 3, 0, 2] && found[0].map(\.squaredDistance) == [0, 0, 2, 2])
    }

    @Test("A row that is no number is farther than any")
    func notANumber() throws {
        let references = matrix([[.nan, 0], [5, 5]], columns: 2)
        // The mean of the references is NaN too, so every distance is; the rows are still returned, each once.
        let found = try NearestRows(references).nearest(2, to: matrix([[0, 1]], columns: 2), team: ThreadTeam(threads: 1))
        #expect(found[0].map(\.row).sorted() == [0, 1])
    }
}

@Suite struct NearestImagesTests {
    private let bytes = (0..<61 * 12).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }

    private func images(_ count: Int) -> ImageBlocks {
        ImageBlocks(count: count) { [bytes] in Array(bytes[$0.lowerBound * 12..<$0.upperBound * 12]) }
    }

    @Test("The nearest images are those of a naive search, by blocks of whatever size", arguments: [1, 7, 60, 61, 1_000])
    func oracle(block: Int) throws {
        let queries = Matrix(rows: 9, columns: 12)
        RandomSource(seed: 3, purpose: .probe, step: 1).fillNormal(queries, firstRow: 0, std: 1)
        let found = try NearestImages.find(queries, in: images(61), block: block, team: ThreadTeam(threads: 2))
        let naive = (0..<9).map { query in
            (0..<61).min { distance(queries.row(query), $0) < distance(queries.row(query), $1) }
        }
        #expect(found == naive)
    }

    private func distance(_ query: Slice<Float>, _ image: Int) -> Double {
        var sum = 0.0
        for (value, byte) in zip(query.array, bytes[image * 12..<(image + 1) * 12]) {
            let difference = Double(value) - Double(byte) / 255
            sum += difference * difference
        }
        return sum
    }

    @Test("An image is the nearest to itself, and where there are none there is no nearest one")
    func itself() throws {
        let own = try images(61).matrix(0..<61, pixels: 12)
        #expect(try NearestImages.find(own, in: images(61), block: 10, team: ThreadTeam(threads: 1)) == Array(0..<61))
        #expect(try NearestImages.find(own, in: images(0), team: ThreadTeam(threads: 1)).isEmpty)
    }
}

@Suite struct KMeansTests {
    @Test("Centres are the means of the points nearest to them, whatever the threads")
    func centres() throws {
        let points = clouds(600, seed: 5)
        let means = try KMeans(points, centres: 12, seed: 3, mostRounds: 200, team: ThreadTeam(threads: 1))
        #expect(means.rounds < 200)
        let again = try KMeans(points, centres: 12, seed: 3, mostRounds: 200, team: ThreadTeam(threads: 3))
        #expect(again.centres.values.array == means.centres.values.array && again.assignment == means.assignment)
        for centre in 0..<12 {
            let own = means.assignment.indices.filter { means.assignment[$0] == centre }
            for column in 0..<6 where !own.isEmpty {
                let mean = own.reduce(0.0) { $0 + Double(points[$1, column]) } / Double(own.count)
                #expect(abs(Double(means.centres[centre, column]) - mean) < 1e-6)
            }
        }
    }

    @Test("As many centres as points are the points")
    func all() throws {
        let points = clouds(50, seed: 6)
        let means = try KMeans(points, centres: 50, seed: 1, team: ThreadTeam(threads: 1))
        #expect(Set(means.assignment).count == 50)
    }
}
