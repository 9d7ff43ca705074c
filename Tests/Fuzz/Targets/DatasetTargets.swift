import Datasets
import Kernels

extension FuzzTarget {
    /// gzip packs at most so many bytes to one, which bounds what a reader may allocate for a file of a given length.
    private static let greatestRatio = 1_032

    /// Images in the IDX format, plain or gzip.
    static let idxImages = FuzzTarget("idx-images", refusing: [DataError.self]) {
        [Seed("plain", idxImages(3, 2, 4, Array(0..<24)))]
    } body: { input in
        let file = try MemoryFile(input)
        let images = try IDX.readImages(file.path)
        try claim(images.count * images.rows * images.columns == images.bytes.count, "one byte a pixel")
        try claim(
            images.rows <= IDXLimits.side && images.columns <= IDXLimits.side && images.count <= IDXLimits.images,
            "within the limits")
        try claim(images.bytes.count <= greatestRatio * input.count, "no more pixels than the file can hold")
        let plain = try MemoryFile(idxImages(images.count, images.rows, images.columns, images.bytes))
        let again = try must("what was read can be written plain and read") { try IDX.readImages(plain.path) }
        try claim(again.bytes == images.bytes && again.rows == images.rows, "images written again are the same")
    }

    /// Labels in the IDX format, for as many images as the first byte says.
    static let idxLabels = FuzzTarget("idx-labels", refusing: [DataError.self]) {
        [Seed("plain", [5] + idx(labels: [0, 9, 3, 3, 1]))]
    } body: { input in
        let count = Int(input.first ?? 0)
        let file = try MemoryFile(Array(input.dropFirst()))
        let labels = try IDX.readLabels(file.path, images: count, classes: 10)
        try claim(labels.count == count && labels.allSatisfy { $0 < 10 }, "one label below the classes for each image")
        let plain = try MemoryFile(idx(labels: labels))
        let again = try must("what was read can be written plain and read") {
            try IDX.readLabels(plain.path, images: count, classes: 10)
        }
        try claim(again == labels, "labels written again are the same")
    }

    /// One NumPy array.
    static let npy = FuzzTarget("npy", refusing: [DataError.self]) {
        [
            Seed(
                "float32", NPYHeader.encode(.float32, shape: [2, 3]) + Float.littleEndianBytes([0, 1, -1, .nan, .infinity, 1e-9])),
            Seed("uint8", NPYHeader.encode(.uint8, shape: [2, 2, 1, 1]) + [1, 2, 3, 4]),
            Seed("int64", NPYHeader.encode(.int64, shape: [2]) + Int64.littleEndianBytes([.min, 7])),
            Seed("float64-scalar", NPYHeader.encode(.float64, shape: []) + Int64.littleEndianBytes([0x3FF0_0000_0000_0000])),
            Seed("int32-empty", NPYHeader.encode(.int32, shape: [0, 5])),
        ]
    } body: { input in
        let file = try MemoryFile(input)
        let array = try NPY.read(file.path)
        try claim(array.shape.count <= NPYHeader.greatestRank, "no more dimensions than the most")
        let values = array.values.withBytes { Array($0) }
        try claim(array.values.count * array.type.bytes <= input.count, "no more values than the file holds")
        let written = try MemoryFile(NPYHeader.encode(NPYType(array.values.type), shape: array.shape) + values)
        let again = try must("what was read can be written and read") { try NPY.read(written.path) }
        try claim(again.shape == array.shape && again.values == array.values, "an array written again is the same")
    }

    /// An archive of arrays as a data set. This program writes none: the corpus holds archives of NumPy's.
    static let npz = FuzzTarget("npz", refusing: [DataError.self]) {
        []
    } body: { input in
        let file = try MemoryFile(input)
        let archive = try NPZ(file.path)
        try claim(archive.names.count <= input.count, "no more members than bytes")
        for name in archive.names.prefix(8) {
            do {
                let array = try archive.read(name)
                let read = array.values.count * array.type.bytes
                try claim(read <= greatestRatio * input.count, "no more values than the file can hold")
            } catch let violation as Violation {
                throw violation
            } catch {
                try claim(error is DataError, "a member that cannot be read is refused as one, not with \(error)")
            }
        }
        let data = try DataSet.open(DataSettings(set: "npz", train: 1, validation: 1, file: file.path), directory: nil)
        try claim(data.train.count == 1 && data.validation.count == 1, "the split is the one asked for")
        let last = data.test.count - 1
        try claim(data.test.images([last]).count == data.train.pixels, "an image has its pixels")
        try claim(!data.test.hasLabels || Int(data.test.label(last)) < data.classes, "a label is below the classes")
        try claim([1, 3].contains(data.test.channels), "images are grey or in colour")
    }

    /// Variables of a MAT file, as SVHN and TFD call them. This program writes none: the corpus holds files of SciPy and h5py.
    static let mat = FuzzTarget("mat", refusing: [DataError.self]) {
        []
    } body: { input in
        let file = try MemoryFile(input)
        let archive = try MATFile(file.path)
        try claim(archive.bytes == input.count, "the file is as long as it is")
        var refusal: DataError?
        var isAny = false
        for name in ["y", "X", "images", "labs_ex", "folds"] {
            do {
                let variable = try archive.variable(name)
                try claim(variable.count > 0 && variable.count <= MATLimits.elements, "within the limits")
                try claim(variable.count <= greatestRatio * input.count, "no more elements than the file can hold")
                let numbers = try archive.integers(variable)
                try claim(numbers.count == variable.count, "every element is read")
                isAny = true
            } catch let error as DataError {
                refusal = error
            }
        }
        if !isAny, let refusal { throw refusal }
    }

    /// One picture of a folder, by libpng. This program reads no PNG that it writes: the corpus holds files of Pillow's and one by hand.
    static let png = FuzzTarget("png", refusing: [DataError.self], seeds: { [] }, body: picture)

    /// The same by libjpeg. The first bytes decide the format, so that either target may reach the other's reader.
    static let jpeg = FuzzTarget("jpeg", refusing: [DataError.self], seeds: { [] }, body: picture)

    private static func picture(_ input: [UInt8]) throws {
        let file = try MemoryFile(input)
        let picture = try PictureFile(file.path)
        try claim([1, 3].contains(picture.channels), "pictures are grey or in colour")
        let pixels = picture.height * picture.width
        try claim(pixels > 0 && 3 * pixels <= PictureFile.mostValues, "within the limits")
        let own = try picture.pixels(channels: picture.channels)
        try claim(own.count == picture.channels * pixels, "every pixel is read")
        let colour = try must("what was read can be read in colour") { try picture.pixels(channels: 3) }
        try claim(colour == (picture.channels == 3 ? own : own.flatMap { [$0, $0, $0] }), "and has the same values there")
    }

    private static func idxImages(_ count: Int, _ rows: Int, _ columns: Int, _ pixels: [UInt8]) -> [UInt8] {
        bigEndian([0x803, count, rows, columns]) + pixels
    }

    private static func idx(labels: [UInt8]) -> [UInt8] { bigEndian([0x801, labels.count]) + labels }

    private static func bigEndian(_ values: [Int]) -> [UInt8] {
        values.flatMap { value in stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) } }
    }
}
