import Autoencoder
import Datasets
import Figures
import Foundation
import Runs
import TestSupport
import Testing

/// People's own files: where their paths lead, how they are split, and how a run knows them again.
@Suite struct OwnDataTests {
    private let scratch = Scratch()

    /// A pair of IDX files in a folder, without labels: images of 2 × 3, the first pixel of the first being `first`.
    private func writePair(_ folder: String, training: Int = 12, first: Int = 0) throws {
        try FileManager.default.createDirectory(atPath: scratch.file(folder), withIntermediateDirectories: true)
        for (name, count) in [("train", training), ("test", 4)] {
            let head = [0, 0, 8, 3, 0, 0, 0, UInt8(count), 0, 0, 0, 2, 0, 0, 0, 3]
            _ = try scratch.write(head + (0..<count * 6).map { UInt8(truncatingIfNeeded: first + $0) }, to: "\(folder)/\(name).idx")
        }
    }

    private func settings(_ folder: String) -> [String] {
        ["data={set: idx, images: \(scratch.file(folder))/train.idx, test_images: \(scratch.file(folder))/test.idx}"]
    }

    @Test("A path that is typed is seen from the current folder, one in a file from the file's folder")
    func paths() throws {
        let here = FileManager.default.currentDirectoryPath
        let typed = try Configuration.load(ConfigurationSources(sets: ["data.set=npz", "data.file=own.npz", "data.folder=./x"]))
        #expect(typed.data.file == here + "/own.npz" && typed.data.folder == here + "/x")
        let exported = try Configuration.load(
            ConfigurationSources(environment: ["LOCKSTEP_DATA_SET": "npz", "LOCKSTEP_DATA_FILE": "../own.npz"]))
        #expect(exported.data.file == here + "/../own.npz")
        _ = try scratch.write("data: {set: idx, images: a.idx, labels: sub/b, test_images: /c, test_labels: ~/d}", to: "my.yaml")
        let file = try Configuration.load(ConfigurationSources(file: scratch.file("my.yaml"), sets: ["data.test_images=e"])).data
        #expect(file.images == scratch.file("a.idx") && file.labels == scratch.file("sub/b") && file.testImages == here + "/e")
        #expect(file.testLabels?.hasPrefix("/") == true && file.testLabels?.hasSuffix("/d") == true)
    }

    @Test("A configuration file of another system reads as one of this", arguments: ["\r\n", "\r", "\n"])
    func lineEnds(end: String) throws {
        let text = ["\u{FEFF}name: mine", "minibatch: 7", "", "model: {code: 3}", ""].joined(separator: end)
        let read = try Configuration.readFile(scratch.write(text, to: "own.yaml")).configuration
        #expect(read.name == "mine" && read.minibatch == 7 && read.model.code == 3)
        let wrong = try scratch.write(["minibatch: 7", "seed: x", ""].joined(separator: end), to: "wrong.yaml")
        #expect(sentence { _ = try Configuration.readFile(wrong) }.contains("line 2: seed"))
    }

    @Test("Sizes that a recipe gives are those of its own set; those that a person gives stay")
    func sizes() throws {
        func data(_ sources: ConfigurationSources) throws -> [Int?] {
            let data = try Configuration.load(sources).data
            return [data.train, data.validation]
        }
        #expect(try data(ConfigurationSources(sets: ["data.set=npz"])) == [nil, nil])
        #expect(try data(ConfigurationSources(recipe: "mnist-likelihood", sets: ["data.set=idx"])) == [nil, nil])
        #expect(try data(ConfigurationSources(sets: ["data.set=npz", "data.train=5"])) == [5, nil])
        #expect(try data(ConfigurationSources(environment: ["LOCKSTEP_DATA_TRAIN": "5"], sets: ["data.set=npz"])) == [5, nil])
        #expect(try data(ConfigurationSources(sets: ["data.train=auto"])) == [nil, 10_000])
        #expect(try data(ConfigurationSources(sets: ["data.train=2000", "data.set=mnist"])) == [2_000, 10_000])
        let file = try scratch.write("data: {set: npz, train: 6, validation: 2}", to: "own.yaml")
        #expect(try data(ConfigurationSources(file: file, sets: ["data.validation=auto"])) == [6, nil])
        #expect(
            sentence { _ = try Configuration.load(ConfigurationSources(sets: ["data.train=all"])) }
                == "--set data.train=all: data.train: a whole number or auto is expected, not \"all\".")
        var run = Configuration()
        run.data = DataSettings(set: "npz", train: 6, validation: 2)
        let wanted = try Configuration.load(ConfigurationSources(sets: ["data.set=npz"]))
        #expect(!sentence { try wanted.requireSameBits(as: run, after: 0, run: "r") }.contains("data.train"))
        #expect(try data(ConfigurationSources(base: run, sets: ["data.train=auto"])) == [6, 2])
    }

    @Test("Held-out images of a class that the model has not are refused as the training images are, where labels count")
    func heldOutLabels() throws {
        try writePair("own")
        func opened(_ variant: String, training: [UInt8], test: [UInt8]) throws -> (configuration: Configuration, data: DataSet) {
            for (name, labels) in [("train", training), ("test", test)] {
                _ = try scratch.write([0, 0, 8, 1, 0, 0, 0, UInt8(labels.count)] + labels, to: "own/\(name).labels")
            }
            let sets = ["data.labels=\(scratch.file("own/train.labels"))", "data.test_labels=\(scratch.file("own/test.labels"))"]
            return try Configuration.load(
                ConfigurationSources(
                    sets: settings("own") + sets + ["variant=\(variant)"] + (variant == "basic" ? [] : ["model.classes=2"]))
            ).opened(directory: nil)
        }
        let usual: [UInt8] = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
        for (validation, test, split) in [([0, 2], [0, 0, 0, 0], "validation"), ([1, 1], [0, 1, 4, 0], "test")]
            as [([UInt8], [UInt8], String)]
        {
            let (configuration, data) = try opened("supervised", training: usual + validation, test: test)
            let text = sentence { _ = try configuration.stepImages(data) }
            #expect(text.hasPrefix("the labels of the \(split) images are 0"), "\(text)")
            #expect(
                text.hasSuffix(
                    "and 2 classes (model.classes) are those from 0 to 1; leave images of other classes out, or train on images of every class."
                ))
            let basic = try opened("basic", training: usual + validation, test: test)
            _ = try basic.configuration.stepImages(basic.data)
        }
        let (configuration, data) = try opened("supervised", training: usual + [1, 1], test: [0, 0, 0, 0])
        _ = try configuration.stepImages(data)
    }

    private func run(_ folder: String, named name: String) throws -> RunFolder {
        let (configuration, data) = try Configuration.load(ConfigurationSources(sets: settings(folder))).opened(directory: nil)
        #expect(configuration.data.train == 10 && configuration.data.validation == 2)
        let provenance = Provenance(commit: "c", dataIdentity: data.identity, kernel: "haswell", commandLine: [])
        return try RunFolder.begin(configuration, provenance: provenance, at: scratch.file(name))
    }

    private func open(_ folder: RunFolder, directory: String? = nil, sets: [String] = []) throws -> DataSettings {
        let existing = try folder.configuration().configuration
        let configuration = try Configuration.load(ConfigurationSources(base: existing, sets: sets))
        try configuration.requireSameBits(as: existing, after: 0, run: "r")
        return try folder.openData(configuration, directory: directory).configuration.data
    }

    @Test("A run finds its data where it was, where --data or a setting says that it is now, by its content")
    func moved() throws {
        try writePair("old")
        let folder = try run("old", named: "run")
        #expect(try open(folder).images == scratch.file("old/train.idx"))
        try FileManager.default.moveItem(atPath: scratch.file("old"), toPath: scratch.file("new"))
        #expect(
            sentence { _ = try open(folder) }.contains("train.idx, test.idx not found, packed or plain, in \(scratch.file("old"))"))
        #expect(try open(folder, directory: scratch.file("new")).images == scratch.file("new/train.idx"))
        let named = try open(
            folder, sets: ["data.images=\(scratch.file("new/train.idx"))", "data.test_images=\(scratch.file("new/test.idx"))"])
        #expect(named.testImages == scratch.file("new/test.idx") && named.train == 10)
    }

    @Test("Other content is not the run's, wherever it lies, and the ways on are named")
    func otherContent() throws {
        try writePair("old")
        let folder = try run("old", named: "run")
        try writePair("other", first: 1)
        try writePair("few", training: 3)
        for place in ["other", "few"] {
            let text = sentence { _ = try open(folder, directory: scratch.file(place)) }
            #expect(text.contains("began with other data") && text.contains("--data DIR"), "\(text)")
        }
        try writePair("old", first: 9)
        #expect(sentence { _ = try open(folder) }.contains("the run's is "))
        try writePair("right")
        #expect(try open(folder, directory: scratch.file("right")).images == scratch.file("right/train.idx"))
    }

    @Test(
        "Images of every shape that is read become pictures",
        arguments: [
            (28, 28, 1, 28, 28), (32, 32, 3, 32, 32), (1, 784, 1, 28, 28), (1, 1, 1, 1, 1), (1, 2, 1, 1, 2), (1, 7, 1, 3, 3),
            (5, 1, 1, 2, 3), (1, 10_007, 1, 100, 101), (1, 12, 3, 3, 4), (2, 4_096, 1, 2, 4_096), (32, 3, 1, 32, 3),
        ])
    func shapes(height: Int, width: Int, channels: Int, rows: Int, columns: Int) throws {
        let shape = PictureShape(height: height, width: width, channels: channels)
        #expect(shape.height == rows && shape.width == columns)
        let values = height * width * channels
        let count = shape.most(3)
        let images = try shape.batch(count: count, units: [Float](repeating: 1, count: count * values))
        #expect(images.pixels.count(where: { $0 == 255 }) == count * values)
        let title = FigureTitle(run: "test", epoch: 1, step: 1)
        let originals = shape.batch(count: count, pixels: [UInt8](repeating: 3, count: count * values))
        for picture in [
            Figures.samples(images, title: title), Figures.grid(images, columns: 2),
            Figures.reconstructions(originals: originals, reconstructions: images, title: title),
            Figures.walk(images, columns: 2, caption: "", title: title),
        ] { #expect(try !PNG.encode(picture).isEmpty) }
    }

    @Test("A picture has room for fewer of large images, and for two on a side in any case")
    func room() {
        #expect(PictureShape(height: 28, width: 28, channels: 1).most(10_000) == 10_000)
        #expect(PictureShape(height: 4_096, width: 4_096, channels: 1).most(400) == 4)
    }
}
