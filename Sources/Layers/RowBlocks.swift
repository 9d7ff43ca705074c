import Kernels

/// The rows of several shards in one matrix, each shard's block at an aligned row.
///
/// Everything is computed block by block, so that a shard's gradient depends neither on its neighbours nor on how many there are: the bits of a
/// library's product may depend on its number of rows and on its start address, so neither may depend on the arrangement. The rows between two blocks
/// are never written or read. Portable products do not depend on the arrangement: their blocks have no gaps, and are multiplied all at once.
public struct RowBlocks: Sendable, Hashable {
    /// A block starts at a multiple of so many rows: for a library's products, a multiple of 64 bytes with any number of columns.
    public static func alignment(_ engine: ProductEngine) -> Int { engine == .openblas ? 16 : 1 }

    private let alignment: Int
    /// Numbers of the shards in the global minibatch.
    public let shards: [Int]
    /// Rows of each shard in the matrix; may be empty.
    public let ranges: [Range<Int>]

    /// - Parameter alignment: of the blocks' first rows.
    public init(shards: [Int], counts: [Int], alignment: Int = RowBlocks.alignment(.openblas)) {
        precondition(shards.count == counts.count, "one count a shard")
        self.shards = shards
        self.alignment = alignment
        var next = 0
        self.ranges = counts.map { count in
            defer { next += Self.aligned(count, alignment) }
            return next..<next + count
        }
    }

    /// Rows of the matrix that holds all blocks, those between them included.
    public var rows: Int { ranges.last?.upperBound ?? 0 }

    /// The same shards with `factor` times as many rows each.
    public func scaled(by factor: Int) -> RowBlocks {
        RowBlocks(shards: shards, counts: ranges.map { $0.count * factor }, alignment: alignment)
    }

    /// Rows that a workspace needs for so many blocks of at most `rows` rows.
    public static func capacity(blocks: Int, rows: Int, alignment: Int = RowBlocks.alignment(.openblas)) -> Int {
        blocks * aligned(rows, alignment)
    }

    private static func aligned(_ rows: Int, _ alignment: Int) -> Int { (rows + alignment - 1) / alignment * alignment }
}
