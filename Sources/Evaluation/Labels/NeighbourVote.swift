import Kernels

/// Classification by the classes of the nearest codes: how far codes alone tell classes apart.
public enum NeighbourVote {
    /// Neighbours that vote; the default of scikit-learn's `KNeighborsClassifier`.
    public static let usualNeighbours = 5

    /// The most frequent class among the nearest training codes, unweighted; of equal ones the lowest.
    ///
    /// - Parameters:
    ///   - training: codes, one a row, with a label each; at least one.
    ///   - codes: the codes to be classified, of as many dimensions.
    public static func classes(
        of codes: Matrix, training: Matrix, labels: [UInt8], neighbours: Int = usualNeighbours, team: ThreadTeam,
        pace: @escaping WorkPace = { _ in }
    ) throws -> [UInt8] {
        precondition(training.rows > 0 && labels.count == training.rows, "\(labels.count) labels of \(training.rows) codes")
        return try NearestRows(training).nearest(neighbours, to: codes, team: team, pace: pace).map { found in
            var votes = [Int](repeating: 0, count: 256)
            for neighbour in found { votes[Int(labels[neighbour.row])] += 1 }
            return UInt8(votes.indices.reduce(0) { votes[$1] > votes[$0] ? $1 : $0 })
        }
    }

    /// The share of codes that are given a wrong class; NaN without codes.
    public static func error(
        of codes: Matrix, labels: [UInt8], training: Matrix, trainingLabels: [UInt8], neighbours: Int = usualNeighbours,
        team: ThreadTeam, pace: @escaping WorkPace = { _ in }
    ) throws -> Double {
        precondition(labels.count == codes.rows, "\(labels.count) labels of \(codes.rows) codes")
        let found = try classes(
            of: codes, training: training, labels: trainingLabels, neighbours: neighbours, team: team, pace: pace)
        return Double(zip(found, labels).count { $0 != $1 }) / Double(labels.count)
    }
}
