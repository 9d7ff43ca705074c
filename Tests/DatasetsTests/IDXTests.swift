import Datasets
import TestSupport
import Testing

@Suite("IDX files") struct IDXTests {
    let folder: Scratch

    init() throws { folder = Scratch() }

    @Test("images and labels are read, plain, stored gzip and packed gzip alike")
    func reads() throws {
        let content = idxImages(3, 2, 2)
        let packed = try base64("H4sIAAAAAAACA2Ng4GBmYGAAYSYwZmRiZmFlY+fg5OIGAGNEb8YcAAAA")
        for (index, bytes) in [content, gzip(content), packed, gzip([]) + packed].enumerated() {
            let images = try IDX.readImages(try folder.write("images-\(index)", bytes))
            #expect(images.count == 3 && images.rows == 2 && images.columns == 2)
            #expect(images.bytes == Array(0..<12))
        }
        let labels = try folder.write("labels.gz", gzip(idxLabels([3, 0, 9])))
        #expect(try IDX.readLabels(labels, images: 3, classes: 10) == [3, 0, 9])
    }

    @Test("a file larger than the reader's pieces is read whole", arguments: [1, 65_535, 300_000])
    func large(count: Int) throws {
        let content = idxImages(count, 1, 3)
        #expect(try IDX.readImages(try folder.write("plain", content)).bytes.elementsEqual(content.dropFirst(16)))
        #expect(try IDX.readImages(try folder.write("packed", gzip(content))).bytes.elementsEqual(content.dropFirst(16)))
    }

    @Test(
        "each malformed header names file, offset, what was found and what was expected",
        arguments: [
            (bigEndian(0x801, 3, 2, 2), "byte 0", "labels: were images and labels swapped", "0x00000803"),
            (bigEndian(0x1234_5678, 3, 2, 2), "byte 0", "0x12345678", "0x00000803"),
            (bigEndian(0x803, 0, 2, 2), "byte 4", "image count 0", "1 to"),
            (bigEndian(0x803, 4_000_000_000, 2, 2), "byte 4", "image count 4000000000", "1 to 50000000"),
            (bigEndian(0x803, 3, 0, 2), "byte 8", "row count 0", "1 to 4096"),
            (bigEndian(0x803, 3, 2, 5_000), "byte 12", "column count 5000", "1 to 4096"),
            (bigEndian(0x803, 50_000_000, 4_096, 4_096), "byte 4", "50000000 images of 4096", "at most"),
            (bigEndian(0x803, 1_000_000, 28, 28), "byte 16", "cannot hold it", "784000000 bytes"),
            (idxImages(3, 2, 2) + [0], "byte 28", "more bytes", "the end of the file after 3 images"),
        ])
    func malformed(bytes: [UInt8], place: String, found: String, expected: String) throws {
        for (name, content) in [("plain", bytes), ("packed", gzip(bytes))] {
            let path = try folder.write(name, content)
            let text = try dataError { _ = try IDX.readImages(path) }
            for part in [path, place, found, expected] { #expect(text.contains(part), "\(text)") }
        }
    }

    @Test(
        "a sound file of another type, or of more axes, is told as what it is",
        arguments: [
            (bigEndian(0xD03, 3, 2, 2), "it has float32 in 3 axes, expected uint8 in 3 axes"),
            (bigEndian(0x804, 3, 2, 2), "it has uint8 in 4 axes, expected uint8 in 3 axes"),
        ])
    func otherKinds(bytes: [UInt8], words: String) throws {
        let text = try dataError { _ = try IDX.readImages(try folder.write("images", bytes)) }
        #expect(text.contains(words) && !text.contains("damaged"), "\(text)")
    }

    @Test("labels out of range, too few, too many or of another count are errors")
    func labels() throws {
        func text(_ bytes: [UInt8], images: Int) throws -> String {
            let path = try folder.write("labels", bytes)
            return try dataError { _ = try IDX.readLabels(path, images: images, classes: 10) }
        }
        #expect(try text(idxLabels([1, 2, 10]), images: 3).contains("at byte 10 found label 10, expected 0 to 9"))
        #expect(try text(idxLabels([1, 2]), images: 3).contains("at byte 4 found 2 labels, expected 3"))
        #expect(try text(bigEndian(0x801, 3) + [1, 2], images: 3).contains("byte 8"))
        #expect(try text(idxLabels([1, 2, 3]) + [4], images: 3).contains("at byte 11 found more bytes"))
        #expect(try text(idxImages(3, 1, 1), images: 3).contains("images: were images and labels swapped"))
    }

    @Test("a file cut at any byte is an error that says so, plain or packed")
    func truncated() throws {
        let content = idxImages(2, 3, 2)
        let packed = try base64("H4sIAAAAAAACA2Ng4GBmYGAAYSYwZmRiZmFlY+fg5OIGAGNEb8YcAAAA")
        for (name, whole) in [("plain", content), ("stored", gzip(content)), ("packed", packed)] {
            for length in 0..<whole.count {
                let path = try folder.write(name, Array(whole.prefix(length)))
                let text = try dataError { _ = try IDX.readImages(path) }
                #expect(text.contains(path) && text.contains("at byte"), "\(name) \(length): \(text)")
            }
        }
    }

    @Test("a flipped bit is never a crash, and in a gzip file never goes unseen")
    func flipped() throws {
        let content = idxImages(2, 3, 2)
        for bit in 0..<content.count * 8 {
            var bytes = content
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let path = try folder.write("plain", bytes)
            if bit / 8 < 16 { #expect(throws: DataError.self) { try IDX.readImages(path) } }
        }
        let packed = try base64("H4sIAAAAAAACA2Ng4GBmYGAAYSYwZmRiZmFlY+fg5OIGAGNEb8YcAAAA")
        for bit in 80..<packed.count * 8 {
            var bytes = packed
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let path = try folder.write("packed", bytes)
            // A flip behind the last deflate bit is padding and changes nothing.
            if let images = try? IDX.readImages(path) { #expect(images.bytes == Array(0..<12), "bit \(bit)") }
        }
    }

    @Test("rubbish behind a gzip stream and a wrong check sum are errors with the offset in the file")
    func trailing() throws {
        let whole = gzip(idxImages(2, 1, 2))
        let path = try folder.write("a.gz", whole + [1, 2, 3, 4])
        #expect(try dataError { _ = try IDX.readImages(path) }.contains("at byte \(whole.count) found a gzip stream"))
        var wrong = whole
        wrong[whole.count - 8] ^= 1
        let other = try folder.write("b.gz", wrong)
        #expect(try dataError { _ = try IDX.readImages(other) }.contains("incorrect data check"))
    }

    @Test("a missing file and a folder are named with the reason")
    func unreadable() throws {
        #expect(try dataError { _ = try IDX.readImages("\(folder.path)/none") }.contains("No such file"))
        #expect(try dataError { _ = try IDX.readImages(folder.path) }.contains("it is a folder"))
    }
}
