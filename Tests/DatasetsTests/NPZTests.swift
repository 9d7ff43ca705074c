import Datasets
import TestSupport
import Testing

@Suite("NumPy archives") struct NPZTests {
    let folder: Scratch

    init() throws { folder = Scratch() }

    /// `numpy.savez_compressed` of six training images (4 × 3) with labels 0 to 5 and two test images with labels 7, 3.
    private static let packed =
        "UEsDBC0AAAAIAAAAIQCocNWE//////////8LABQAeF90cmFpbi5ucHkBABAAyAAAAAAAAACRAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6l"
        + "oF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GmY6CiY6CsaaOgq1CuQBLgZGJmYWVjZ2Dk4ubh5ePn4BQSFhEVExcQlJKWkZ"
        + "WTl5BUUlZRVVNXUNTS1tHV09fQNDI2MTUzNzC0sraxtbO3sHRydnF1c3dwBQSwMELQAAAAgAAAAhAOt11wn//////////wsAFAB5X3RyYWlu"
        + "Lm5weQEAEACGAAAAAAAAAEoAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvka"
        + "ZjqaOgq1ChQALgZGJmYWVgBQSwMELQAAAAgAAAAhAOXM80f//////////woAFAB4X3Rlc3QubnB5AQAQAJgAAAAAAAAAYQAAAAAAAACb7Bfq"
        + "GxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgomOgrGmjoKtQrkAa6U1LT0jMys7JzcvPyC"
        + "wqLiktKy8orKqmoAUEsDBC0AAAAIAAAAIQB2lSd2//////////8KABQAeV90ZXN0Lm5weQEAEACQAAAAAAAAAEoAAAAAAAAAm+wX6hsQychQ"
        + "xlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjqaOgq1ChQALnYGCGCG0gBQSwECLQMtAAAACAAAACEA"
        + "qHDVhJEAAADIAAAACwAAAAAAAAAAAAAAgAEAAAAAeF90cmFpbi5ucHlQSwECLQMtAAAACAAAACEA63XXCUoAAACGAAAACwAAAAAAAAAAAAAA"
        + "gAHOAAAAeV90cmFpbi5ucHlQSwECLQMtAAAACAAAACEA5czzR2EAAACYAAAACgAAAAAAAAAAAAAAgAFVAQAAeF90ZXN0Lm5weVBLAQItAy0A"
        + "AAAIAAAAIQB2lSd2SgAAAJAAAAAKAAAAAAAAAAAAAACAAfIBAAB5X3Rlc3QubnB5UEsFBgAAAAAEAAQA4gAAAHgCAAAAAA=="

    private func npy<Element: NPYElement>(_ values: [Element], _ shape: [Int]) throws -> [UInt8] {
        try NPY.write(values, shape: shape, to: "\(folder.path)/member.npy")
        return try folder.read("member.npy")
    }

    @Test("an archive of Keras' names, packed, is a data set")
    func keras() throws {
        try folder.write("npz/mnist.npz", try base64(Self.packed))
        let data = try DataSet.open(DataSettings(set: "npz", train: 4, validation: 2), directory: folder.path)
        #expect(counts(data) == [4, 2, 2])
        #expect(data.train.height == 4 && data.train.width == 3)
        #expect(data.validation.labels(0..<2) == [4, 5])
        #expect(data.validation.images([1]) == Array(60..<72))
        #expect(data.test.images([0]) == Array(100..<112) && data.test.labels(0..<2) == [7, 3] && data.classes == 8)
    }

    @Test("an archive of stored members and the other names, in colour, is a data set")
    func stored() throws {
        let members = [
            ("train_images.npy", try npy([UInt8](0..<48), [4, 2, 2, 3])), ("train_labels.npy", try npy([Int32](0..<4), [4, 1])),
            ("test_images.npy", try npy([UInt8](0..<12), [1, 2, 2, 3])), ("test_labels.npy", try npy([UInt8(9)], [1])),
        ]
        try folder.write("my.npz", zip(members))
        let data = try DataSet.open(DataSettings(set: "npz", train: 3, validation: 1, file: "my.npz"), directory: folder.path)
        #expect(data.train.channels == 3 && data.train.pixels == 12)
        #expect(data.validation.images([0]) == Array(36..<48))
    }

    @Test("arrays that are no images or labels are refused with their type and shape")
    func unfit() throws {
        func text(_ images: [UInt8], _ labels: [UInt8]) throws -> String {
            let members = [("x_train", images), ("y_train", labels), ("x_test", images), ("y_test", labels)]
            try folder.write("mnist.npz", zip(members))
            return try dataError {
                _ = try DataSet.open(DataSettings(set: "npz", train: 1, validation: 1), directory: folder.path)
            }
        }
        let images = try npy([UInt8](0..<8), [2, 2, 2])
        #expect(
            try text(npy([Int32](0..<8), [2, 2, 2]), images).contains("(x_train) is of int32, a type that is not read as images"))
        #expect(try text(npy([UInt8](0..<8), [8]), images).contains("an array of shape (8,), expected (count, height, width)"))
        #expect(try text(images, npy([Float(0), 1], [2])).contains("float32, a type that is not read as labels"))
        #expect(try text(images, npy([Int64(1)], [1])).contains("labels of shape (1,), expected 2, one for each image"))
        #expect(
            try text(images, npy([Int64(1), 256], [2])).contains(
                "the label 256 at index 1, expected one label of 0 to 255 for each image"))
    }

    @Test("an archive without the arrays names those it has")
    func otherNames() throws {
        try folder.write("mnist.npz", zip([("a.npy", []), ("b.npy", [])]))
        let text = try dataError { _ = try DataSet.open(DataSettings(set: "npz"), directory: folder.path) }
        #expect(text.contains("it has the arrays a, b, expected x_train and x_test"))
        let path = try folder.write("own.npy", try npy([UInt8(1)], [1]))
        let one = try dataError { _ = try DataSet.open(DataSettings(set: "npz", file: path), directory: folder.path) }
        #expect(one.contains("it has one array, expected an archive"))
    }

    @Test(
        "zip64, encryption, other methods and impossible sizes are refused",
        arguments: [
            (24, [255, 255, 255, 255], "a zip64 archive"), (8, [1], "an encrypted member"), (10, [12], "compression method 12"),
            (24, [0, 0, 0, 1], "sizes that the file's"), (20, [0, 0, 0, 1], "sizes that the file's"), (0, [0], "other bytes"),
            (16, [1, 2, 3, 4], "CRC-32"), (42, [9], "local header"),
        ])
    func refused(place: Int, bytes: [UInt8], text: String) throws {
        let archive = zip([("a.npy", try npy([UInt8(1)], [1]))]) { entry in
            entry.replaceSubrange(place..<place + bytes.count, with: bytes)
        }
        let path = try folder.write("a.npz", archive)
        let found = try dataError { _ = try NPZ(path).read("a") }
        #expect(found.contains(text) && found.contains(path), "\(found)")
    }

    @Test("an archive cut at any byte is an error; a flipped bit is an error or changes nothing that is read")
    func damaged() throws {
        let whole = try base64(Self.packed)
        for length in stride(from: 0, to: whole.count, by: 7) {
            let path = try folder.write("a.npz", Array(whole.prefix(length)))
            #expect(throws: DataError.self, "\(length)") { try NPZ(path).read("x_train") }
        }
        let images = try NPZ(try folder.write("a.npz", whole)).read("x_train").values
        for bit in 0..<whole.count * 8 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let path = try folder.write("a.npz", bytes)
            if let read = try? NPZ(path).read("x_train") { #expect(read.values == images, "bit \(bit)") }
        }
    }
}
