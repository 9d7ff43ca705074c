import Runs
import Testing

/// Whether any pixel of `raster` has exactly this colour.
private func holds(_ raster: Raster, _ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Bool {
    stride(from: 0, to: raster.pixels.count, by: 3).contains {
        raster.pixels[$0] == red && raster.pixels[$0 + 1] == green && raster.pixels[$0 + 2] == blue
    }
}

private func cloud(_ count: Int, dimensions: Int, scale: Float = 1) -> CodeCloud {
    var state: UInt64 = 1
    func numbers() -> [Float] {
        (0..<count * dimensions).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (Float(state >> 40) / 16_777_216 - 0.5) * scale
        }
    }
    return CodeCloud(codes: numbers(), dimensions: dimensions, labels: (0..<count).map { UInt8($0 % 10) }, prior: numbers())
}

@Suite struct FigureDrawingTests {
    let title = FigureTitle(run: "test", epoch: 1, step: 10)

    @Test("Every printable ASCII character has a glyph of its own inside its cell")
    func font() {
        let characters = (0x20...0x7E).map { Character(Unicode.Scalar(UInt8($0))) }
        let glyphs = characters.map { BitmapFont.rows(of: $0) }
        #expect(Set(glyphs).count == 95)
        for (character, rows) in zip(characters, glyphs) {
            #expect(rows.count == BitmapFont.height)
            #expect(rows.allSatisfy { $0 < 1 << BitmapFont.width })
            #expect(rows.contains { $0 != 0 } == (character != " "), "\(character)")
        }
        #expect(BitmapFont.rows(of: "é") == BitmapFont.rows(of: "?"))
    }

    @Test("A bare grid keeps the pixels of its images as squares of one size", arguments: [1, 3])
    func grid(channels: Int) {
        let images = ImageBatch(
            count: 3, height: 2, width: 2, channels: channels, pixels: (0..<12 * channels).map { UInt8($0 * 7) })
        let raster = Figures.grid(images, columns: 2)
        #expect(raster.channels == channels)
        #expect(raster.width == 2 * 8 + 2 && raster.height == 2 * 8 + 2)
        for row in 0..<8 {
            for column in 0..<8 {
                for channel in 0..<channels {
                    let shown = raster.pixels[((10 + row) * raster.width + column) * channels + channel]
                    #expect(shown == images.pixels[((2 * 2 + row / 4) * 2 + column / 4) * channels + channel])
                }
            }
        }
    }

    @Test(
        "Grids of every size come out, an empty one too", arguments: [0, 1, 19, 20, 21, 64],
        [(28, 28, 1), (1, 1, 1), (32, 32, 3), (48, 17, 1), (2000, 3, 3)])
    func sizes(count: Int, size: (Int, Int, Int)) {
        let (height, width, channels) = size
        let images = ImageBatch(
            count: count, height: height, width: width, channels: channels,
            pixels: [UInt8](repeating: 40, count: count * height * width * channels))
        let shown = [
            Figures.samples(images, title: title),
            Figures.reconstructions(originals: images, reconstructions: images, title: title),
            Figures.walk(images, columns: 5, caption: "a caption", title: title),
        ]
        #expect(shown.allSatisfy { $0.channels == 3 && holds($0, 40, 40, 40) == (count > 0) })
        _ = Figures.grid(images, columns: 7)
    }

    @Test("The codes figure shows every class's colour and the prior", arguments: [10, 500, 10_000])
    func codes(count: Int) {
        let raster = Figures.codes(cloud(count, dimensions: 2, scale: 10), title: title)
        let classes: [(UInt8, UInt8, UInt8)] = [
            (0x22, 0x33, 0xAA), (0xEE, 0xBB, 0x11), (0xDD, 0x00, 0x11), (0x44, 0x88, 0x66), (0x77, 0xCC, 0xFF),
            (0x88, 0x22, 0x77), (0xBB, 0xCC, 0x77), (0xFF, 0x55, 0xBB), (0x88, 0x11, 0x22), (0xBB, 0x66, 0xFF),
        ]
        #expect(classes.allSatisfy { holds(raster, $0.0, $0.1, $0.2) })
        #expect(holds(raster, 0xCF, 0xCF, 0xCF))
    }

    @Test("Codes that are empty, constant, not finite or enormous are drawn without complaint", arguments: [1, 2, 3, 9])
    func oddCodes(dimensions: Int) {
        let values: [[Float]] = [
            [], [0], [5, 5, 5], [.nan, .nan], [.infinity, 1, 2], [3e38, -3e38, 0], [1e-38, 2e-38, 0], [1e6, 1e6 + 1], [-7],
        ]
        for value in values {
            let rows = value.flatMap { [Float](repeating: $0, count: dimensions) }
            for prior in [rows, []] {
                for labels in [[UInt8](repeating: 255, count: value.count), []] {
                    let cloud = CodeCloud(codes: rows, dimensions: dimensions, labels: labels, prior: prior)
                    #expect(Figures.codes(cloud, title: title).channels == 3)
                    #expect(Figures.codeHistograms(cloud, title: title).channels == 3)
                }
            }
        }
    }

    @Test("Losses that are empty, single, constant, zero, negative, not finite or enormous are drawn without complaint")
    func oddLosses() {
        let values: [[Double]] = [
            [], [1], [2, 2, 2], [0, 0], [-1, 3], [.nan, 1, .infinity, 2], [.nan], [1e300, 1], [1e-300, 1e29], [1e-12, 2e-12],
            [123_456_789, 5],
        ]
        for value in values {
            for name in ["reconstruction", "discriminator", "generator", "classification"] {
                let curve = LossCurve(name: name, steps: value.indices.map { UInt64($0) * 1_000_000 }, values: value)
                #expect(Figures.losses(phases: [curve], pixelError: curve, title: title).channels == 3)
                #expect(Figures.losses(phases: [curve], pixelError: nil, title: title).channels == 3)
            }
        }
        #expect(Figures.losses(phases: [], pixelError: nil, title: title).channels == 3)
    }

    @Test("A long run of steps is drawn with every curve's colour")
    func longLosses() {
        let count = 20_000
        func curve(_ name: String, _ value: (Double) -> Double) -> LossCurve {
            LossCurve(name: name, steps: (0..<count).map { UInt64($0) }, values: (0..<count).map { value(Double($0)) })
        }
        let raster = Figures.losses(
            phases: [
                curve("reconstruction") { 100 / (1 + $0 / 100) },
                curve("discriminator") { 1.2 + 0.1 * ($0 / 7).remainder(dividingBy: 1) },
                curve("generator") { 0.8 + 0.1 * ($0 / 9).remainder(dividingBy: 1) },
            ], pixelError: curve("pixel error") { 200 / (1 + $0 / 100) }, title: title)
        #expect(holds(raster, 0x88, 0x22, 0x77) && holds(raster, 0x44, 0x88, 0x66))
        #expect(holds(raster, 0xDD, 0x00, 0x11) && holds(raster, 0x22, 0x33, 0xAA))
    }

    @Test(
        "A run's name of any length and alphabet leaves room for the moment",
        arguments: ["", "ünïcödé", String(repeating: "long-", count: 100)])
    func names(name: String) {
        let odd = FigureTitle(run: name, epoch: .max, step: .max)
        #expect(Figures.codes(cloud(50, dimensions: 2), title: odd).channels == 3)
        let axis = WalkAxis(name: name, values: [-1e9, 0.001, 1e9])
        let images = ImageBatch(count: 9, height: 4, width: 4, channels: 1, pixels: [UInt8](repeating: 1, count: 144))
        #expect(Figures.walk(images, columns: 3, horizontal: axis, vertical: axis, caption: name, title: odd).channels == 3)
    }
}
