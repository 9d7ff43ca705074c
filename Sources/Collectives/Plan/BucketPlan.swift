import Wire

/// How a phase's flat sum is cut into buckets that travel on their own.
///
/// Tensors are taken in the order in which the backward pass completes them. A tensor larger than the maximum is cut in
/// nearly equal pieces at multiples of 1,024 elements from its start, so that the codec's blocks are the same whatever
/// the cut; a small one joins its neighbour. Two large ones never share a bucket: the earlier would wait for the later.
/// Every member makes the same plan from the same layout; bucket numbers are the plan's, 0 the first to become ready.
public struct BucketPlan: Sendable, Hashable {
    /// 1 MiB of Int32: small enough that a large tensor keeps several hops of a ring busy, large enough that a frame's
    /// fixed cost (some tens of microseconds) is a few per cent (measured: `lockstep bench allreduce`).
    public static let defaultMaximumElements = 256 << 10

    /// Part of one tensor: a range of the phase's sum.
    public struct Piece: Sendable, Hashable {
        public let tensor: Int
        public let range: Range<Int>
    }

    public struct Bucket: Sendable, Hashable {
        public internal(set) var pieces: [Piece] = []
        /// Tensors whose statistics travel with this bucket: those of which it holds the last piece.
        public internal(set) var completes: [Int] = []
        public var elements: Int { pieces.reduce(0) { $0 + $1.range.count } }
        /// Tensors that must be complete before the bucket is.
        public var tensors: Set<Int> { Set(pieces.map(\.tensor)).union(completes) }
    }

    public let buckets: [Bucket]
    public let tensorCount: Int
    private let tensorRanges: [Range<Int>]
    /// By tensor, the elements of a row; 0 for a vector.
    private let columns: [Int]
    /// One past the last element of any tensor.
    public let elementCount: Int

    /// `tensorRanges` by tensor: its elements in the phase's sum. `columns` by tensor: the elements of a row, 0 for a vector;
    /// without it nothing is known of rows. `readyOrder` permutes the tensors' numbers into the order of their completion;
    /// without it that is the order given.
    public init(
        tensorRanges: [Range<Int>], columns: [Int] = [], readyOrder: [Int]? = nil,
        maximumElements: Int = defaultMaximumElements
    ) {
        precondition(columns.isEmpty || columns.count == tensorRanges.count, "rows of as many tensors as there are")
        precondition(columns.allSatisfy { $0 >= 0 })
        self.tensorRanges = tensorRanges
        self.columns = columns
        let order = readyOrder ?? Array(tensorRanges.indices)
        precondition(order.sorted() == Array(tensorRanges.indices), "readyOrder is a permutation of the tensors")
        precondition(maximumElements > 0 && maximumElements <= Limits.bucketElements)
        precondition(tensorRanges.allSatisfy { $0.lowerBound >= 0 })
        let maximum = max(GradientCodec.blockElements, maximumElements / GradientCodec.blockElements * GradientCodec.blockElements)
        var filling = Filling(maximum: maximum)
        for tensor in order {
            for range in BucketPlan.cut(tensorRanges[tensor], maximum: maximum) {
                filling.add(Piece(tensor: tensor, range: range))
            }
            filling.complete(tensor)
        }
        buckets = filling.finished()
        precondition(buckets.count <= Limits.buckets, "\(buckets.count) buckets, at most \(Limits.buckets)")
        tensorCount = tensorRanges.count
        elementCount = tensorRanges.map(\.upperBound).max() ?? 0
    }

    /// The fewest nearly equal pieces of at most `maximum` elements, cut at multiples of 1,024 from the start.
    static func cut(_ range: Range<Int>, maximum: Int) -> [Range<Int>] {
        if range.isEmpty { return [] }
        let block = GradientCodec.blockElements
        let blocks = (range.count + block - 1) / block
        let pieces = (blocks * block + maximum - 1) / maximum
        return (0..<pieces).map { index in
            let lower = range.lowerBound + blocks * index / pieces * block
            let upper = index + 1 == pieces ? range.upperBound : range.lowerBound + blocks * (index + 1) / pieces * block
            return lower..<upper
        }
    }

    /// The element ranges of chunk `chunk` of `chunks` of a bucket, cut between blocks; pieces of the tensors for which
    /// `omitted` holds are left out. Chunks are disjoint, cover the bucket, and may be empty.
    public func chunk(_ chunk: Int, of chunks: Int, bucket: Int, omitted: [Bool] = []) -> [Range<Int>] {
        let pieces = buckets[bucket].pieces.filter { omitted.isEmpty || !omitted[$0.tensor] }.map(\.range)
        let block = GradientCodec.blockElements
        let blocks = pieces.reduce(0) { $0 + ($1.count + block - 1) / block }
        let wanted = (blocks * chunk / chunks)..<(blocks * (chunk + 1) / chunks)
        var first = 0
        var result: [Range<Int>] = []
        for piece in pieces {
            let count = (piece.count + block - 1) / block
            let taken = wanted.clamped(to: first..<(first + count))
            if !taken.isEmpty {
                let lower = piece.lowerBound + (taken.lowerBound - first) * block
                let upper = min(piece.upperBound, piece.lowerBound + (taken.upperBound - first) * block)
                result.append(lower..<upper)
            }
            first += count
        }
        return result
    }

    /// How the elements of each of these ranges of a bucket, as `chunk` gives them, lie in the rows of their tensor.
    public func rows(of ranges: [Range<Int>], bucket: Int) -> [PieceRows] {
        let pieces = buckets[bucket].pieces
        var next = 0
        return ranges.map { range in
            while next < pieces.count, !pieces[next].range.contains(range.lowerBound) { next += 1 }
            precondition(next < pieces.count, "\(range) is in no piece of bucket \(bucket), or comes out of turn")
            let tensor = pieces[next].tensor
            guard !columns.isEmpty, columns[tensor] > 0 else { return .none }
            let first = (range.lowerBound - tensorRanges[tensor].lowerBound) % columns[tensor]
            return PieceRows(columns: columns[tensor], first: first)
        }
    }
}

extension BucketPlan {
    /// The bucket being filled and those that are full.
    private struct Filling {
        let maximum: Int
        private var full: [Bucket] = []
        private var open = Bucket()
        private var openElements = 0

        init(maximum: Int) { self.maximum = maximum }

        mutating func add(_ piece: Piece) {
            let together = openElements + piece.range.count
            let oneIsSmall = min(openElements, piece.range.count) <= maximum / 4
            if openElements > 0, together > maximum || !oneIsSmall || open.pieces.count >= Limits.gradientPieces { close() }
            open.pieces.append(piece)
            openElements += piece.range.count
        }

        mutating func complete(_ tensor: Int) {
            if open.completes.count >= Limits.gradientStatistics { close() }
            open.completes.append(tensor)
        }

        mutating func close() {
            full.append(open)
            open = Bucket()
            openElements = 0
        }

        consuming func finished() -> [Bucket] {
            if !open.pieces.isEmpty || !open.completes.isEmpty { close() }
            return full
        }
    }
}
