extension DataSet {
    /// `pictures`: a folder of PNG and JPEG files (`PictureFolder`), decoded once into a flat file.
    static func openPictures(
        _ settings: DataSettings, in directory: DataDirectory, progress: @escaping (ConversionProgress) -> Void
    ) throws -> DataSet {
        guard [.option, .settings].contains(directory.origin) else {
            throw DataError.setting(key: "folder", found: "nothing", expected: "the folder of the pictures")
        }
        let path = directory.path
        try directory.requireFolder(of: settings.set)
        let folder = try PictureFolder(path)
        let images = try Conversion(source: path, layout: .pictures, name: settings.set, cache: directory.cache, progress: progress)
            .images(of: folder)
        var split = try settings.split(available: folder.trainingCount, in: path)
        split.folder = path
        guard let train = split.train, let held = split.validation else { preconditionFailure("a split without sizes") }
        let (end, all) = (folder.trainingCount, folder.pictures.count)
        return DataSet(
            split, train: ImageSubset(images, 0..<train), validation: ImageSubset(images, end - held..<end),
            test: ImageSubset(images, end..<all), classes: folder.classes.count)
    }
}
