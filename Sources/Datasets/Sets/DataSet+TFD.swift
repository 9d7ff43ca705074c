extension DataSet {
    /// `tfd`: faces of 48 × 48. Training has the unlabelled images of the fold, without labels; validation and test have those of
    /// the fold, with their expressions. The images for training a classifier, marked 1 in the fold, are not used.
    static func openTFD(
        _ settings: DataSettings, in directory: DataDirectory, progress: @escaping (ConversionProgress) -> Void
    ) throws -> DataSet {
        guard let fold = settings.fold else { preconditionFailure("TFD has a fold") }
        let path = try directory.require([("folder", DataSettings.tfdName)], of: settings.set)[0]
        let faces = try Conversion(source: path, layout: .tfd, name: "tfd", cache: directory.cache, progress: progress)
            .images(TFDFile.convert)
        let train = try part(.unlabelled, faces, fold, path)
        let validation = try part(.validation, faces, fold, path)
        let test = try part(.test, faces, fold, path)
        var split = settings
        split.train = try size("train", settings.train, of: train, in: path)
        split.validation = try size("validation", settings.validation, of: validation, in: path)
        split.folder = directory.place(of: path, set: settings.set) ?? settings.folder
        return DataSet(
            split, train: ImageSubset(train, 0..<(split.train ?? 0)),
            validation: ImageSubset(validation, validation.count - (split.validation ?? 0)..<validation.count),
            test: ImageSubset(test, 0..<test.count), classes: TFDFile.classes)
    }

    /// The images of one part of the fold, in the file's order.
    private static func part(_ part: TFDFile.Part, _ faces: MappedImages, _ fold: Int, _ path: String) throws -> ChosenImages {
        let indices = (0..<faces.count).filter { faces.column(fold, of: $0) == part.rawValue }
        guard !indices.isEmpty else {
            throw DataError.variable(
                file: path, name: "folds", found: "no \(part.rawValue) in column \(fold)", expected: "images of every part")
        }
        if part != .unlabelled, let bare = indices.first(where: { faces.label($0) == MappedImages.none }) {
            throw DataError.variable(
                file: path, name: "labs_ex", found: "no label for the image at index \(bare)",
                expected: "one, since fold \(fold) judges by it")
        }
        return ChosenImages(indices, of: faces, hasLabels: part != .unlabelled)
    }

    private static func size(_ key: String, _ wanted: Int?, of images: ChosenImages, in path: String) throws -> Int {
        let size = wanted ?? images.count
        guard size <= images.count else {
            throw DataError.setting(
                key: key, found: "\(size)", expected: "at most \(images.count), which this fold of \(path) has for it")
        }
        return size
    }
}
