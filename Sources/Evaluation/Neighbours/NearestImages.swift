import Kernels

// Shapes of this file: N queries, P pixels.

/// The nearest of many images to a few others, by squared differences of pixels. It works block by block, so that memory does not grow with
/// the number of images.
public enum NearestImages {
    /// Values of the images that are compared at once.
    private static let blockValues = 1 << 22

    /// Indices of the nearest images, one a query; of equally near ones the first. Empty where there are no images.
    ///
    /// - Parameters:
    ///   - queries: (N, P), values 0 to 1.
    ///   - block: images that are compared at once; the images found are the same, whatever their number.
    ///   - team: threads that share the queries; the images found are the same, whatever their number.
    ///   - pace: called before each block.
    public static func find(
        _ queries: Matrix, in images: ImageBlocks, block: Int? = nil, team: ThreadTeam, pace: @escaping WorkPace = { _ in }
    ) throws -> [Int] {
        guard images.count > 0 else { return [] }
        let size = block ?? max(1, blockValues / max(1, queries.columns))
        precondition(size > 0, "blocks of \(size) images")
        var best = [(image: Int, distance: Double)](repeating: (0, .infinity), count: queries.rows)
        for first in stride(from: 0, to: images.count, by: size) {
            try pace(Double(first) / Double(images.count))
            let range = first..<min(images.count, first + size)
            let found = try NearestRows(images.matrix(range, pixels: queries.columns)).nearest(to: queries, team: team)
            for (query, neighbours) in found.enumerated() {
                guard let nearest = neighbours.first, nearest.squaredDistance < best[query].distance else { continue }
                best[query] = (first + nearest.row, nearest.squaredDistance)
            }
        }
        return best.map(\.image)
    }
}
