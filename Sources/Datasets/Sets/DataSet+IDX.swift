extension DataSet {
    private static let mnistSide = 28
    private static let mnistClasses = 10

    /// `mnist` and `idx`: two pairs of files; MNIST's are 28 × 28 with labels 0 to 9. An `idx` set may lack the files of labels.
    static func openIDX(_ settings: DataSettings, in directory: DataDirectory) throws -> DataSet {
        let isMNIST = settings.set == "mnist"
        let found = try isMNIST ? mnistFiles(settings, directory) : idxFiles(settings, directory)
        let classes = isMNIST ? mnistClasses : 256
        var split = found
        let training = try pair(settings.set, images: found.images, labels: found.labels, classes: classes) { path, images in
            if isMNIST { try checkSize(path, images, rows: mnistSide, columns: mnistSide, of: "MNIST") }
            split = try found.split(available: images.count, in: path)
        }
        let test = try pair(settings.set, images: found.testImages, labels: found.testLabels, classes: classes) { path, images in
            try checkSize(path, images, rows: training.height, columns: training.width, of: "the training images")
        }
        if isMNIST {
            (split.images, split.labels, split.testImages, split.testLabels) = (nil, nil, nil, nil)
            split.folder = found.images.flatMap { directory.place(of: $0, set: settings.set) } ?? settings.folder
        }
        return DataSet(split, training: training, test: test, classes: isMNIST ? mnistClasses : Self.classes(training, test))
    }

    /// The settings with the paths of MNIST's four files.
    private static func mnistFiles(_ settings: DataSettings, _ directory: DataDirectory) throws -> DataSettings {
        let usual = DataSettings.mnistNames
        let paths = try directory.require(
            [usual.images, usual.labels, usual.testImages, usual.testLabels].map { ("folder", $0) }, of: settings.set)
        var found = settings
        (found.images, found.labels, found.testImages, found.testLabels) = (paths[0], paths[1], paths[2], paths[3])
        return found
    }

    /// The settings with the paths of the two or four files. Files of labels that are not named get MNIST's usual names, if such files exist
    /// and the images are not named either.
    private static func idxFiles(_ settings: DataSettings, _ directory: DataDirectory) throws -> DataSettings {
        let usual = DataSettings.mnistNames
        var files = [("images", settings.images ?? usual.images), ("test_images", settings.testImages ?? usual.testImages)]
        if let labels = settings.labels { files.append(("labels", labels)) }
        if let labels = settings.testLabels { files.append(("test_labels", labels)) }
        var paths = try directory.require(files.map { (key: $0.0, name: $0.1) }, of: settings.set)[...]
        var found = settings
        (found.images, found.testImages) = (paths.removeFirst(), paths.removeFirst())
        if settings.labels != nil {
            found.labels = paths.removeFirst()
        } else if settings.images == nil {
            found.labels = directory.find(usual.labels, of: settings.set)
        }
        if settings.testLabels != nil {
            found.testLabels = paths.removeFirst()
        } else if settings.testImages == nil {
            found.testLabels = directory.find(usual.testLabels, of: settings.set)
        }
        return found
    }

    /// - Parameter check: is given the path of the images and its content, before that content is used.
    private static func pair(
        _ name: String, images: String?, labels: String?, classes: Int, check: (String, IDX.Images) throws -> Void
    ) throws -> StoredImages {
        guard let images else { preconditionFailure("a pair without a path of its images") }
        let content = try IDX.readImages(images)
        try check(images, content)
        return StoredImages(
            name: name, height: content.rows, width: content.columns, channels: 1, bytes: content.bytes,
            labels: try labels.map { try IDX.readLabels($0, images: content.count, classes: classes) })
    }

    private static func checkSize(_ path: String, _ images: IDX.Images, rows: Int, columns: Int, of what: String) throws {
        guard images.rows == rows, images.columns == columns else {
            throw DataError.malformed(
                file: path, offset: 8, unpacked: false, found: "images of \(images.rows) × \(images.columns)",
                expected: "\(rows) × \(columns), the size of \(what)")
        }
    }
}
