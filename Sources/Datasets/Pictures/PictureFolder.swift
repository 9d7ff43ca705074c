import Crypto
import Foundation
import Kernels
import Waiting

/// A folder of pictures, with or without classes, and their order as images.
///
/// ```
/// FOLDER/CLASS/*.png           or with a test set    FOLDER/train/CLASS/*.png    FOLDER/test/CLASS/*.png
/// FOLDER/*.png                 without labels        FOLDER/train/*.png          FOLDER/test/*.png
/// ```
/// Classes are numbered from 0 in the order of their folders' names: numbers by value and before words, words by their bytes. Pictures are
/// named `*.png`, `*.jpg` or `*.jpeg`, in letters of either case; other files, hidden ones, and folders in a class's folder are ignored. A dangling
/// link, a pipe or a device in the place of a picture is refused.
///
/// In the order of classes and names, training would get the first classes and validation the last. So training pictures, sorted by class and
/// name, are shuffled by a permutation that depends on their number alone; test pictures keep their order.
struct PictureFolder {
    struct Picture {
        /// The path relative to the folder.
        let name: String
        /// `MappedImages.none` where there are no classes.
        let label: UInt8
    }

    /// Most classes: a label is a byte, one value of which means "none".
    static let mostClasses = 255
    /// In a folder without a test set, a seventh of the pictures are the test images, but at most `mostTest`.
    private static let (testPart, mostTest) = (7, 10_000)
    private static let endings = ["png", "jpg", "jpeg"]
    /// Endings of pictures that are not read.
    private static let otherEndings = ["gif", "bmp", "tif", "tiff", "webp", "heic", "avif", "ppm", "pgm", "pnm"]
    /// The permutation's seed, which must never change.
    private static let seed: UInt64 = 0x7069_6374_7572_6573

    let path: String
    /// Names of the class folders; none without labels.
    let classes: [String]
    /// The training pictures, then the test pictures.
    let pictures: [Picture]
    let testCount: Int

    var trainingCount: Int { pictures.count - testCount }

    /// - Throws: `DataError` where there is no folder or no picture, or the folders are inconsistent.
    init(_ path: String) throws {
        self.path = path
        let parts = try Self.folders(in: path).filter { ["train", "test"].contains($0) }
        guard parts.count != 1 else {
            throw DataError.unfit(
                file: path, found: "a folder \(parts[0]) and none called \(parts[0] == "train" ? "test" : "train")",
                expected: "both, or neither and a folder for each class")
        }
        guard parts.count == 2 else {
            let (classes, all) = try Self.part("", of: path, like: nil)
            guard all.count > 2 else {
                throw DataError.unfit(
                    file: path, found: "\(all.count) pictures", expected: "three or more, to train, validate and test on")
            }
            self.classes = classes
            testCount = min(Self.mostTest, max(1, all.count / Self.testPart))
            pictures = Self.shuffled(all)
            return
        }
        let (classes, training) = try Self.part("train/", of: path, like: nil)
        let test = try Self.part("test/", of: path, like: classes).pictures
        self.classes = classes
        testCount = test.count
        pictures = Self.shuffled(training) + test
    }

    private static func shuffled(_ pictures: [Picture]) -> [Picture] {
        EpochOrder(seed: seed, epoch: 1, count: pictures.count).samples.map { pictures[Int($0)] }
    }

    /// The pictures of a part, by class and name.
    ///
    /// - Parameter like: the training part's classes.
    private static func part(
        _ part: String, of path: String, like known: [String]?
    ) throws -> (classes: [String], pictures: [Picture]) {
        let place = part.isEmpty ? path : "\(path)/\(part.dropLast())"
        let bare = try files(in: place)
        let folders = try folders(in: place).filter { !(try files(in: "\(place)/\($0)")).isEmpty }.sorted(by: precedes)
        let (classes, labels) = try self.classes(folders, bare: bare, of: place, like: known)
        var pictures = bare.map { Picture(name: part + $0, label: MappedImages.none) }
        for folder in folders {
            guard let label = labels[folder] else { preconditionFailure("a class folder without a label") }
            pictures += try files(in: "\(place)/\(folder)").map { Picture(name: "\(part)\(folder)/\($0)", label: label) }
        }
        guard !pictures.isEmpty else {
            throw DataError.unfit(
                file: place, found: "no pictures",
                expected: "files called *.png, *.jpg or *.jpeg, in it or in a folder for each class")
        }
        return (classes, pictures)
    }

    private static func classes(
        _ folders: [String], bare: [String], of place: String, like known: [String]?
    ) throws -> (names: [String], labels: [String: UInt8]) {
        if let picture = bare.first, let folder = folders.first {
            throw DataError.unfit(
                file: place, found: "pictures in itself (\(picture)) and in folders (\(folder))", expected: "one or the other")
        }
        guard folders.count <= mostClasses else {
            throw DataError.unfit(file: place, found: "\(folders.count) class folders", expected: "at most \(mostClasses)")
        }
        let classes = known ?? folders
        let labels = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, UInt8($0)) })
        if known != nil, classes.isEmpty != folders.isEmpty {
            throw DataError.unfit(
                file: place, found: folders.isEmpty ? "no class folders" : "class folders",
                expected: "test pictures that lie as those of train do")
        }
        if let other = folders.first(where: { labels[$0] == nil }) {
            throw DataError.unfit(file: place, found: "a class \(other) that train has not", expected: "the classes of train")
        }
        return (classes, labels)
    }

    /// Numbers by their value and before words.
    private static func precedes(_ one: String, _ other: String) -> Bool {
        switch (UInt64(one), UInt64(other)) {
        case (let first?, let second?) where first != second: first < second
        case (_?, nil): true
        case (nil, _?): false
        default: one.utf8.lexicographicallyPrecedes(other.utf8)
        }
    }

    private static func folders(in path: String) throws -> [String] {
        // A dangling link to a class's folder must not silently take its pictures out of training.
        try names(in: path).filter { name in
            let file = "\(path)/\(name)"
            guard let kind = kind(file) else { throw unreadable(file) }
            return kind == S_IFDIR
        }
    }

    /// The pictures directly in a folder, sorted by their names' bytes.
    private static func files(in path: String) throws -> [String] {
        func ending(_ name: String) -> String { (name as NSString).pathExtension.lowercased() }
        let files = try names(in: path).filter { name in
            guard endings.contains(ending(name)) || otherEndings.contains(ending(name)) else { return false }
            let file = "\(path)/\(name)"
            let kind = kind(file)
            guard kind == S_IFREG || kind == S_IFDIR else { throw unreadable(file) }
            return kind == S_IFREG
        }
        if let other = files.first(where: { otherEndings.contains(ending($0)) }) {
            throw DataError.unfit(
                file: "\(path)/\(other)", found: "the ending .\(ending(other))",
                expected: "PNG or JPEG; convert it or take it out of the folder")
        }
        return files.filter { endings.contains(ending($0)) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func names(in path: String) throws -> [String] {
        // Foundation does not tell why it cannot list a folder.
        guard let listing = opendir(path) else {
            throw DataError.system(doing: "list", file: path, reason: String(cString: strerror(errno)))
        }
        closedir(listing)
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }.sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }
        } catch { throw DataError.system(doing: "list", file: path, reason: reasonText(error)) }
    }

    /// The kind of file, with links followed; nil where that cannot be determined.
    private static func kind(_ path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// The error for something else in the place of a picture or a folder.
    private static func unreadable(_ path: String) -> DataError {
        var status = stat()
        let what =
            if stat(path, &status) == 0 {
                switch status.st_mode & S_IFMT {
                case S_IFIFO: "a pipe"
                case S_IFSOCK: "a socket"
                default: "a device"
                }
            } else {
                switch errno {
                case ENOENT: "a broken link"
                case ELOOP: "a loop of links"
                case let code: String(cString: strerror(code))
                }
            }
        return .unfit(
            file: path, found: "no content (\(what))",
            expected: "a picture or a folder of pictures; mend it, or take it out of the folder")
    }
}
