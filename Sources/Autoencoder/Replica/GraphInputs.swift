import Kernels

/// What the values of a graph are computed from.
struct GraphInputs {
    /// Counted from 0; what is drawn depends on it.
    let step: UInt64
    /// Images and labels, a block each.
    var batches: [Stream: [ShardImages]] = [:]
    /// (B, columns)
    var given: [Given: Matrix] = [:]

    /// Each block's first row in the global minibatch.
    func firstRows(_ stream: Stream) -> [Int] { batches[stream]!.map(\.rows.lowerBound) }
    func labels(_ stream: Stream, _ block: Int) -> [UInt8] { batches[stream]![block].labels }
}
