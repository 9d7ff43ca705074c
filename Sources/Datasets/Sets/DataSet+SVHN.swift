extension DataSet {
    /// `svhn`: format 2, cropped digits of 32 × 32 in colour. With `extra` the images of the extra file follow those of the
    /// training file; validation then has the last images of the extra file.
    static func openSVHN(
        _ settings: DataSettings, in directory: DataDirectory, progress: @escaping (ConversionProgress) -> Void
    ) throws -> DataSet {
        let names =
            [DataSettings.svhnNames.train, DataSettings.svhnNames.test] + (settings.extra ? [DataSettings.svhnNames.extra] : [])
        let paths = try directory.require(names.map { ("folder", $0) }, of: settings.set)
        let sources = try paths.map { path in
            try Conversion(source: path, layout: .svhn, name: "svhn", cache: directory.cache, progress: progress)
                .images(SVHNFile.convert)
        }
        let training: any ImageSource = settings.extra ? JoinedImages(sources[0], sources[2]) : sources[0]
        var split = try settings.split(available: training.count, in: settings.extra ? "\(paths[0]) with \(paths[2])" : paths[0])
        split.folder = directory.place(of: paths[0], set: settings.set) ?? settings.folder
        return DataSet(split, training: training, test: sources[1], classes: SVHNFile.classes)
    }
}
