/// A rectangle of whole pixels.
package struct PixelBox: Sendable, Equatable {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int

    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    package var right: Int { x + width }
    package var bottom: Int { y + height }

    package func overlaps(_ other: PixelBox) -> Bool {
        x < other.right && other.x < right && y < other.bottom && other.y < bottom
    }

    func contains(_ other: PixelBox) -> Bool {
        x <= other.x && other.right <= right && y <= other.y && other.bottom <= bottom
    }

    package func contains(_ point: Point) -> Bool {
        point.x >= Double(x) && point.x < Double(right) && point.y >= Double(y) && point.y < Double(bottom)
    }
}

/// A white sheet of RGB pixels to draw on. x grows to the right, y downwards; what falls outside is cut off.
struct Canvas: Sendable {
    let width: Int
    let height: Int
    private(set) var pixels: [UInt8]

    init(width: Int, height: Int) {
        precondition(width > 0 && height > 0, "a canvas of \(width) x \(height) pixels")
        self.width = width
        self.height = height
        pixels = [UInt8](repeating: 255, count: width * height * 3)
    }

    var bounds: PixelBox { PixelBox(x: 0, y: 0, width: width, height: height) }
    var raster: Raster { Raster(width: width, height: height, channels: 3, pixels: pixels) }

    /// The first channel only, for pictures that are grey throughout.
    var greyRaster: Raster {
        Raster(width: width, height: height, channels: 1, pixels: stride(from: 0, to: pixels.count, by: 3).map { pixels[$0] })
    }

    /// Lays `colour` over one pixel; `alpha` 0…1.
    mutating func blend(_ x: Int, _ y: Int, _ colour: Colour, _ alpha: Double = 1) {
        guard x >= 0, x < width, y >= 0, y < height, alpha > 0 else { return }
        let at = (y * width + x) * 3
        let share = Int((min(alpha, 1) * 256).rounded())
        pixels[at] = mixed(pixels[at], colour.red, share)
        pixels[at + 1] = mixed(pixels[at + 1], colour.green, share)
        pixels[at + 2] = mixed(pixels[at + 2], colour.blue, share)
    }

    private func mixed(_ below: UInt8, _ above: UInt8, _ share: Int) -> UInt8 {
        UInt8((Int(below) * (256 - share) + Int(above) * share + 128) >> 8)
    }

    mutating func fill(_ box: PixelBox, _ colour: Colour, alpha: Double = 1) {
        for y in max(0, box.y)..<max(0, box.y, min(height, box.bottom)) {
            for x in max(0, box.x)..<max(0, box.x, min(width, box.right)) {
                blend(x, y, colour, alpha)
            }
        }
    }

    /// A frame one pixel wide, just outside `box`.
    mutating func frame(_ box: PixelBox, _ colour: Colour) {
        fill(PixelBox(x: box.x - 1, y: box.y - 1, width: box.width + 2, height: 1), colour)
        fill(PixelBox(x: box.x - 1, y: box.bottom, width: box.width + 2, height: 1), colour)
        fill(PixelBox(x: box.x - 1, y: box.y, width: 1, height: box.height), colour)
        fill(PixelBox(x: box.right, y: box.y, width: 1, height: box.height), colour)
    }

    /// A filled disc with a soft edge, cut off at `clip`; centre and radius in pixels.
    mutating func disc(x: Double, y: Double, radius: Double, _ colour: Colour, alpha: Double = 1, clip: PixelBox? = nil) {
        let clip = clip ?? bounds
        let reach = radius + 1
        guard x + reach > Double(clip.x), x - reach < Double(clip.right), y + reach > Double(clip.y),
            y - reach < Double(clip.bottom)
        else { return }
        let rows = max(clip.y, Int(y - reach))...max(clip.y, min(clip.bottom - 1, Int(y + reach)))
        let columns = max(clip.x, Int(x - reach))...max(clip.x, min(clip.right - 1, Int(x + reach)))
        for row in rows {
            for column in columns {
                let dx = Double(column) + 0.5 - x
                let dy = Double(row) + 0.5 - y
                let coverage = min(1, max(0, radius + 0.5 - (dx * dx + dy * dy).squareRoot()))
                blend(column, row, colour, alpha * coverage)
            }
        }
    }

    /// Copies image `index` of `images` with its top left corner at (x, y), each of its pixels enlarged to `scale` × `scale`.
    mutating func paste(_ images: ImageBatch, _ index: Int, x: Int, y: Int, scale: Int) {
        precondition(scale > 0 && index >= 0 && index < images.count, "image \(index) of \(images.count) at scale \(scale)")
        precondition(
            bounds.contains(PixelBox(x: x, y: y, width: images.width * scale, height: images.height * scale)),
            "image \(index) does not fit at (\(x), \(y))")
        let first = index * images.imageBytes
        for row in 0..<images.height * scale {
            let source = first + row / scale * images.width * images.channels
            var at = ((y + row) * width + x) * 3
            for column in 0..<images.width * scale {
                let pixel = source + column / scale * images.channels
                for channel in 0..<3 {
                    pixels[at + channel] = images.pixels[pixel + (images.channels == 3 ? channel : 0)]
                }
                at += 3
            }
        }
    }
}
