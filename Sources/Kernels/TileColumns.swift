/// How the threads of a team divide the columns of a product.
enum TileColumns {
    /// Columns of a whole tile at every level; a thread takes a multiple of them.
    private static let width = 32

    /// Runs `body` on all columns, or on each thread of a team with its part of them.
    static func divide(_ columns: Int, among team: ThreadTeam?, _ body: @Sendable (_ thread: Int, _ part: Range<Int>) -> Void) {
        let tiles = (columns + width - 1) / width
        guard let team, tiles > 1 else { return body(0, 0..<columns) }
        team.run { thread in
            let part = ShardGeometry.owned(by: thread, of: team.threads, shards: tiles)
            if !part.isEmpty { body(thread, part.lowerBound * width..<min(part.upperBound * width, columns)) }
        }
    }
}
