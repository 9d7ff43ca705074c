import Kernels

/// What the random numbers of a graph's values are for.
enum DrawPurpose: Sendable, Hashable {
    case inputNoise, prior, dropout
    /// ε of a Gaussian posterior, η of a universal approximator.
    case posterior
    case discriminatorNoise

    fileprivate var purpose: Purpose {
        switch self {
        case .inputNoise: .inputNoise
        case .prior: .prior
        case .dropout: .dropout
        case .posterior: .posterior
        case .discriminatorNoise: .discriminatorNoise
        }
    }
}

/// The random numbers of one value: no other value of the graph shares them.
struct Draw: Sendable, Hashable {
    /// Its name in a replay file, `noise.input`.
    let name: String
    let purpose: DrawPurpose
    /// The number of draws of the same purpose before it in the graph.
    let place: Int
}

extension Draw {
    /// Where a draw's numbers come from, and how far its rows lie from those of the minibatch.
    ///
    /// Draws of one purpose use separate ranges of rows; a minibatch has fewer than 2^28 rows.
    func source(seed: UInt64, step: UInt64) -> (source: RandomSource, rowOffset: Int) {
        precondition(place < Self.mostPlaces, "\(name) is draw \(place) of its purpose")
        return (RandomSource(seed: seed, purpose: purpose.purpose, step: step), place * TrainingSettings.mostRows)
    }

    /// The most draws of one purpose in a graph.
    static let mostPlaces = 16
}

extension TrainingSettings {
    /// Rows that a minibatch has at most.
    public static let mostRows = 1 << 28
}
