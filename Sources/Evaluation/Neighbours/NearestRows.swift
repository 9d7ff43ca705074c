import Kernels

// Shapes of this file: N queries, R references, D dimensions.

/// The nearest rows of a matrix to others, by blocks of matrix products: for k-means, k-nearest neighbours, memorisation and the
/// distance from a manifold.
///
/// A product in single precision finds a few more candidates than are asked for; these are compared by their squared distances in
/// double precision. Both are taken about the references' mean, so that distances do not cancel. The blocks have fixed sizes:
/// the number of threads does not change the result.
public struct NearestRows: Sendable {
    /// A reference and how far it is.
    public struct Neighbour: Sendable, Hashable {
        /// Its row.
        public let row: Int
        public let squaredDistance: Double
    }

    /// Queries of one product.
    static let blockQueries = 250
    /// References of one product.
    static let blockReferences = 1_000
    /// Extra candidates beyond those asked for.
    static let spare = 4

    /// (R, D), about `centre`.
    private let references: Matrix
    private let centre: Slice<Float>
    /// |r|² of each.
    private let squares: [Double]

    public var count: Int { references.rows }

    /// - Parameter references: (R, D); copied.
    public init(_ references: Matrix) {
        var sums = [Double](repeating: 0, count: references.columns)
        for row in 0..<references.rows {
            let values = references.row(row)
            for column in sums.indices { sums[column] += Double(values[column]) }
        }
        centre = Slice(sums.map { references.rows > 0 ? Float($0 / Double(references.rows)) : 0 })
        self.references = Self.centred(references, centre)
        squares = (0..<references.rows).map { [centred = self.references] in Sums.sumOfSquares(centred.row($0)) }
    }

    /// For each query the nearest references, nearest first and lower rows first among equally near ones: `count` of them,
    /// or all where there are fewer. A distance of NaN is farther than any other.
    ///
    /// - Parameters:
    ///   - queries: (N, D).
    ///   - pace: called before each block of queries.
    public func nearest(
        _ count: Int = 1, to queries: Matrix, team: ThreadTeam, pace: @escaping WorkPace = { _ in }
    ) throws -> [[Neighbour]] {
        precondition(count > 0, "\(count) neighbours")
        precondition(
            queries.columns == references.columns, "queries of \(queries.columns) dimensions, expected \(references.columns)")
        let starts = Array(stride(from: 0, to: queries.rows, by: Self.blockQueries))
        let meter = WorkMeter(total: starts.count, pace: pace)
        return try team.map(starts.count) { index in
            try meter.begin()
            if !FloatingPoint.modesAreSet { FloatingPoint.setModes() }
            let rows = starts[index]..<min(queries.rows, starts[index] + Self.blockQueries)
            return nearest(count, toBlock: Self.centred(queries.rows(rows), centre))
        }
        .flatMap { $0 }
    }

    /// Squared distances of each query to its nearest reference.
    public func squaredDistances(
        to queries: Matrix, team: ThreadTeam, pace: @escaping WorkPace = { _ in }
    ) throws -> [Double] {
        precondition(self.count > 0, "the nearest of no rows")
        return try nearest(to: queries, team: team, pace: pace).map { $0[0].squaredDistance }
    }

    private func nearest(_ count: Int, toBlock queries: Matrix) -> [[Neighbour]] {
        var candidates = Array(repeating: Candidates(capacity: min(count + Self.spare, self.count)), count: queries.rows)
        let products = Storage<Float>(count: queries.rows * Self.blockReferences)
        for start in stride(from: 0, to: self.count, by: Self.blockReferences) {
            let rows = start..<min(self.count, start + Self.blockReferences)
            let here = Matrix(products[0..<queries.rows * rows.count], rows: queries.rows, columns: rows.count)
            PortableProducts.forward(queries, references.rows(rows), into: here)
            for query in candidates.indices {
                let values = here.row(query)
                for (column, row) in rows.enumerated() {
                    candidates[query].offer(row, squares[row] - 2 * Double(values[column]))
                }
            }
        }
        return candidates.enumerated().map { query, found in
            let exact = found.rows.map { Neighbour(row: $0, squaredDistance: distance(queries.row(query), references.row($0))) }
            return Array(exact.sorted(by: Self.isNearer).prefix(count))
        }
    }

    private static func isNearer(_ one: Neighbour, _ other: Neighbour) -> Bool {
        let (a, b) = (one.squaredDistance, other.squaredDistance)
        if a == b || a.isNaN && b.isNaN { return one.row < other.row }
        return a < b || b.isNaN
    }

    private func distance(_ x: Slice<Float>, _ y: Slice<Float>) -> Double {
        var sum = 0.0
        for index in x.indices {
            let difference = Double(x[index]) - Double(y[index])
            sum += difference * difference
        }
        return sum
    }

    private static func centred(_ matrix: Matrix, _ centre: Slice<Float>) -> Matrix {
        let copy = Matrix(rows: matrix.rows, columns: matrix.columns)
        copy.values.copy(from: matrix.values)
        for row in 0..<copy.rows { Elementwise.axpy(-1, centre, into: copy.row(row)) }
        return copy
    }
}

/// The rows that came nearest so far, nearest first.
private struct Candidates {
    private let capacity: Int
    private(set) var rows: [Int] = []
    private var distances: [Double] = []
    /// The distance that a row must be below, once there are enough candidates.
    private var farthest = Double.infinity

    init(capacity: Int) {
        self.capacity = capacity
        rows.reserveCapacity(capacity + 1)
        distances.reserveCapacity(capacity + 1)
    }

    /// Rows come in rising order.
    mutating func offer(_ row: Int, _ distance: Double) {
        guard distance < farthest || rows.count < capacity else { return }
        let value = distance.isNaN ? .infinity : distance
        var place = distances.count
        while place > 0, distances[place - 1] > value { place -= 1 }
        rows.insert(row, at: place)
        distances.insert(value, at: place)
        if rows.count > capacity {
            rows.removeLast()
            distances.removeLast()
        }
        if rows.count == capacity { farthest = distances[capacity - 1] }
    }
}
