import Autoencoder
import Datasets
import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// The file of a prior of samples: read when the data is opened, known by its content, kept by the run.
@Suite struct SamplesPriorFileTests {
    private let scratch = Scratch()

    private func write(_ name: String, _ values: [Float], columns: Int = 2) throws -> String {
        try NPY.write(values, shape: [values.count / columns, columns], to: scratch.file(name))
        return scratch.file(name)
    }

    private func wanted(_ file: String, _ sets: [String] = []) throws -> Configuration {
        try Configuration.load(ConfigurationSources(sets: ["prior={kind: samples, file: \(file)}"] + sets))
    }

    private func began(_ file: String) throws -> (run: RunFolder, configuration: Configuration) {
        let (configuration, _) = try wanted(file).opened(directory: nil)
        let run = try RunFolder.begin(
            configuration, provenance: RunFolderTests.provenance, under: scratch.file("runs"), now: RunFolderTests.now)
        return (run, configuration)
    }

    @Test("the samples come with the data, their digest is part of the run's identity, the file's place is not")
    func identity() throws {
        let file = try write("a.npy", [0, 1, 2, 3])
        let wanted = try wanted(file)
        #expect(wanted.prior.sampleFile == file && wanted.prior.codeSamples == nil && wanted.prior.sampleDigest == nil)
        let opened = try wanted.opened(directory: nil).configuration
        let digest = try #require(opened.prior.sampleDigest)
        let expected = try CodeSamples([0, 1, 2, 3], dimensions: 2).digest
        #expect(opened.prior.codeSamples?.count == 2 && digest == expected)
        let line = "prior: {kind: samples, file: \"\(file)\", digest: "
        #expect(opened.yaml().contains(line) && opened.yaml().contains(digest), "\(opened.yaml())")
        #expect(try Configuration.read(yaml: opened.yaml(), file: "config.yaml") == opened)
        let moved = try self.wanted(write("b.npy", [0, 1, 2, 3])).opened(directory: nil).configuration
        #expect(moved.identityDigest == opened.identityDigest)
        let other = try self.wanted(write("c.npy", [0, 1, 2, 4])).opened(directory: nil).configuration
        #expect(other.identityDigest != opened.identityDigest)
        #expect(sentence { try other.requireSameBits(as: opened, after: 0, run: "r") }.contains("prior.digest"))
        // The command line that began the run can continue it; one with another file cannot.
        try wanted.requireSameBits(as: opened, after: 0, run: "r")
        let elsewhere = try self.wanted(scratch.file("b.npy"))
        #expect(sentence { try elsewhere.requireSameBits(as: opened, after: 0, run: "r") }.contains("prior.digest"))
    }

    @Test("a run keeps its own copy and goes on with it, where the file has gone or is another now")
    func copy() throws {
        let file = try write("a.npy", [0, 1, 2, 3])
        let (run, configuration) = try began(file)
        #expect(try Scratch.names(run.path) == ["checkpoints", "config.yaml", "figures", "lock", "prior.npy"])
        let array = try NPY.read(run.path + "/prior.npy")
        #expect(array.shape == [2, 2] && array.values.floats?.array == [0, 1, 2, 3])
        _ = try write("a.npy", [0, 1, 2, 4])
        let stored = try run.configuration().configuration
        let again = try run.openData(stored, directory: nil).configuration
        #expect(again.prior.codeSamples?.digest == configuration.prior.sampleDigest && again == configuration)
        // What the file has now is refused, without a copy and with one that is damaged or another.
        let copy = URL(fileURLWithPath: run.path + "/prior.npy")
        for content in [nil, Data([1]), Data(try Scratch.bytes(file))] {
            try FileManager.default.removeItem(at: copy)
            let text = sentence {
                if let content { try content.write(to: copy) }
                _ = try run.openData(stored, directory: nil)
            }
            #expect(text.hasPrefix("\(file) cannot be used: it has other samples than prior.digest says"), "\(text)")
            try Data([2]).write(to: copy)
        }
        run.withdraw(keepingFolder: true)
        #expect(try Scratch.names(run.path) == [])
        #expect(RunFolder.isBlank(run.path))
    }

    @Test("what holds no samples of a code is refused in a sentence before anything is made")
    func unfit() throws {
        func text(_ file: String, _ sets: [String] = []) -> String {
            sentence { _ = try wanted(file, sets).opened(directory: nil) }
        }
        let three = try write("three.npy", [0, 1, 2, 3, 4, 5], columns: 3)
        #expect(
            text(three) == "\(three) cannot be used: it has samples of 3 values, expected 2, as many as a code has (model.code).")
        #expect(text(three, ["model.code=3"]) == "no error")
        try NPY.write([Int32(1), 2, 3, 4], shape: [2, 2], to: scratch.file("whole.npy"))
        #expect(text(scratch.file("whole.npy")).contains("is of int32, a type that is not read as samples of a prior"))
        try NPY.write([Float(1), 2, 3, 4], shape: [4], to: scratch.file("flat.npy"))
        #expect(text(scratch.file("flat.npy")).contains("it has the shape [4], expected samples (N, Z)"))
        let odd = try write("odd.npy", [0, 1, .infinity, 3])
        #expect(text(odd).contains("it has inf in sample 1 (from 0), expected finite values of"))
        #expect(text(scratch.file("none.npy")).contains("cannot open \(scratch.file("none.npy")): No such file or directory"))
        let alone = sentence { _ = try Configuration.load(ConfigurationSources(sets: ["prior={kind: samples}"])) }
        #expect(alone.contains("prior.file: a prior of samples has no file; give it one, as in prior.file=samples.npy"), "\(alone)")
        let digest = sentence { _ = try wanted(three, ["prior.digest=abc"]) }
        #expect(digest.contains("digest is abc, expected a SHA-256 of 64 hex digits"), "\(digest)")
        let vae = sentence { _ = try wanted(three, ["variant=vae"]) }
        #expect(vae.contains("the samples prior is known by samples alone: a VAE needs a density"), "\(vae)")
    }

    @Test("its path is seen from the folder of the file that it stands in")
    func path() throws {
        let file = try scratch.write("prior: {kind: samples, file: a.npy}", to: "my.yaml")
        #expect(try Configuration.load(ConfigurationSources(file: file)).prior.sampleFile == scratch.file("a.npy"))
    }
}
