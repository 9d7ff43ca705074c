import Kernels
import Runs
import Testing

@Suite struct InterpolationTests {
    @Test("a line begins and ends with its two rows as they are, and goes evenly between them, labels too")
    func line() {
        let codes = Matrix(rows: 2, columns: 2)
        let labels = Matrix(rows: 2, columns: 3)
        let (first, second): ([Float], [Float]) = ([0.1, -7], [0.3, 1])
        for column in 0..<2 { (codes[0, column], codes[1, column]) = (first[column], second[column]) }
        (labels[0, 2], labels[1, 0]) = (1, 1)
        let line = SampleDraws.Drawn(codes: codes, labels: labels).line(count: 5)
        #expect(line.codes.rows == 5 && line.codes.columns == 2)
        #expect(line.codes.row(0).array == first && line.codes.row(4).array == second)
        #expect((0..<5).map { line.codes[$0, 1] } == [-7, -5, -3, -1, 1])
        #expect(line.labels?.row(1).array == [0.25, 0, 0.75] && line.labels?.row(4).array == [1, 0, 0])
        #expect(SampleDraws.Drawn(codes: codes, labels: nil).line(count: 2).labels == nil)
    }
}
