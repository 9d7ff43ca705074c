import CPNG
import Figures
import Files
import Foundation
import Runs
import TestSupport
import Testing

/// What libpng's simplified reader finds in the bytes of a PNG file.
func decodedPNG(_ bytes: [UInt8], channels: Int) throws -> Raster {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    try #require(png_image_begin_read_from_memory(&image, bytes, bytes.count) != 0, "not a PNG file")
    #expect(image.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) == (channels == 3 ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0))
    image.format = channels == 3 ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0
    var pixels = [UInt8](repeating: 0, count: Int(image.width) * Int(image.height) * channels)
    try #require(
        png_image_finish_read(&image, nil, &pixels, png_int_32(Int(image.width) * channels), nil) != 0, "the PNG file is cut off")
    return Raster(width: Int(image.width), height: Int(image.height), channels: channels, pixels: pixels)
}

/// A folder of its own for one test, gone afterwards.
func withFigureFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = NSTemporaryDirectory() + "figures-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

@Suite struct FigurePNGTests {
    @Test(
        "A picture read back has the pixels that were written",
        arguments: [(1, 1, 1), (1, 1, 3), (7, 3, 1), (13, 1, 3), (1, 300, 3), (255, 257, 1), (640, 480, 3)])
    func roundTrip(width: Int, height: Int, channels: Int) throws {
        var state: UInt64 = 12345
        let pixels = (0..<width * height * channels).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        let raster = Raster(width: width, height: height, channels: channels, pixels: pixels)
        #expect(try decodedPNG(PNG.encode(raster), channels: channels) == raster)
    }

    @Test("Writing replaces the picture that was there and leaves no other file")
    func replaces() throws {
        try withFigureFolder { folder in
            let path = folder + "/codes.png"
            try PNG.write(Raster(width: 2, height: 2, channels: 1, pixels: [0, 1, 2, 3]), to: path)
            let second = Raster(width: 1, height: 2, channels: 3, pixels: [9, 8, 7, 6, 5, 4])
            try PNG.write(second, to: path)
            #expect(try decodedPNG([UInt8](Data(contentsOf: URL(fileURLWithPath: path))), channels: 3) == second)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["codes.png"])
        }
    }

    @Test("A picture that cannot be created says so in one sentence with path and reason")
    func missingFolder() throws {
        try withFigureFolder { folder in
            let path = folder + "/absent/codes.png"
            let error = #expect(throws: DiskError.self) {
                try PNG.write(Raster(width: 1, height: 1, channels: 1, pixels: [0]), to: path)
            }
            let text = error?.description ?? ""
            #expect(text.contains(path) && text.contains("No such file or directory") && text.hasSuffix("."))
            #expect(!text.contains("\n"))
        }
    }

    @Test("A picture that cannot be put in place leaves nothing behind")
    func occupiedName() throws {
        try withFigureFolder { folder in
            let path = folder + "/codes.png"
            try FileManager.default.createDirectory(atPath: path + "/inner", withIntermediateDirectories: true)
            #expect(throws: DiskError.self) {
                try PNG.write(Raster(width: 1, height: 1, channels: 1, pixels: [0]), to: path)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["codes.png"])
        }
    }

    @Test("Decoder output becomes bytes by rounding and clamping")
    func units() throws {
        let images = try ImageBatch(count: 1, height: 1, width: 5, channels: 1, units: [0, 1, 0.5, -3, 7])
        #expect(images.pixels == [0, 255, 128, 0, 255])
    }

    @Test("Images of what is not finite are refused and counted", arguments: [Float.nan, .infinity, -.infinity])
    func notFinite(value: Float) {
        let units: [Float] = [0, 0, 0, 0, 0.5, value, 1, 1, value, value, 0, 0]
        let error = #expect(throws: ImagesNotFinite.self) {
            try ImageBatch(count: 3, height: 2, width: 2, channels: 1, units: units)
        }
        #expect(error == ImagesNotFinite(images: 2, count: 3, first: 1))
        var codes = FiniteCount(width: 3, columns: 2)
        for rows in [[1, 2, .nan], [.nan, .infinity, 3, 1, .infinity, 3]] as [[Float]] { codes.add(rows) }
        #expect(codes.seen == 3 && codes.rows == 2 && codes.first == 1)
        #expect(error?.description.hasPrefix("2 of 3 decoded images have values that are not finite, first image 1") == true)
    }
}
