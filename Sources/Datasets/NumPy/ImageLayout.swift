/// How an array of images lies: which axis counts rows, columns and channels.
///
/// | shape | read as |
/// |---|---|
/// | (count, values) | flat rows: one line of grey pixels each |
/// | (count, height, width) | grey |
/// | (count, height, width, 1 or 3), (count, 1 or 3, height, width) | grey or colour |
struct ImageLayout: Equatable {
    let height: Int
    let width: Int
    let channels: Int
    /// The axis of the channels stands before those of rows and columns.
    let channelsFirst: Bool

    /// Most values of an image: the limit of a worker.
    private static let mostValues = 1 << 24
    /// Most rows or columns of an image that has more than one of both.
    private static let side = 4_096
    private static let shapes =
        "(count, height, width), (count, values), or (count, height, width, channels) or (count, channels, height, width) with 1 channel (grey) or 3 (red, green, blue)"

    /// Throws `DataError.unfit` for a shape that cannot be that of images.
    init(of array: NPYArray) throws {
        let shape = array.shape
        func unfit(_ found: String, _ expected: String) -> DataError { .unfit(file: array.file, found: found, expected: expected) }
        guard shape.allSatisfy({ $0 > 0 }) else { throw unfit("the shape \(array.shapeText)", "at least one image") }
        switch shape.count {
        case 2: (height, width, channels, channelsFirst) = (1, shape[1], 1, false)
        case 3: (height, width, channels, channelsFirst) = (shape[1], shape[2], 1, false)
        case 4:
            let (first, last) = (Self.isChannels(shape[1]), Self.isChannels(shape[3]))
            guard first || last else { throw unfit("images of shape \(array.shapeText)", Self.shapes) }
            // Where both layouts are possible and would give different pixels, only the owner knows which is meant.
            guard !(first && last) || shape[1] == 1 && shape[3] == 1 else {
                throw unfit(
                    "images of shape \(array.shapeText), in which either axis may be that of the channels",
                    "one axis of 1 or 3; store them as (count, height, width) or (count, values)")
            }
            channelsFirst = !last
            channels = channelsFirst ? shape[1] : shape[3]
            (height, width) = channelsFirst ? (shape[2], shape[3]) : (shape[1], shape[2])
        default: throw unfit("an array of shape \(array.shapeText)", Self.shapes)
        }
        let isLine = height == 1 || width == 1
        guard height <= Self.mostValues, width <= Self.mostValues, height * width * channels <= Self.mostValues,
            isLine || max(height, width) <= Self.side
        else {
            throw unfit(
                "images of shape \(array.shapeText)",
                "at most \(Self.side) rows and columns, and \(Self.mostValues) values an image")
        }
    }

    private static func isChannels(_ side: Int) -> Bool { side == 1 || side == 3 }

    /// The values of every image in the order (row, column, channel).
    func channelsLast(_ bytes: [UInt8]) -> [UInt8] {
        guard channelsFirst, channels > 1 else { return bytes }
        let plane = height * width
        var result = [UInt8](repeating: 0, count: bytes.count)
        for image in stride(from: 0, to: bytes.count, by: plane * channels) {
            for channel in 0..<channels {
                let first = image + channel * plane
                for pixel in 0..<plane { result[image + pixel * channels + channel] = bytes[first + pixel] }
            }
        }
        return result
    }
}
