/// What the frames of an exchange have to look like: the members of a ring, or of a group with summation servers, all know it.
package struct ExchangeShape: Sendable {
    /// Elements of each piece, by bucket and chunk.
    package let counts: [[[Int]]]
    /// Tensors whose statistics ride with chunk 0, by bucket: they are few.
    package let completes: [[Int]]

    package init(counts: [[[Int]]], completes: [[Int]]) {
        precondition(counts.count == completes.count)
        self.counts = counts
        self.completes = completes
    }

    package var buckets: Int { counts.count }
}
