import Figures
import Foundation
import Runs
import Testing

/// Whether any pixel of `raster` has exactly this colour.
private func holds(_ raster: Raster, _ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Bool {
    stride(from: 0, to: raster.pixels.count, by: 3).contains {
        raster.pixels[$0] == red && raster.pixels[$0 + 1] == green && raster.pixels[$0 + 2] == blue
    }
}

/// The colours in a part of a picture, as 0xRRGGBB.
private func colours(of raster: Raster, in box: PixelBox) -> Set<Int> {
    var colours: Set<Int> = []
    for y in box.y..<box.bottom {
        for x in box.x..<box.right {
            let at = (y * raster.width + x) * 3
            colours.insert(Int(raster.pixels[at]) << 16 | Int(raster.pixels[at + 1]) << 8 | Int(raster.pixels[at + 2]))
        }
    }
    return colours
}

/// Whether the outermost columns and rows are blank.
private func hasWhiteEdge(_ raster: Raster, columns: Int) -> Bool {
    let sides = [0, raster.width - columns].map { PixelBox(x: $0, y: 0, width: columns, height: raster.height) }
    let ends = [0, raster.height - 4].map { PixelBox(x: 0, y: $0, width: raster.width, height: 4) }
    return (sides + ends).allSatisfy { colours(of: raster, in: $0) == [0xFFFFFF] }
}

private func curve(_ name: String, _ count: Int, _ value: (Double) -> Double) -> LossCurve {
    LossCurve(name: name, steps: (1...count).map { UInt64($0) }, values: (1...count).map { value(Double($0)) })
}

/// Classes around a circle, each a clump of its own.
private func ring(_ count: Int, classes: Int) -> CodeCloud {
    let noise = cloud(count, dimensions: 2)
    let codes = (0..<count).flatMap { at -> [Float] in
        let angle = 2 * Double.pi * Double(at % classes) / Double(classes)
        return [Float(15 * cos(angle)) + noise.codes[2 * at], Float(15 * sin(angle)) + noise.codes[2 * at + 1]]
    }
    return CodeCloud(codes: codes, dimensions: 2, labels: (0..<count).map { UInt8($0 % classes) }, prior: [])
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
        #expect(shown.allSatisfy { $0.channels == 3 && (count == 0 || holds($0, 40, 40, 40)) })
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

    @Test(
        "A number stands at a dot of its class, over no other number, and never over strangers for the most part",
        arguments: [2, 10, 60])
    func marks(classes: Int) {
        let codes = ring(3000, classes: classes)
        let marks = Figures.classMarks(codes)
        let dots = Figures.classDots(codes)
        // Of sixty small clumps not every one has room for its number.
        #expect(classes > 10 ? (30...40).contains(marks.count) : marks.count == classes)
        #expect(Set(marks.map(\.label)).count == marks.count)
        for (index, mark) in marks.enumerated() {
            #expect(marks[..<index].allSatisfy { !$0.box.overlaps(mark.box) })
            #expect(dots.contains { $0.label == mark.label && $0.point == mark.dot } || mark.isLed)
            // Beside a clump with a line to it, or near the dot.
            guard !mark.isLed else { continue }
            #expect(abs(Double(mark.box.x + mark.box.width / 2) - mark.dot.x) < 50)
            #expect(abs(Double(mark.box.y + mark.box.height / 2) - mark.dot.y) < 50)
            let covered = dots.filter { mark.box.contains($0.point) }
            #expect(3 * covered.count { $0.label == mark.label } >= covered.count, "\(mark)")
        }
        // Without classes there is nothing to name.
        #expect(Figures.classMarks(CodeCloud(codes: codes.codes, dimensions: 2, labels: [], prior: codes.prior)).isEmpty)
    }

    @Test("Codes that have collapsed to a point show, with the number of every class around them", arguments: [50, 250, 5_000])
    func collapsed(count: Int) {
        let codes = cloud(count, dimensions: 2, scale: 0.02)
        let prior = cloud(count, dimensions: 2, scale: 20)
        let collapsed = CodeCloud(codes: codes.codes, dimensions: 2, labels: codes.labels, prior: prior.prior)
        let marks = Figures.classMarks(collapsed)
        #expect(marks.count == 10 && marks.allSatisfy(\.isLed))
        for (index, mark) in marks.enumerated() {
            #expect(!marks.contains { mark.box.contains($0.dot) }, "no number over the codes")
            #expect(marks[..<index].allSatisfy { !$0.box.overlaps(mark.box) })
        }
    }

    @Test("A class that goes around nothing has its number on its dots, not in their middle")
    func ringMark() throws {
        let count = 400
        let codes = (0..<count).flatMap { at -> [Float] in
            let angle = 2 * Double.pi * Double(at) / Double(count)
            return [Float(5 * cos(angle)), Float(5 * sin(angle))]
        }
        let cloud = CodeCloud(codes: codes, dimensions: 2, labels: [UInt8](repeating: 3, count: count), prior: [])
        let mark = try #require(Figures.classMarks(cloud).first)
        let raster = Figures.codes(cloud, title: title)
        let around = PixelBox(x: mark.box.x - 4, y: mark.box.y - 4, width: mark.box.width + 8, height: mark.box.height + 8)
        // The class's green, over white and over itself.
        let isGreen = { (colour: Int) in colour >> 8 & 0xFF > colour >> 16 + 40 && colour >> 8 & 0xFF > colour & 0xFF + 15 }
        #expect(colours(of: raster, in: around).contains(where: isGreen))
    }

    @Test("A class without a dot has no number and no place in the legend")
    func absentClasses() {
        let away: [Float] = [.nan, 0, 0, .infinity, 3e38, 1, 1, -3e38]
        let near = (0..<200).flatMap { [Float($0 % 14), Float($0 / 14)] }
        let labels = [UInt8](repeating: 2, count: 4) + [UInt8](repeating: 4, count: 200)
        let cloud = CodeCloud(codes: away + near, dimensions: 2, labels: labels, prior: [])
        #expect(Figures.classMarks(cloud).map(\.label) == [4])
        let raster = Figures.codes(cloud, title: title)
        #expect(holds(raster, 0x77, 0xCC, 0xFF) && !holds(raster, 0xDD, 0x00, 0x11))
    }

    @Test("A class that lies everywhere among others, evenly, has no number")
    func mixed() {
        var codes: [Float] = []
        var labels: [UInt8] = []
        for at in 0..<4900 {
            codes += [Float(at % 70), Float(at / 70)]
            labels.append(UInt8((at % 70 * 3 + at / 70) % 10))
        }
        #expect(Figures.classMarks(CodeCloud(codes: codes, dimensions: 2, labels: labels, prior: [])).isEmpty)
    }

    @Test(
        "All numbers above the histograms of one sheet have the same digits behind the point",
        arguments: [
            (1, ["mean \u{2212}0.25, std 1.25", "mean 0.01, std 0.06", "mean 0.00, std 0.00"]),
            (0.01, ["mean \u{2212}0.0025, std 0.0125", "mean 0.0001, std 0.0006", "mean 0.0000, std 0.0000"]),
            (1e4, ["mean \u{2212}2500, std 12500", "mean 100, std 600", "mean 0, std 0"]),
        ] as [(Float, [String])])
    func histogramDigits(scale: Float, words: [String]) {
        let codes: [Float] = [1, 0.07, 0, -1.5, -0.05, 0].map { $0 * scale }
        #expect(Figures.histogramMoments(CodeCloud(codes: codes, dimensions: 3, labels: [], prior: [])) == words)
    }

    @Test("No word of the histograms reaches the edge of the sheet", arguments: [1, 2, 3, 8, 15, 16, 120])
    func histogramEdges(dimensions: Int) {
        for scale in [Float(1e-6), 0.03, 10, 123_456, 1e12] {
            let codes = cloud(300, dimensions: dimensions, scale: scale)
            let shifted = CodeCloud(
                codes: codes.codes.map { $0 - 7 * scale }, dimensions: dimensions, labels: [], prior: codes.prior)
            let raster = Figures.codeHistograms(shifted, title: FigureTitle(run: "run", epoch: 1000, step: 500_000))
            #expect(hasWhiteEdge(raster, columns: 6), "\(dimensions) dimensions of \(scale)")
        }
    }

    @Test("No figure has ink at the edge of its sheet, whatever stands in it", arguments: [0.0005, 1, 98_765, 1e9])
    func edges(scale: Double) {
        let long = FigureTitle(run: String(repeating: "a-run-", count: 10), epoch: 12_345, step: 123_456_789)
        let curves = TrainingCurves(
            reconstruction: curve("training", 300) { scale * (1 + 50 / $0) }, heldOut: curve("held-out", 3) { scale * $0 },
            adversaries: [curve("discriminator", 300) { _ in scale }, curve("generator", 300) { _ in -scale }],
            rates: [curve("reconstruction", 300) { scale / $0 }], stepsPerEpoch: 100)
        #expect(hasWhiteEdge(Figures.losses(curves, title: long), columns: 6))
        let codes = cloud(100, dimensions: 2, scale: Float(scale))
        #expect(hasWhiteEdge(Figures.codes(codes, title: long), columns: 4))
        let images = ImageBatch(count: 9, height: 9, width: 9, channels: 1, pixels: [UInt8](repeating: 1, count: 729))
        let axis = WalkAxis(name: "z1", values: [-scale, 0, scale])
        let walk = Figures.walk(images, columns: 3, horizontal: axis, vertical: axis, caption: "a caption", title: long)
        #expect(hasWhiteEdge(walk, columns: 4))
        #expect(hasWhiteEdge(Figures.samples(images, title: long), columns: 4))
        #expect(hasWhiteEdge(Figures.reconstructions(originals: images, reconstructions: images, title: long), columns: 4))
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
