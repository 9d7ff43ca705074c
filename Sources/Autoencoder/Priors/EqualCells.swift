import Kernels

/// A cut of two coordinates into along × across cells of equal probability, by the quantiles of a reference sample.
///
/// First the along coordinate is cut, then each of its parts by the across coordinate of the sample points that fall there. The
/// sample stands for the distribution itself, so the cells are equal whatever its shape, to the precision of the sample.
struct EqualCells: Sendable {
    /// Points of a sample that stands for a prior of the plane.
    private static let referenceSize = 200_000

    /// A pair of coordinates in the frame of a prior.
    struct Place: Sendable {
        var along: Double
        var across: Double
    }

    let along: Int
    let across: Int
    private let alongEdges: [Double]
    private let acrossEdges: [[Double]]

    init(along: Int, across: Int, sample: [Place]) {
        precondition(
            along > 0 && across > 0 && sample.count >= 4 * along * across, "\(sample.count) points for \(along) x \(across) cells")
        self.along = along
        self.across = across
        let ordered = sample.sorted { $0.along < $1.along }
        let starts = (0...along).map { $0 * ordered.count / along }
        alongEdges = starts[1..<along].map { (ordered[$0 - 1].along + ordered[$0].along) / 2 }
        acrossEdges = (0..<along).map { part in
            let values = ordered[starts[part]..<starts[part + 1]].map(\.across).sorted()
            return (1..<across).map { cut in
                let at = cut * values.count / across
                return (values[at - 1] + values[at]) / 2
            }
        }
    }

    /// A cut of a prior of the plane; `place` gives a point's coordinates in the prior's frame.
    ///
    /// The seed of its sample is fixed, so that cells are the same in every run.
    init(along: Int, across: Int, of prior: some Prior, place: (_ x: Double, _ y: Double) -> Place) {
        let sample = Matrix(rows: Self.referenceSize, columns: 2)
        prior.sample(into: sample, source: RandomSource(seed: 0, purpose: .evaluation, step: 1), firstRow: 0, labels: nil)
        let places = (0..<sample.rows).map { place(Double(sample[$0, 0]), Double(sample[$0, 1])) }
        self.init(along: along, across: across, sample: places)
    }

    var count: Int { along * across }

    /// 0..<count; every place has a cell.
    func cell(of place: Place) -> Int {
        let part = EqualCells.part(of: place.along, edges: alongEdges)
        return part * across + EqualCells.part(of: place.across, edges: acrossEdges[part])
    }

    /// The number of edges at or below `value`; the edges rise.
    private static func part(of value: Double, edges: [Double]) -> Int {
        var low = 0
        var high = edges.count
        while low < high {
            let middle = (low + high) / 2
            if edges[middle] <= value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
