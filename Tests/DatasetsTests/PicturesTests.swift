import Datasets
import Foundation
import TestSupport
import Testing

/// Small files written by Pillow (pictures.py); their pixels follow a formula that is computed again here.
@Suite("Folders of pictures") struct PicturesTests {
    let folder: Scratch

    init() throws { folder = Scratch() }

    private static let (height, width) = (4, 3)
    private static let grey = (0..<height * width).map { UInt8((40 * ($0 / width) + 70 * ($0 % width)) % 256) }
    private static let colour = grey.flatMap { [$0, 255 - $0, $0 / 2] }
    /// Laid on white.
    private static func onWhite(_ values: [UInt8], channels: Int) -> [UInt8] {
        values.enumerated().map { index, value in
            let pixel = index / channels
            let alpha = 85 * (pixel / width + pixel % width) % 256
            return UInt8((Int(value) * alpha + 255 * (255 - alpha) + 127) / 255)
        }
    }

    private func open(at part: String = "/pictures", told: (ConversionProgress) -> Void = { _ in }) throws -> DataSet {
        let settings = DataSettings(set: "pictures", folder: folder.path + part)
        return try withoutActuallyEscaping(told) { try DataSet.open(settings, directory: nil, progress: $0) }
    }

    /// As many pictures of each class; picture i of a class is grey of 1 × 2 pixels, class and i.
    private func writeClasses(_ names: [String], count: Int, in part: String = "pictures/") throws {
        for (number, name) in names.enumerated() {
            for index in 0..<count { try folder.write("\(part)\(name)/\(index).png", png(UInt8(number), UInt8(index))) }
        }
    }

    /// A PNG of two grey pixels, its content stored and not packed.
    private func png(_ first: UInt8, _ second: UInt8) -> [UInt8] {
        func chunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
            let body = Array(kind.utf8) + content
            return bigEndian(UInt32(content.count)) + body + bigEndian(checkSum(body))
        }
        let row = [0, first, second]
        let sums = row.reduce((1, 0)) { sum, byte in ((sum.0 + Int(byte)) % 65_521, (sum.1 + sum.0 + Int(byte)) % 65_521) }
        let packed = [0x78, 1, 1, 3, 0, 252, 255] + row + bigEndian(UInt32(sums.1 << 16 | sums.0))
        return [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10] + chunk("IHDR", bigEndian(2, 1) + [8, 0, 0, 0, 0]) + chunk("IDAT", packed)
            + chunk("IEND", [])
    }

    @Test(
        "every kind of PNG has its pixels",
        arguments: [
            (PictureFixtures.grey, 1, grey), (PictureFixtures.interlaced, 1, grey), (PictureFixtures.wide, 1, grey),
            (PictureFixtures.bits, 1, grey.map { $0 >= 128 ? 255 : 0 }), (PictureFixtures.greyAlpha, 1, onWhite(grey, channels: 1)),
            (PictureFixtures.colour, 3, colour), (PictureFixtures.palette, 3, colour),
            (PictureFixtures.colourAlpha, 3, onWhite(colour, channels: 3)),
        ])
    func kinds(content: String, channels: Int, pixels: [UInt8]) throws {
        let picture = try PictureFile(folder.write("a.png", base64(content)))
        #expect(picture.height == Self.height && picture.width == Self.width && picture.channels == channels)
        #expect(try picture.pixels(channels: channels) == pixels)
        // A grey one among others in colour.
        let inColour = try picture.pixels(channels: 3)
        #expect(channels == 3 || inColour == pixels.flatMap { [$0, $0, $0] })
    }

    @Test(
        "a JPEG has the pixels that Pillow reads, to rounding",
        arguments: [
            (PictureFixtures.greyJPEG, 1, PictureFixtures.greyJPEGPixels),
            (PictureFixtures.colourJPEG, 3, PictureFixtures.colourJPEGPixels),
            (PictureFixtures.progressiveJPEG, 3, PictureFixtures.progressiveJPEGPixels),
        ])
    func jpegs(content: String, channels: Int, pixels: String) throws {
        let picture = try PictureFile(folder.write("a.jpg", base64(content)))
        #expect(picture.height == 12 && picture.width == 10 && picture.channels == channels)
        let (found, expected) = (try picture.pixels(channels: channels), try base64(pixels))
        #expect(found.count == expected.count && zip(found, expected).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
        let three = try picture.pixels(channels: 3)
        #expect(channels == 3 || three == found.flatMap { [$0, $0, $0] })
    }

    @Test("what is no picture that can be read is told by its name and the library's words")
    func damaged() throws {
        let files: [(name: String, content: [UInt8], text: String)] = [
            ("a.png", Array(try base64(PictureFixtures.grey).dropLast(20)), "what cannot be read ("),
            ("a.jpg", Array(try base64(PictureFixtures.colourJPEG).dropLast(150)), "what cannot be read ("),
            ("a.jpg", try base64(PictureFixtures.printerJPEG), "what cannot be read (its colours are those of a printer (CMYK))"),
            ("a.png", [0x47, 0x49, 0x46], "neither the first bytes of a PNG nor of a JPEG"),
            ("a.png", [], "neither the first bytes"),
        ]
        for file in files {
            let path = try folder.write(file.name, file.content)
            let said = try dataError { _ = try PictureFile(path).pixels(channels: 3) }
            #expect(said.contains("\(path) cannot be used: it has \(file.text)"), "\(said)")
        }
        // A head that claims 60,000 × 60,000 pixels, and one of 4,096 × 4,096 in some hundred bytes.
        var claims = try base64(PictureFixtures.grey)
        for (place, byte) in [(18, 0xEA), (19, 0x60), (22, 0xEA), (23, 0x60)] { claims[place] = UInt8(byte) }
        claims.replaceSubrange(29..<33, with: bigEndian(checkSum(Array(claims[12..<29]))))
        try folder.write("b.png", claims)
        #expect(throws: DataError.self) { try PictureFile(folder.path + "/b.png") }
        var jpeg = try base64(PictureFixtures.greyJPEG)
        let start = try #require(jpeg.indices.dropLast(9).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(start + 5..<start + 9, with: [0x10, 0, 0x10, 0])
        try folder.write("b.jpg", jpeg)
        let text = try dataError { _ = try PictureFile(folder.path + "/b.jpg") }
        #expect(text.contains("it has 4096 × 4096 pixels in \(jpeg.count) bytes, expected at most"), "\(text)")
    }

    @Test("classes are numbered by their folders' names, numbers by their value; first and last pictures are of every class")
    func classes() throws {
        try writeClasses(["9", "10", "dog", "cat"], count: 21)
        try folder.write("pictures/dog/notes.txt", [1])
        try folder.write("pictures/.hidden/x.png", [1])
        try FileManager.default.createDirectory(atPath: folder.path + "/pictures/empty", withIntermediateDirectories: false)
        let data = try open()
        // A seventh of 84 tests, a sixth of the rest validates.
        #expect(counts(data) == [60, 12, 12] && data.classes == 4 && data.settings.folder == folder.path + "/pictures")
        #expect(data.train.height == 1 && data.train.width == 2 && data.train.channels == 1)
        // The order 9, 10, cat, dog; their numbers in the order of writing are 0, 1, 3, 2.
        let place: [UInt8] = [0, 1, 3, 2]
        var seen: Set<[UInt8]> = []
        for split in DataSet.Split.allCases {
            let part = data.subset(split)
            #expect(Set(part.labels(0..<part.count)).count >= 3, "\(split)")
            for index in 0..<part.count {
                let pixels = part.images([index])
                #expect(part.label(index) == place[Int(pixels[0])])
                #expect(seen.insert(pixels).inserted)
            }
        }
        #expect(seen.count == 84)
        #expect(try open().identity == data.identity)
        #expect(try DataSet.open(DataSettings(set: "pictures"), directory: folder.path + "/pictures/").identity == data.identity)
    }

    @Test("without class folders there are no labels; with train and test each has its own")
    func parts() throws {
        for index in 0..<8 { try folder.write("bare/\(index).PNG", png(0, UInt8(index))) }
        let bare = try open(at: "/bare")
        #expect(counts(bare) == [6, 1, 1] && !bare.train.hasLabels && bare.classes == 0)
        try writeClasses(["a", "b", "c"], count: 6, in: "both/train/")
        try writeClasses(["a", "b", "c"], count: 2, in: "both/test/")
        try FileManager.default.removeItem(atPath: folder.path + "/both/test/b")
        let both = try open(at: "/both")
        #expect(counts(both) == [15, 3, 4] && both.test.labels(0..<4) == [0, 0, 2, 2] && both.classes == 3)
        #expect(both.test.images([3]) == [2, 1])
    }

    @Test("grey and colour together are in colour; the first picture of another size than most is named")
    func sizes() throws {
        for index in 0..<3 { try folder.write("pictures/a/\(index).png", base64(PictureFixtures.grey)) }
        try folder.write("pictures/b/c.jpeg", base64(PictureFixtures.colour))
        let data = try open()
        #expect(data.train.channels == 3 && counts(data) == [2, 1, 1])
        for split in DataSet.Split.allCases {
            for index in 0..<data.subset(split).count {
                let isGrey = data.subset(split).label(index) == 0
                #expect(data.subset(split).images([index]) == (isGrey ? Self.grey.flatMap { [$0, $0, $0] } : Self.colour))
            }
        }
        try folder.write("pictures/b/odd.png", base64(PictureFixtures.greyJPEG))
        let text = try dataError { _ = try open() }
        #expect(
            text.hasPrefix("\(folder.path)/pictures/b/odd.png cannot be used: it has 12 × 10 pixels, expected 4 × 3, as most of"),
            "\(text)")
    }

    @Test("they are decoded once: again where one was changed, added, taken away or put into another class")
    func once() throws {
        try writeClasses(["a", "b"], count: 10, in: "p/")
        var told = 0
        func again() throws -> (identity: String, isAnew: Bool) {
            told = 0
            let data = try open(at: "/p") { _ in told += 1 }
            return (data.identity, told > 0)
        }
        var identities = [try again().identity]
        #expect(try again() == (identities[0], false) && (try folder.names.contains("p.images")))
        // The same content at another time: it is checked, and the new time noted.
        try folder.write("p/a/3.png", png(0, 3))
        #expect(try again() == (identities[0], false))
        let changes: [() throws -> Void] = [
            { try folder.write("p/a/3.png", png(0, 77)) }, { try folder.write("p/a/new.png", png(9, 9)) },
            { try FileManager.default.moveItem(atPath: folder.path + "/p/a/4.png", toPath: folder.path + "/p/b/4b.png") },
            { try FileManager.default.removeItem(atPath: folder.path + "/p/b/1.png") },
        ]
        for change in changes {
            try change()
            let (identity, isAnew) = try again()
            #expect(isAnew && !identities.contains(identity))
            identities.append(identity)
        }
    }

    @Test("folders that make no sense are told as what they are")
    func senseless() throws {
        func text(_ files: [String]) throws -> String {
            let part = "/\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder.path + part, withIntermediateDirectories: false)
            for file in files { try folder.write("\(part)/\(file)", png(1, 1)) }
            return try dataError { _ = try open(at: part) }
        }
        #expect(try text([]).contains("it has no pictures, expected files called *.png"))
        #expect(try text(["a/1.png", "b/1.png"]).contains("it has 2 pictures, expected three or more"))
        #expect(
            try text(["1.png", "b/1.png"]).contains(
                "it has pictures in itself (1.png) and in folders (b), expected one or the other"))
        #expect(try text(["train/a/1.png"]).contains("it has a folder train and none called test, expected both"))
        #expect(
            try text(["train/a/1.png", "test/1.png"]).contains("it has no class folders, expected test pictures that lie as those"))
        #expect(try text(["train/a/1.png", "test/b/1.png"]).contains("it has a class b that train has not"))
        #expect(try text(["a/1.png", "a/2.webp"]).contains("2.webp cannot be used: it has the ending .webp, expected PNG or JPEG"))
        #expect(try text((0..<256).map { "\($0)/1.png" }).contains("it has 256 class folders, expected at most 255"))
        try folder.write("file", [1])
        #expect(
            try dataError { _ = try open(at: "/file") }
                == "data set pictures: the folder \(folder.path)/file is a file; check what you gave for data.folder, or name the folder "
                + "with --data DIR.")
        let unnamed = try dataError {
            _ = try DataSet.open(DataSettings(set: "pictures"), in: DataDirectory(environment: ["HOME": "/nowhere"]))
        }
        #expect(unnamed.contains("data.folder is nothing, expected the folder of the pictures"), "\(unnamed)")
    }

    @Test("a folder that is not there is told with the flag that names its new place, whoever named it")
    func moved() throws {
        let place = folder.path + "/nowhere"
        func text(_ directory: DataDirectory) throws -> String {
            try dataError { _ = try DataSet.open(DataSettings(set: "pictures", folder: place), in: directory) }
        }
        let head = "data set pictures: the folder \(place) is not there; "
        #expect(
            try text(DataDirectory(folder: place))
                == head + "check what you gave for data.folder, or name the folder with --data DIR.")
        #expect(
            try text(DataDirectory(folder: place, isOfRun: true))
                == head + "name its new place with --data DIR, or give it to `lockstep resume` by --set data.folder=DIR.")
        #expect(try text(DataDirectory(option: place, isOfRun: true)) == head + "check what you gave for --data.")
    }

    @Test(
        "what is called a picture and cannot be read is refused by its name, and not left out of training",
        arguments: [
            ("a/3.png", "a broken link"), ("b/3.JPEG", "a loop of links"), ("a/3.jpg", "a pipe"), ("b/3.png", "a device"),
            ("a/3.webp", "a broken link"), ("c", "a broken link"), ("d", "a loop of links"),
        ])
    func unreadable(name: String, what: String) throws {
        try writeClasses(["a", "b"], count: 3)
        let path = "\(folder.path)/pictures/\(name)"
        switch what {
        case "a pipe": #expect(mkfifo(path, 0o600) == 0)
        case "a device": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/null")
        case "a loop of links": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
        default: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.path + "/nowhere")
        }
        let text = try dataError { _ = try open() }
        #expect(
            text == "\(path) cannot be used: it has no content (\(what)), expected a picture or a folder of pictures; mend it, "
                + "or take it out of the folder.")
        // Without it, and with files that are neither picture nor class, the rest is used for training.
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/pictures/a/notes.txt", withDestinationPath: folder.path + "/nowhere")
        #expect(counts(try open()).reduce(0, +) == 6)
    }
}
