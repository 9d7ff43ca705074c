extension DataSet {
    private static let mnistSide = 28
    private static let mnistClasses = 10

    /// `mnist` and `idx`: two pairs of files; MNIST's are 28 × 28 with labels 0 to 9.
    static func openIDX(_ settings: DataSettings, in directory: DataDirectory) throws -> DataSet {
        let usual = DataSettings.mnistNames
        let names = [
            settings.images ?? usual.images, settings.labels ?? usual.labels,
            settings.testImages ?? usual.testImages, settings.testLabels ?? usual.testLabels,
        ]
        let paths = try directory.require(names, of: settings.set)
        let isMNIST = settings.set == "mnist"
        let classes = isMNIST ? mnistClasses : 256
        let training = try pair(settings.set, images: paths[0], labels: paths[1], classes: classes) { images in
            if isMNIST { try checkSize(paths[0], images, rows: mnistSide, columns: mnistSide, of: "MNIST") }
            try settings.checkSplit(available: images.count, in: paths[0])
        }
        let test = try pair(settings.set, images: paths[2], labels: paths[3], classes: classes) { images in
            try checkSize(paths[2], images, rows: training.height, columns: training.width, of: "the training images")
        }
        return DataSet(
            settings, training: training, test: test,
            classes: isMNIST ? mnistClasses : max(training.greatestLabel, test.greatestLabel) + 1)
    }

    private static func pair(
        _ name: String, images: String, labels: String, classes: Int, check: (IDX.Images) throws -> Void
    ) throws -> StoredImages {
        let content = try IDX.readImages(images)
        try check(content)
        return StoredImages(
            name: name, height: content.rows, width: content.columns, channels: 1, bytes: content.bytes,
            labels: try IDX.readLabels(labels, images: content.count, classes: classes))
    }

    private static func checkSize(_ path: String, _ images: IDX.Images, rows: Int, columns: Int, of what: String) throws {
        guard images.rows == rows, images.columns == columns else {
            throw DataError.malformed(
                file: path, offset: 8, unpacked: false, found: "images of \(images.rows) × \(images.columns)",
                expected: "\(rows) × \(columns), the size of \(what)")
        }
    }
}
