import Figures
import Runs
import Testing

/// Tables of images: where their places are, and what stands in them.
@Suite struct ImageTableTests {
    private let title = FigureTitle(run: "test", epoch: 1, step: 10, paper: "7")

    /// Images of one brightness each: their number and 1.
    private func images(_ count: Int, width: Int = 4, height: Int = 5, channels: Int = 1) -> ImageBatch {
        ImageBatch(
            count: count, height: height, width: width, channels: channels,
            pixels: (0..<count).flatMap { [UInt8](repeating: UInt8($0 % 200) + 1, count: height * width * channels) })
    }

    private func colour(_ raster: Raster, _ x: Int, _ y: Int) -> [UInt8] {
        Array(raster.pixels[(y * raster.width + x) * 3..<(y * raster.width + x) * 3 + 3])
    }

    @Test(
        "Every image stands in its place, places touch nowhere, and a place without an image is paper",
        arguments: [(4, 5, 1), (28, 28, 1), (32, 32, 3), (48, 48, 1), (1, 1, 1)])
    func places(width: Int, height: Int, channels: Int) {
        let cells: [Int?] = [0, 1, 2, 3, nil, 4, 5, nil, nil, 6, 7, nil]
        let table = ImageTable(
            images(8, width: width, height: height, channels: channels),
            groups: [ImageTable.Group(columns: 1, name: "head"), ImageTable.Group(columns: 3, name: "images")], cells: cells,
            rowsName: "cluster", rowNames: ["0", "1", "2"], rowNotes: ["one", "two", "three"], caption: "a caption")
        let raster = Figures.table(table, what: "Each row one cluster", title: title)
        let places = Figures.places(of: table)
        #expect(places.count == 12 && table.rows == 3 && table.columns == 4)
        for (index, place) in places.enumerated() {
            #expect(!places[..<index].contains { $0.overlaps(place) })
            #expect(place.right <= raster.width && place.bottom <= raster.height)
            #expect(place.width % width == 0 && place.height == place.width / width * height)
            let expected = cells[index].map { UInt8($0) + 1 } ?? 255
            for (x, y) in [(place.x, place.y), (place.right - 1, place.bottom - 1)] {
                #expect(colour(raster, x, y) == [expected, expected, expected])
            }
        }
        // Rows are level, columns upright, and the first stands apart from the others.
        #expect((0..<3).allSatisfy { row in Set(places[4 * row..<4 * row + 4].map(\.y)).count == 1 })
        #expect((0..<4).allSatisfy { column in Set([0, 4, 8].map { places[$0 + column].x }).count == 1 })
        #expect(places[1].x - places[0].right > places[2].x - places[1].right)
    }

    @Test("A name that is wider than its columns pushes the next ones to the right")
    func names() {
        func gap(_ name: String) -> Int {
            let places = Figures.places(
                of: ImageTable(images(2), groups: [ImageTable.Group(columns: 1, name: name), ImageTable.Group(columns: 1)]))
            return places[1].x - places[0].x
        }
        #expect(gap("i") < gap("image") && gap("image") < gap("nearest training image"))
        #expect(gap("nearest training image") > Lettering.body.width(of: "nearest training image"))
    }

    @Test("Images of one whole touch")
    func seamless() {
        let groups = [ImageTable.Group(columns: 2, name: "a"), ImageTable.Group(columns: 2, name: "b")]
        let places = Figures.places(of: ImageTable(images(8), groups: groups, isSeamless: true))
        #expect(places[1].x == places[0].right && places[4].y == places[0].bottom && places[2].x > places[1].right)
    }

    @Test("Names of rows and columns come and go with no ink at the edge of the sheet, whatever the images", arguments: [0, 1, 40])
    func edges(rows: Int) {
        for (width, height, channels) in [(1, 1, 1), (28, 28, 1), (2000, 2, 3)] {
            for isNamed in [false, true] {
                let table = ImageTable(
                    images(2 * rows, width: width, height: height, channels: channels),
                    groups: [ImageTable.Group(columns: 2, name: isNamed ? "two" : "", columnNames: isNamed ? ["0", "1"] : [])],
                    rowsName: isNamed ? "row" : "", rowNames: isNamed ? (0..<rows).map { "\($0)" } : [],
                    rowNotes: isNamed ? (0..<rows).map { "note \($0)" } : [], caption: isNamed ? "a caption" : "")
                let raster = Figures.table(table, what: "Each row one thing", title: title)
                let ends = [0, raster.width - 1].flatMap { x in (0..<raster.height).map { colour(raster, x, $0) } }
                #expect(ends.allSatisfy { $0 == [255, 255, 255] })
            }
        }
    }

    @Test("The title tells the paper's figure behind the moment")
    func paper() {
        let (with, without) = (Figures.table(table, what: "w", title: title), Figures.table(table, what: "w", title: plain))
        #expect(with != without && with.height == without.height)
    }

    private var table: ImageTable { ImageTable(images(1), groups: [ImageTable.Group(columns: 1)]) }
    private var plain: FigureTitle { FigureTitle(run: "test", epoch: 1, step: 10) }
}
