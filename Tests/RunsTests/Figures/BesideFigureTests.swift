import Figures
import Foundation
import Runs
import Testing

/// Runs side by side, and cluster heads among codes.
@Suite struct BesideFigureTests {
    private let title = FigureTitle(run: "first, second")

    /// Codes on a disc, each tenth of it a class.
    private func cloud(scale: Float, count: Int = 300, heads: CodeHeads? = nil) -> CodeCloud {
        var (codes, labels): ([Float], [UInt8]) = ([], [])
        for at in 0..<count {
            let turn = Float(at) * 0.381966
            let share = turn - turn.rounded(.down)
            let radius = scale * (Float(at) / Float(count)).squareRoot()
            codes += [radius * cos(2 * .pi * share), radius * sin(2 * .pi * share)]
            labels.append(UInt8(min(9, share * 10)))
        }
        return CodeCloud(codes: codes, dimensions: 2, labels: labels, prior: [], heads: heads)
    }

    private func images(_ count: Int, channels: Int = 1) -> ImageBatch {
        ImageBatch(
            count: count, height: 8, width: 8, channels: channels, pixels: [UInt8](repeating: 77, count: count * 64 * channels))
    }

    private func run(_ name: String, _ cloud: CodeCloud?, space: String = "one", channels: Int = 1) -> RunColumn {
        RunColumn(
            title: FigureTitle(run: name, epoch: 3, step: 12), model: "vae, gaussian prior, code of 2", cloud: cloud, space: space,
            notes: ["holes 3 %, of the prior itself 0 %", "energy distance 0.1, of the prior itself 0.01"],
            blocks: [RunColumn.Block(name: "samples", images: images(12, channels: channels), columns: 4)])
    }

    private func isWhite(_ raster: Raster, column: Int) -> Bool {
        (0..<raster.height).allSatisfy { y in
            let at = (y * raster.width + column) * 3
            return raster.pixels[at..<at + 3].allSatisfy { $0 == 255 }
        }
    }

    @Test("Codes over one prior stand in frames of one size at one height, on the same axes; over others each on its own")
    func axes() {
        let (small, large) = (cloud(scale: 1), cloud(scale: 9))
        let alike = Figures.besideFrames([run("a", small), run("b", large)])
        #expect(alike.count == 2 && alike[0].box.width == alike[1].box.width && alike[0].box.y == alike[1].box.y)
        #expect(alike[0].box.right < alike[1].box.x)
        #expect(alike[0].x == alike[1].x && alike[0].y == alike[1].y && alike[0].x.upperBound > 8)
        let other = Figures.besideFrames([run("a", small), run("b", large, space: "two")])
        #expect(other[0].x.upperBound < 2 && other[1].x == alike[1].x)
        // A third run of the first one's prior shares its axes.
        let three = Figures.besideFrames([run("a", small), run("b", large, space: "two"), run("c", large)])
        #expect(three[0].x == three[2].x)
    }

    @Test("The sheet holds every run with white at its edges, with codes and without", arguments: [2, 3, 4], [1, 3])
    func sheet(count: Int, channels: Int) {
        let names = ["short", String(repeating: "long-", count: 40), "ünïcödé", ""]
        for cloud in [cloud(scale: 2), nil] {
            let runs = names.prefix(count).map { run($0, cloud, channels: channels) }
            let raster = Figures.beside(runs, what: "Runs side by side", title: title)
            #expect([0, 3, raster.width - 4, raster.width - 1].allSatisfy { isWhite(raster, column: $0) })
            #expect(raster.width > count * 300 && raster.width < 4_000)
            let shown = stride(from: 0, to: raster.pixels.count, by: 3).count { at in
                raster.pixels[at..<at + 3].allSatisfy { $0 == 77 }
            }
            // Every image of every run: twelve of eight by eight at four times their size.
            #expect(shown >= count * 12 * 64 * 16)
        }
    }

    @Test("Codes that are empty, or not finite, are laid beside others without complaint")
    func odd() {
        let empty = CodeCloud(codes: [], dimensions: 2, labels: [], prior: [])
        let none = CodeCloud(codes: [.nan, .infinity, 1e38, 0], dimensions: 2, labels: [], prior: [])
        let raster = Figures.beside([run("a", empty), run("b", none), run("c", cloud(scale: 1))], what: "w", title: title)
        #expect(raster.channels == 3)
    }

    @Test("A map holds every cluster head; where heads are classes, theirs are the only numbers")
    func heads() {
        let far: [Float] = [30, 0, 0, -40, 1, 1]
        let named = cloud(scale: 2, heads: CodeHeads(places: far, areClasses: true))
        let clusters = cloud(scale: 2, heads: CodeHeads(places: far, areClasses: false))
        #expect(Figures.classMarks(named).isEmpty && !Figures.classMarks(cloud(scale: 2)).isEmpty)
        let frames = Figures.besideFrames([run("a", clusters)])
        #expect(frames[0].x.contains(30) && frames[0].y.contains(-40))
        // Numbers at all heads, rings at all heads, and neither: three pictures.
        let pictures = [named, clusters, cloud(scale: 2)].map { Figures.codes($0, title: title).pixels }
        #expect(Set(pictures).count == 3)
        for places in [[Float.nan, 0, 1, .infinity], [3e38, 3e38], []] {
            let odd = CodeHeads(places: places, areClasses: true)
            #expect(Figures.codes(cloud(scale: 2, heads: odd), title: title).channels == 3)
        }
    }

    @Test("The numbers of heads hide none of the others, however near their heads are", arguments: [Float(3), 0.3, 0.02, 0])
    func nearHeads(distance: Float) {
        let places = (0..<10).flatMap { [distance * cos(Float($0)), distance * sin(Float($0) * 1.7)] }
        let boxes = Figures.headBoxes(cloud(scale: 4, heads: CodeHeads(places: places, areClasses: true)))
        #expect(boxes.map(\.number).sorted() == Array(0..<10))
        for (index, one) in boxes.enumerated() { #expect(!boxes[..<index].contains { $0.box.overlaps(one.box) }, "\(one.number)") }
    }

    @Test("A class without a number on the picture is named beside it")
    func unnumbered() {
        var codes: [Float] = []
        var labels: [UInt8] = []
        for at in 0..<4900 {
            codes += [Float(at % 70), Float(at / 70)]
            labels.append(UInt8((at % 70 * 3 + at / 70) % 10))
        }
        let mixed = CodeCloud(codes: codes, dimensions: 2, labels: labels, prior: [])
        #expect(Figures.classMarks(mixed).isEmpty)
        let told = Figures.unnumberedClasses(mixed)
        #expect(
            told == Array(0..<10)
                && Figures.unnumberedClasses(cloud(scale: 2)).count == 10 - Figures.classMarks(cloud(scale: 2)).count)
    }
}
