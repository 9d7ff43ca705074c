import Datasets
import Kernels
import TestSupport
import Testing

/// What users have in their archives: NumPy's types, orders and shapes.
@Suite("People's own arrays") struct OwnArraysTests {
    let folder: Scratch

    init() throws { folder = Scratch() }

    /// A `.npy` file with a header as it stands here.
    private func npy(_ descriptor: String, _ shape: [Int], _ body: [UInt8], fortran: Bool = false) -> [UInt8] {
        let sides = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        let header = "{'descr': '\(descriptor)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(sides)), }\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndian(header.utf8.count, 2) + Array(header.utf8) + body
    }

    private func open(
        _ members: [(String, [UInt8])], _ settings: DataSettings = DataSettings(set: "npz")
    ) throws -> DataSet {
        try folder.write("mnist.npz", zip(members.map { ($0.0 + ".npy", $0.1) }))
        return try DataSet.open(settings, directory: folder.path)
    }

    private static let integers: [(String, Int)] = [
        ("|i1", 1), ("|u1", 1), ("|b1", 1), ("<i2", 2), (">i2", 2), ("<u2", 2), (">u2", 2), ("<i4", 4), (">i4", 4), ("<u4", 4),
        (">u4", 4), ("<i8", 8), (">i8", 8), ("<u8", 8), (">u8", 8),
    ]

    @Test("labels are integers of any width in either byte order", arguments: integers)
    func labels(descriptor: String, width: Int) throws {
        let body = [0, 1, 1].flatMap { value -> [UInt8] in
            let bytes = littleEndian(value, width)
            return descriptor.first == ">" ? bytes.reversed() : bytes
        }
        let labels = npy(descriptor, [3], body)
        let images = npy("|u1", [3, 1, 2], [1, 2, 3, 4, 5, 6])
        let data = try open([("x_train", images), ("y_train", labels), ("x_test", images), ("y_test", labels)])
        #expect(data.test.labels(0..<3) == [0, 1, 1] && data.classes == 2)
    }

    @Test("a negative label, and one of 64 bits without a sign, is refused as what it is")
    func labelsOutside() throws {
        let images = npy("|u1", [1, 1, 2], [1, 2])
        for (labels, words) in [
            (npy("|i1", [1], [255]), "the label -1 at index 0"),
            (npy("<u8", [1], [UInt8](repeating: 255, count: 8)), "the label 9223372036854775807 at index 0"),
        ] {
            let text = try dataError {
                _ = try open([("x_train", npy("|u1", [2, 1, 2], [1, 2, 3, 4])), ("x_test", images), ("y_test", labels)])
            }
            #expect(text.contains(words) && !text.contains("damaged"), "\(text)")
        }
    }

    /// 0, a fifth and 1 of the scale, twice.
    private static let floats: [(String, [UInt8])] = [
        ("<f2", [0, 0, 0x66, 0x32, 0, 0x3C]), (">f2", [0, 0, 0x32, 0x66, 0x3C, 0]),
        ("<f4", [0, 0, 0, 0, 0xCD, 0xCC, 0x4C, 0x3E, 0, 0, 0x80, 0x3F]),
        (">f4", [0, 0, 0, 0, 0x3E, 0x4C, 0xCC, 0xCD, 0x3F, 0x80, 0, 0]),
        ("<f8", [0, 0, 0, 0, 0, 0, 0, 0, 0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xC9, 0x3F, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]),
        (">f8", [0, 0, 0, 0, 0, 0, 0, 0, 0x3F, 0xC9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]),
    ]

    @Test("images are floats of any width in either byte order, 0 to 1", arguments: floats)
    func units(descriptor: String, bytes: [UInt8]) throws {
        let images = npy(descriptor, [2, 1, 3], bytes + bytes)
        let data = try open([("x_train", images), ("x_test", images)])
        #expect(data.test.images(0..<2) == [0, 51, 255, 0, 51, 255])
    }

    @Test("floats of 0 to 255 are bytes, those of the test images on the scale of the training images")
    func bytes() throws {
        func floats(_ values: [Float]) -> [UInt8] {
            npy("<f4", [2, 1, values.count / 2], values.flatMap { littleEndian(Int($0.bitPattern), 4) })
        }
        let training = floats([0, 1, 2.4, 255])
        let data = try open([("x_train", training), ("x_test", floats([0, 1, 1, 0.2]))])
        #expect(data.train.images([0]) == [0, 1] && data.validation.images([0]) == [2, 255])
        #expect(data.test.images(0..<2) == [0, 1, 1, 0])
        for (values, words) in [
            ([-1, 0, 0, 1], "values from -1.0 to 1.0, expected floats of 0 to 1"), ([0, 0, 0, 256], "values from 0.0 to 256.0"),
            ([0, 0, .nan, 1], "values that are no numbers"),
        ] as [([Float], String)] {
            let text = try dataError { _ = try open([("x_train", floats(values)), ("x_test", training)]) }
            #expect(text.contains("(x_train) cannot be used") && text.contains(words), "\(text)")
        }
    }

    @Test(
        "floats that go a little above 1 are neither of 0 to 1 nor of 0 to 255, and are refused; whole numbers, and fractions up to 32 and more, are bytes",
        arguments: [(1.2, 0.5, false), (31.5, 3, false), (1.000_001, 1, false), (2, 1, true), (16, 3, true), (32, 0.5, true)]
            as [(Float, Float, Bool)])
    func betweenScales(greatest: Float, other: Float, isTaken: Bool) throws {
        let images = npy("<f4", [2, 1, 2], [0, other, greatest, 0].flatMap { littleEndian(Int($0.bitPattern), 4) })
        let bytes = npy("|u1", [2, 1, 2], [1, 2, 3, 4])
        // Where the training images are bytes, the test images have a scale of their own.
        for (train, test, name) in [(images, images, "x_train"), (bytes, images, "x_test")] {
            let members = [("x_train", train), ("x_test", test)]
            guard !isTaken else {
                #expect(
                    try open(members).test.images(0..<2) == [0, UInt8(other.rounded()), UInt8(greatest.rounded()), 0])
                continue
            }
            let text = try dataError { _ = try open(members) }
            #expect(
                text.contains("(\(name)) cannot be used: it has values from 0 up to \(greatest) that are not whole")
                    && text.contains(
                        "floats of 0 to 1, or of 0 to 255: divide all arrays by their largest value (here \(greatest))"),
                "\(text)")
        }
    }

    @Test("a sound array of a type that is not read is not called damaged, and the types that are read there are named")
    func otherTypes() throws {
        let (images, labels) = (npy("|u1", [2, 1, 2], [1, 2, 3, 4]), npy("|u1", [2], [0, 1]))
        for (member, descriptor, width, words) in [
            ("x_train", "<i2", 2, "int16, a type that is not read as images; images are uint8, float16, float32, float64"),
            ("x_train", "|b1", 1, "bool, a type that is not read as images"), ("x_test", "<c8", 8, "'<c8', a type"),
            ("y_train", ">f4", 4, "float32, a type that is not read as labels; labels are bool, int8, uint8, int16"),
            ("y_test", "<U1", 4, "'<U1', a type that is not read as labels"),
        ] {
            var members = [("x_train", images), ("y_train", labels), ("x_test", images), ("y_test", labels)]
            let place = try #require(members.firstIndex { $0.0 == member })
            let shape = member.hasPrefix("x") ? [2, 1, 2] : [2]
            members[place].1 = npy(descriptor, shape, [UInt8](repeating: 0, count: shape.reduce(width, *)))
            let text = try dataError { _ = try open(members) }
            #expect(text.contains("(\(member)) is of \(words)") && !text.contains("damaged"), "\(text)")
        }
    }

    @Test(
        "axes are told apart, and every image has its pixels in the order of rows, columns and channels",
        arguments: [
            ([2, 2, 3], [2, 3, 1]), ([2, 1, 2, 5], [2, 5, 1]), ([2, 2, 3, 1], [2, 3, 1]), ([2, 6], [1, 6, 1]),
            ([2, 7], [1, 7, 1]),
            ([2, 3, 2, 4], [2, 4, 3]), ([2, 2, 4, 3], [2, 4, 3]), ([2, 1, 5, 1], [1, 5, 1]), ([2, 1], [1, 1, 1]),
        ])
    func axes(shape: [Int], expected: [Int]) throws {
        let count = shape.reduce(1, *)
        let images = npy("|u1", shape, (0..<count).map { UInt8($0) })
        let data = try open([("x_train", images), ("x_test", images)])
        #expect([data.test.height, data.test.width, data.test.channels] == expected)
        let second = data.test.images([1])
        guard shape.count == 4, shape[1] == 3 else {
            #expect(second == (count / 2..<count).map { UInt8($0) })
            return
        }
        // Three planes of 2 × 4 become triples.
        var triples: [UInt8] = []
        for pixel in 0..<8 { for channel in 0..<3 { triples.append(UInt8(24 + 8 * channel + pixel)) } }
        #expect(second == triples)
    }

    @Test(
        "axes that cannot be told apart, and two or four channels, are refused before anything else",
        arguments: [
            ([2, 2, 4, 4], "with 1 channel (grey) or 3"), ([2, 4, 4, 2], "with 1 channel (grey) or 3"),
            ([2, 4, 5, 4], "with 1 channel (grey) or 3"), ([2, 3, 4, 3], "either axis may be that of the channels"),
            ([2, 1, 4, 3], "either axis may be that of the channels"), ([2, 2, 2, 2, 3], "an array of shape (2, 2, 2, 2, 3)"),
            ([6], "an array of shape (6,)"), ([0, 2, 2], "the shape (0, 2, 2), expected at least one image"),
            ([2, 4_097, 2], "at most 4096 rows and columns"),
        ])
    func refused(shape: [Int], words: String) throws {
        let images = npy("|u1", shape, [UInt8](repeating: 1, count: shape.reduce(1, *)))
        let text = try dataError { _ = try open([("x_train", images), ("x_test", images)]) }
        #expect(text.contains("(x_train) cannot be used: it has") && text.contains(words), "\(text)")
    }

    @Test("an array in Fortran's order has the values of the same array in C's")
    func fortran() throws {
        // numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)): the first index runs fastest.
        var swapped: [UInt8] = []
        for k in 0..<4 { for j in 0..<3 { for i in 0..<2 { swapped.append(UInt8(12 * i + 4 * j + k)) } } }
        let array = try NPY.read(try folder.write("f.npy", npy("|u1", [2, 3, 4], swapped, fortran: true)))
        #expect(array.shape == [2, 3, 4] && array.values == TensorValues(Array(0..<24) as [UInt8]))
    }

    @Test("labels may be missing, of one part or of both; the content's digest tells the difference")
    func withoutLabels() throws {
        let images = npy("|u1", [2, 1, 2], [1, 2, 3, 4])
        let labels = npy("|u1", [2], [4, 2])
        let bare = try open([("x_train", images), ("x_test", images)])
        #expect(!bare.train.hasLabels && !bare.test.hasLabels && bare.classes == 0)
        let half = try open([("x_train", images), ("x_test", images), ("y_test", labels)])
        #expect(!half.validation.hasLabels && half.test.labels([1]) == [2] && half.classes == 5)
        #expect(bare.identity != half.identity)
    }

    @Test(
        "sizes that nobody gives follow the data: the last sixth to validation, at most 10,000",
        arguments: [
            (12, .usual, .auto, 10, 2), (13, .auto, .usual, 11, 2), (2, .auto, .auto, 1, 1),
            (70_000, .usual, .usual, 60_000, 10_000),
            (12, 4, .auto, 4, 2), (12, 11, .usual, 11, 1), (12, .auto, 5, 7, 5), (12, 3, 4, 3, 4),
        ] as [(Int, DataSettings.Size, DataSettings.Size, Int, Int)])
    func sizes(count: Int, train: DataSettings.Size, validation: DataSettings.Size, expected: Int, held: Int) throws {
        let images = npy("|u1", [count, 1], [UInt8](repeating: 1, count: count))
        let data = try open(
            [("x_train", images), ("x_test", images)], DataSettings(set: "npz", train: train, validation: validation))
        #expect(data.train.count == expected && data.validation.count == held)
        #expect(data.settings.train == expected && data.settings.validation == held)
        #expect(data.validation.range == count - held..<count)
    }

    @Test("one image alone cannot be split")
    func one() throws {
        let images = npy("|u1", [1, 1, 1], [1])
        let text = try dataError { _ = try open([("x_train", images), ("x_test", images)]) }
        #expect(text.contains("it has one training image, expected two or more"))
    }
}
