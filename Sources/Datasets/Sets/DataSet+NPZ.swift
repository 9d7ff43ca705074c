import Kernels

extension DataSet {
    /// What the arrays of an archive are called.
    private struct Naming {
        var images, labels, testImages, testLabels: String

        var text: String { "\(images) and \(testImages) (with labels: \(labels) and \(testLabels))" }
    }

    private static let namings = [
        Naming(images: "x_train", labels: "y_train", testImages: "x_test", testLabels: "y_test"),
        Naming(images: "train_images", labels: "train_labels", testImages: "test_images", testLabels: "test_labels"),
    ]

    /// `npz`: images of a shape that `ImageLayout` knows, as uint8 or as floats that become bytes (`PixelScale`). Labels, where the archive has
    /// them, are (count) or (count, 1), from 0 to 255, of any integer type.
    static func openArchive(_ settings: DataSettings, in directory: DataDirectory) throws -> DataSet {
        let path = try directory.require([("file", settings.file ?? DataSettings.archiveName)], of: settings.set)[0]
        guard try !NPY.isArray(path) else {
            throw DataError.unfit(
                file: path, found: "one array",
                expected: "an archive of several: \(namings.map(\.text).joined(separator: " or ")), by numpy.savez")
        }
        let archive = try NPZ(path)
        guard let names = namings.first(where: { Set(archive.names).isSuperset(of: [$0.images, $0.testImages]) }) else {
            throw DataError.unfit(
                file: path, found: "the arrays \(archive.names.joined(separator: ", "))",
                expected: namings.map(\.text).joined(separator: " or "))
        }
        let array = try archive.read(names.images, as: .images)
        let layout = try ImageLayout(of: array)
        var split = try settings.split(available: array.shape[0], in: path)
        split.file = path
        let scale = try array.values.floats.map { try PixelScale(of: $0, file: array.file) }
        let training = try images(array, layout, scale, labels: try labels(archive, names.labels, count: array.shape[0]))
        let testArray = try archive.read(names.testImages, as: .images)
        let testLayout = try ImageLayout(of: testArray)
        guard [testLayout.height, testLayout.width, testLayout.channels] == [layout.height, layout.width, layout.channels] else {
            throw DataError.unfit(
                file: testArray.file, found: "images of \(testLayout.height) × \(testLayout.width) × \(testLayout.channels)",
                expected: "\(layout.height) × \(layout.width) × \(layout.channels), the size of \(names.images)")
        }
        let test = try images(
            testArray, testLayout, scale, labels: try labels(archive, names.testLabels, count: testArray.shape[0]))
        return DataSet(split, training: training, test: test, classes: classes(training, test))
    }

    /// - Parameter scale: the scale of the training floats, used for test floats too; nil where the training images are bytes.
    private static func images(
        _ array: NPYArray, _ layout: ImageLayout, _ scale: PixelScale?, labels: [UInt8]?
    ) throws -> StoredImages {
        StoredImages(
            name: "npz", height: layout.height, width: layout.width, channels: layout.channels,
            bytes: layout.channelsLast(try pixels(array, scale)), labels: labels)
    }

    private static func pixels(_ array: NPYArray, _ scale: PixelScale?) throws -> [UInt8] {
        if case .u8(let bytes) = array.values { return bytes.array }
        guard let values = array.values.floats else { preconditionFailure("images are bytes or floats") }
        let scale = try scale ?? PixelScale(of: values, file: array.file)
        guard let bytes = scale.bytes(values) else {
            let numbers = values.array.filter { $0.isFinite }
            let range =
                numbers.count < values.count
                ? "values that are no numbers" : "values from \(numbers.min() ?? 0) to \(numbers.max() ?? 0)"
            throw DataError.unfit(
                file: array.file, found: range,
                expected: scale == .units ? "floats of 0 to 1 (or of 0 to 255 in all arrays)" : "floats of 0 to 1, or of 0 to 255")
        }
        return bytes
    }

    /// Nil where the archive has no array of that name.
    private static func labels(_ archive: NPZ, _ name: String, count: Int) throws -> [UInt8]? {
        guard archive.names.contains(name) else { return nil }
        let array = try archive.read(name, as: .labels)
        guard let values = array.values.integers, array.shape == [count] || array.shape == [count, 1] else {
            throw DataError.unfit(
                file: array.file, found: "labels of shape \(array.shapeText)",
                expected: "\(count), one for each image; without this array they are trained without labels")
        }
        return try values.enumerated().map { index, value in
            guard let label = UInt8(exactly: value) else {
                throw DataError.unfit(
                    file: array.file, found: "the label \(value) at index \(index)",
                    expected: "one label of 0 to 255 for each image")
            }
            return label
        }
    }
}
