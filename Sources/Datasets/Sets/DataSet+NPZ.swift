extension DataSet {
    private static let namings = [
        ["x_train", "y_train", "x_test", "y_test"],
        ["train_images", "train_labels", "test_images", "test_labels"],
    ]

    /// `npz`: uint8 images (count, height, width) or (count, height, width, channels), integer labels (count) or
    /// (count, 1) of 0 to 255.
    static func openArchive(_ settings: DataSettings, in directory: DataDirectory) throws -> DataSet {
        let path = try directory.require([settings.file ?? "mnist.npz"], of: settings.set)[0]
        let archive = try NPZ(path)
        guard let names = namings.first(where: { $0.allSatisfy(archive.names.contains) }) else {
            throw DataError.malformed(
                file: path, offset: 0, unpacked: false, found: "arrays \(archive.names.joined(separator: ", "))",
                expected: namings.map { $0.joined(separator: ", ") }.joined(separator: " or "))
        }
        let training = try images(archive, names[0], labels: names[1])
        try settings.checkSplit(available: training.count, in: path)
        let test = try images(archive, names[2], labels: names[3])
        guard [test.height, test.width, test.channels] == [training.height, training.width, training.channels] else {
            throw DataError.malformed(
                file: "\(path) (\(names[2]))", offset: 0, unpacked: true,
                found: "images of \(test.height) × \(test.width) × \(test.channels)",
                expected: "\(training.height) × \(training.width) × \(training.channels), the size of \(names[0])")
        }
        return DataSet(
            settings, training: training, test: test, classes: max(training.greatestLabel, test.greatestLabel) + 1)
    }

    private static func images(_ archive: NPZ, _ name: String, labels labelName: String) throws -> StoredImages {
        let array = try archive.read(name)
        guard case .uint8(let bytes) = array.values, (3...4).contains(array.shape.count), array.shape.allSatisfy({ $0 > 0 })
        else {
            throw DataError.malformed(
                file: array.file, offset: 0, unpacked: true, found: "\(array.values.typeName) of shape \(array.shape)",
                expected: "uint8 images of shape (count, height, width) or (count, height, width, channels)")
        }
        let labels = try labelBytes(try archive.read(labelName), count: array.shape[0])
        return StoredImages(
            name: "npz", height: array.shape[1], width: array.shape[2],
            channels: array.shape.count == 4 ? array.shape[3] : 1, bytes: bytes, labels: labels)
    }

    private static func labelBytes(_ array: NPYArray, count: Int) throws -> [UInt8] {
        guard let values = array.values.integers, array.shape == [count] || array.shape == [count, 1] else {
            throw DataError.malformed(
                file: array.file, offset: 0, unpacked: true, found: "\(array.values.typeName) of shape \(array.shape)",
                expected: "\(count) integer labels, one for each image")
        }
        return try values.enumerated().map { index, value in
            guard let label = UInt8(exactly: value) else {
                throw DataError.malformed(
                    file: array.file, offset: array.offset(of: index), unpacked: true, found: "label \(value)",
                    expected: "0 to 255")
            }
            return label
        }
    }
}
