import Datasets
import Foundation
import TestSupport
import Testing

@Suite("Data sets and their splits") struct DataSetTests {
    let folder: Scratch

    init() throws { folder = Scratch() }

    /// Ten training and four test images of 2 × 3 under MNIST's names.
    private func writePairs(
        in part: String,
        names: [String] = [
            "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz",
        ]
    ) throws {
        try folder.write(part + names[0], idxImages(10, 2, 3))
        try folder.write(part + names[1], idxLabels(Array(0..<10)))
        try folder.write(part + names[2], gzip(idxImages(4, 2, 3, first: 100)))
        try folder.write(part + names[3], gzip(idxLabels([3, 2, 12, 0])))
    }

    @Test("training is the first, validation the last of the training file; files in DIR or DIR/SET", arguments: ["", "idx/"])
    func splits(part: String) throws {
        try writePairs(in: part)
        let data = try DataSet.open(DataSettings(set: "idx", train: 5, validation: 3), directory: folder.path)
        #expect(counts(data) == [5, 3, 4])
        #expect(data.train.height == 2 && data.train.width == 3 && data.train.channels == 1 && data.train.pixels == 6)
        #expect(data.train.labels(0..<5) == [0, 1, 2, 3, 4])
        #expect(data.validation.labels(0..<3) == [7, 8, 9])
        #expect(data.validation.images([2, 0]) == Array(54..<60) + Array(42..<48))
        #expect(data.test.images([1]) == Array(106..<112))
        #expect(data.classes == 13)
        #expect(data.subset(.validation).range == 7..<10)
    }

    @Test("the identity depends on images, labels and split, not on packing or place")
    func identity() throws {
        try writePairs(in: "")
        try writePairs(in: "b/")
        try folder.write("b/train-images-idx3-ubyte", gzip(idxImages(10, 2, 3)))
        let settings = DataSettings(set: "idx", train: 5, validation: 3)
        let first = try DataSet.open(settings, directory: folder.path).identity
        #expect(first.count == 64)
        #expect(try DataSet.open(settings, directory: folder.path + "/b").identity == first)
        #expect(try DataSet.open(DataSettings(set: "idx", train: 6, validation: 3), directory: folder.path).identity != first)
        try folder.write("b/t10k-labels-idx1-ubyte.gz", gzip(idxLabels([3, 2, 12, 1])))
        #expect(try DataSet.open(settings, directory: folder.path + "/b").identity != first)
    }

    @Test("file names can be given, relative to the folder or absolute")
    func names() throws {
        try writePairs(in: "", names: ["a", "b", "c.gz", "d.gz"])
        let settings = DataSettings(
            set: "idx", train: 5, validation: 3, images: folder.path + "/a", labels: "b", testImages: "c", testLabels: "d.gz")
        #expect(try DataSet.open(settings, directory: folder.path).test.count == 4)
    }

    @Test("a path is looked at first, then its name in the data folder; a run's files first where --data says that they are now")
    func paths() throws {
        try writePairs(in: "old/")
        let names = DataSettings.mnistNames
        let settings = DataSettings(
            set: "idx", images: folder.path + "/old/" + names.images, testImages: folder.path + "/old/" + names.testImages)
        let here = try DataSet.open(settings, directory: folder.path + "/nowhere")
        #expect(here.settings.images == folder.path + "/old/train-images-idx3-ubyte" && here.settings.train == 9)
        try folder.write("new/train-images-idx3-ubyte.gz", gzip(idxImages(10, 2, 3, first: 7)))
        try folder.write("new/idx/t10k-images-idx3-ubyte", idxImages(4, 2, 3))
        let first = try DataSet.open(settings, directory: folder.path + "/new")
        #expect(first.identity == here.identity)
        // A mistyped path must not find another file of that name in a folder that nobody has named.
        let slip = DataSettings(
            set: "idx", images: folder.path + "/odl/" + names.images, testImages: folder.path + "/old/" + names.testImages)
        for variable in ["LOCKSTEP_DATA", "XDG_CACHE_HOME"] {
            let usual = DataDirectory(environment: [variable: folder.path + "/new", "HOME": "/nowhere"])
            #expect(throws: DataError.self) { try DataSet.open(slip, in: usual) }
        }
        #expect(throws: Never.self) { try DataSet.open(slip, directory: folder.path + "/new") }
        let moved = try DataSet.open(settings, directory: folder.path + "/new", isOfRun: true)
        #expect(moved.settings.images == folder.path + "/new/train-images-idx3-ubyte.gz")
        #expect(moved.settings.testImages == folder.path + "/new/idx/t10k-images-idx3-ubyte")
    }

    @Test("files of labels may be missing: images that are named have those that are named, the usual images the usual ones")
    func labels() throws {
        try writePairs(in: "")
        #expect(try DataSet.open(DataSettings(set: "idx"), directory: folder.path).train.hasLabels)
        let named = DataSettings(
            set: "idx", images: folder.path + "/train-images-idx3-ubyte", testImages: "t10k-images-idx3-ubyte",
            testLabels: "t10k-labels-idx1-ubyte")
        let data = try DataSet.open(named, directory: folder.path)
        #expect(!data.train.hasLabels && data.test.labels([2]) == [12] && data.settings.labels == nil)
        try folder.write("bare/train-images-idx3-ubyte", idxImages(10, 2, 3))
        try folder.write("bare/t10k-images-idx3-ubyte", idxImages(4, 2, 3))
        #expect(try DataSet.open(DataSettings(set: "idx"), directory: folder.path + "/bare").classes == 0)
    }

    @Test("own files that are nowhere name every folder looked in and the settings that would do")
    func missingOwn() throws {
        let settings = DataSettings(set: "npz", file: "/nowhere/own.npz")
        let text = try dataError { _ = try DataSet.open(settings, directory: folder.path) }
        #expect(text.contains("own.npz not found, packed or plain, in /nowhere or \(folder.path)/npz or \(folder.path)"), "\(text)")
        #expect(text.hasSuffix("; check what you gave for data.file, or give a folder that has it by --data DIR."), "\(text)")
        let usual = try dataError { _ = try DataSet.open(DataSettings(set: "npz"), directory: folder.path) }
        #expect(usual.contains("give the path by --set data.file=PATH, or a folder"), "\(usual)")
        let place = try dataError { _ = try DataSet.open(DataSettings(set: "npz", file: folder.path), directory: nil) }
        #expect(place.hasSuffix("; data.file names a folder, where a file is due: give the file's own path."), "\(place)")
        let moved = try dataError { _ = try DataSet.open(settings, directory: nil, isOfRun: true) }
        #expect(moved.contains("--data DIR, or give `lockstep resume` their new place by --set data.file=PATH"), "\(moved)")
    }

    @Test(
        "a path is what the shell means by it",
        arguments: [
            ("/a/b", "/a/b"), ("b.npz", "/base/b.npz"), ("./b", "/base/b"), (".//./b", "/base/b"), ("../b", "/base/../b"),
            (".", "/base"), ("", ""),
        ])
    func absolute(path: String, expected: String) { #expect(DataDirectory.absolute(path, from: "/base") == expected) }

    @Test("glyphs need no folder")
    func glyphs() throws {
        let data = try DataSet.open(DataSettings(), directory: "/nowhere")
        #expect(data.train.range == 0..<50_000 && data.validation.range == 50_000..<60_000)
        // `auto` takes what the data leaves, not the usual size.
        let more = try DataSet.open(DataSettings(train: .auto, validation: 5_000), directory: "/nowhere")
        #expect(more.train.range == 0..<55_000 && more.validation.range == 55_000..<60_000)
        let less = try DataSet.open(DataSettings(train: 57_000, validation: .auto), directory: "/nowhere")
        #expect(less.train.range == 0..<57_000 && less.validation.range == 57_000..<60_000)
        #expect(try DataSet.open(DataSettings(train: .auto, validation: .auto), directory: "/nowhere").identity == data.identity)
        #expect(data.test.count == 10_000 && data.classes == 10)
        #expect(data.test.label(3) == 3)
    }

    @Test(
        "impossible settings name key, value and what would do",
        arguments: [
            (DataSettings(set: "cifar"), "data.set is cifar, expected one of glyphs, glyphs-colour, mnist, idx, npz, pictures"),
            (DataSettings(train: 0), "data.train is 0, expected 1 to"),
            (DataSettings(validation: -1), "data.validation is -1"),
            (DataSettings(train: 50_001), "data.train is 50001 with validation 10000, expected at most 50000"),
            (DataSettings(train: 1, validation: 60_000), "data.validation is 60000, expected fewer than the 60000"),
            (DataSettings(set: "mnist", images: "x"), "data.images is given with set mnist, expected only with set idx"),
            (
                DataSettings(set: "idx", file: "x"),
                "data.file is given with set idx, expected only with set npz (--set data.set=npz)"
            ),
            (DataSettings(set: "npz", file: ""), "data.file is empty"),
            (DataSettings(set: "idx", train: 5, validation: 6), "data.train is 5 with validation 6, expected at most 4"),
            (DataSettings(set: "idx", train: 10), "data.train is 10 with validation 1, expected at most 9"),
            (DataSettings(set: "idx", folder: ""), "data.folder is empty"),
            (DataSettings(set: "mnist", extra: true), "data.extra is given with set mnist, expected only with set svhn"),
            (DataSettings(set: "svhn", fold: 1), "data.fold is given with set svhn, expected only with set tfd"),
            (DataSettings(set: "tfd", fold: 6), "data.fold is 6, expected 1 to 5"),
            (DataSettings(set: "glyphs-colour", train: 0), "data.train is 0, expected 1 to"),
            (DataSettings(set: "pictures", file: "x"), "data.file is given with set pictures, expected only with set npz"),
        ])
    func impossible(settings: DataSettings, text: String) throws {
        try writePairs(in: "")
        let found = try dataError { _ = try DataSet.open(settings, directory: folder.path) }
        #expect(found.contains(text), "\(found)")
    }

    @Test(
        "a variant that learns from labels is told what the set could be given, and of TFD that there is nothing",
        arguments: [
            ("npz", "give its archive arrays of labels"), ("idx", "give it files of labels"),
            ("pictures", "put its pictures into a folder for each class, or choose a variant that needs none."),
            (
                "tfd",
                "the training images of tfd have no labels, which supervised learns from: a fold's labelled images only validate"
            ),
        ])
    func unlabelled(set: String, text: String) {
        let found = DataError.unlabelled(variant: "supervised", set: set).description
        #expect(found.contains(text) && found.contains("data.labels") == (set == "idx"), "\(found)")
    }

    @Test("missing MNIST names files and folders, and the three ways on")
    func missing() throws {
        let text = try dataError { _ = try DataSet.open(DataSettings(set: "mnist"), directory: folder.path) }
        for part in [
            "train-images-idx3-ubyte.gz", "\(folder.path)/mnist or \(folder.path)",
            "`lockstep data fetch mnist --data \(folder.path)`", "--data DIR",
            "--recipe quickstart",
        ] { #expect(text.contains(part), "\(text)") }
    }

    @Test("one training image is told as what it is: no size of a split helps it")
    func oneImage() throws {
        try folder.write("train-images-idx3-ubyte", idxImages(1, 2, 3))
        try folder.write("t10k-images-idx3-ubyte", idxImages(4, 2, 3))
        let text = try dataError { _ = try DataSet.open(DataSettings(set: "idx"), directory: folder.path) }
        #expect(text.contains("cannot be used: it has one training image, expected two or more"), "\(text)")
    }

    @Test("a damaged file of MNIST is told with the folder that it lies in, by which it is found")
    func damagedMNIST() {
        for (path, folder) in [("/a/train-images-idx3-ubyte.gz", "/a"), ("/a/mnist/train-images-idx3-ubyte.gz", "/a")] {
            let error = DataError.malformed(file: path, offset: 0, unpacked: false, found: "a", expected: "b")
            let words =
                "(`lockstep data verify mnist --data \(folder)` checks MNIST's own, `lockstep data fetch mnist --data \(folder)` gets"
            #expect(error.description.contains(words), "\(error)")
        }
    }

    @Test("MNIST's own sizes and labels are checked, and test images have the size of training images")
    func sizes() throws {
        try writePairs(in: "")
        #expect(try dataError { _ = try DataSet.open(DataSettings(set: "mnist"), directory: folder.path) }.contains("28 × 28"))
        try folder.write("t10k-images-idx3-ubyte.gz", gzip(idxImages(4, 3, 2)))
        let text = try dataError {
            _ = try DataSet.open(DataSettings(set: "idx", train: 5, validation: 3), directory: folder.path)
        }
        #expect(text.contains("images of 3 × 2, expected 2 × 3"))
    }

    @Test(
        "the folder is --data, else LOCKSTEP_DATA, else the XDG cache",
        arguments: ([
            ("/a", ["LOCKSTEP_DATA": "/b", "XDG_CACHE_HOME": "/c", "HOME": "/d"], "/a", .option),
            (nil, ["LOCKSTEP_DATA": "/b", "XDG_CACHE_HOME": "/c", "HOME": "/d"], "/b", .environment),
            (nil, ["LOCKSTEP_DATA": "", "XDG_CACHE_HOME": "/c", "HOME": "/d"], "/c/lockstep", .cache),
            (nil, ["XDG_CACHE_HOME": "relative", "HOME": "/d"], "/d/.cache/lockstep", .cache),
            ("", ["HOME": "/d"], "/d/.cache/lockstep", .cache), ("/a/", ["HOME": "/d"], "/a", .option),
        ] as [(String?, [String: String], String, DataDirectory.Origin)]))
    func directory(option: String?, environment: [String: String], path: String, origin: DataDirectory.Origin) {
        let found = DataDirectory(option: option, environment: environment)
        #expect(found.path == path && found.origin == origin)
    }
}

/// The published files are not part of the project: these tests run where LOCKSTEP_DATA names a folder that has them.
private let mnistIsThere = DataDirectory().find("train-images-idx3-ubyte.gz", of: "mnist") != nil

@Suite("The real MNIST files", .enabled(if: mnistIsThere, "needs the MNIST files: set LOCKSTEP_DATA to their folder"))
struct RealMNISTTests {
    @Test("open, with the paper's split and MNIST's mean ink")
    func opens() throws {
        let data = try DataSet.open(DataSettings(set: "mnist"), directory: nil)
        #expect(counts(data) == [50_000, 10_000, 10_000])
        #expect(data.train.pixels == 784)
        #expect(data.train.labels(0..<5) == [5, 0, 4, 1, 9])
        #expect(data.test.labels(0..<5) == [7, 2, 1, 0, 4])
        let whole = (data.train.images(0..<50_000) + data.validation.images(0..<10_000)).reduce(0) { $0 + Int($1) }
        #expect(abs(Double(whole) / 60_000 / 784 / 255 - 0.1307) < 0.0001)
    }

    @Test("are verified as right")
    func verified() throws {
        #expect(try KnownSet.mnist.verify(in: DataDirectory()).allSatisfy { $0.state == .right })
    }
}
