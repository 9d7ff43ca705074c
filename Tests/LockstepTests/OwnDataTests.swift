import Foundation
import TestSupport
import Testing

/// People's own files, from `train` to everything that looks at a run afterwards.
@Suite(.serialized) struct OwnDataTests {
    private let scratch: Scratch

    init() throws { scratch = Scratch() }

    /// A model that trains in no time, on whatever the data is.
    private static let tiny =
        [
            "--set", "model.encoder=[8]", "--set", "model.decoder=[8]", "--set", "model.discriminator=[8]", "--minibatch", "6",
            "--epochs", "1", "--set", "data.set=npz",
        ] + LockstepProcess.constantRates

    private func little(_ value: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    private func checkSum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 0 ? 0 : 0xEDB8_8320) }
        }
    }

    private func npy(_ shape: [Int], first: Int) -> [UInt8] {
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(shape.map(String.init).joined(separator: ", "))), }\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0] + little(header.utf8.count, 2) + Array(header.utf8)
            + (0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: first + 7 * $0) }
    }

    /// An archive of training and test images without labels, as `numpy.savez` writes one.
    private func archive(_ shape: [Int], first: Int = 0) -> Data {
        var (file, directory): ([UInt8], [UInt8]) = ([], [])
        for (name, content) in [("x_train.npy", npy(shape, first: first)), ("x_test.npy", npy(shape, first: 3))] {
            let common =
                little(0, 8) + little(Int(checkSum(content)), 4) + little(content.count, 4) + little(content.count, 4)
                + little(name.utf8.count, 2)
            directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + common + little(0, 12) + little(file.count, 4) + Array(name.utf8)
            file += [0x50, 0x4B, 3, 4, 20, 0] + common + little(0, 2) + Array(name.utf8) + content
        }
        let end =
            [0x50, 0x4B, 5, 6] + little(0, 4) + little(2, 2) + little(2, 2) + little(directory.count, 4) + little(file.count, 4)
        return Data(file + directory + end + little(0, 2))
    }

    private func write(_ name: String, _ shape: [Int], first: Int = 0) throws {
        try archive(shape, first: first).write(to: URL(fileURLWithPath: scratch.file(name)))
    }

    private func run(_ arguments: [String], status: Int32 = 0) throws -> LockstepProcess.Result {
        let result = try LockstepProcess.run(arguments, environment: ["HOME": scratch.file("home")], in: scratch.path)
        #expect(result.status == status, "\(arguments): \(result.errors)")
        return result
    }

    @Test("a file beside the person is found, its sizes follow it, and the configuration has both resolved")
    func beside() throws {
        try write("own.npz", [13, 4, 5])
        let dry = try run(["train", "--dry-run", "--set", "data.file=own.npz"] + Self.tiny).output
        #expect(dry.contains("data: {set: npz, train: 11, validation: 2, file: \"\(scratch.path)/own.npz\"}"), "\(dry)")
        #expect(dry.contains("11 training, 2 validation, 13 test images of 4 x 5 x 1, without labels"))
        try FileManager.default.createDirectory(atPath: scratch.file("conf"), withIntermediateDirectories: true)
        try "data: {set: npz, file: ../own.npz}\r\nminibatch: 6\r\n".write(
            toFile: scratch.file("conf/my.yaml"), atomically: true, encoding: .utf8)
        #expect(try run(["train", "--dry-run", "--config", "conf/my.yaml"]).output.contains("conf/../own.npz"))
        let none = try run(["train", "--dry-run", "--set", "data.file=none.npz"] + Self.tiny, status: 1).errors
        #expect(
            none.contains("none.npz not found, packed or plain, in \(scratch.path); check what you gave for data.file"), "\(none)")
    }

    @Test("a variant that learns from labels is refused on images that have none, before anything is made")
    func unlabelled() throws {
        try write("own.npz", [12, 4, 4])
        for command in [
            ["train", "--run", "r"], ["train", "--dry-run"], ["coordinator", "--dry-run"],
            ["coordinator", "--run", "r", "--listen", "127.0.0.1:0"],
        ] {
            let arguments = command + ["--set", "variant=supervised", "--set", "data.file=own.npz"] + Self.tiny
            let said = try run(arguments, status: 64).errors
            #expect(said.contains("the data set has no labels, which supervised learns from"), "\(command): \(said)")
            #expect(said.contains("give its archive arrays of labels (y_train") && !said.contains("data.labels"), "\(said)")
            #expect(!FileManager.default.fileExists(atPath: scratch.file("r")))
        }
    }

    @Test(
        "a run on images of any shape goes through evaluation and pictures, and every command that looks at it works",
        arguments: [[12, 1, 4, 4], [12, 3, 5, 4], [12, 17], [2, 1]])
    func shapes(shape: [Int]) throws {
        try write("own.npz", shape)
        _ = try run(["train", "--run", "r", "--set", "data.file=own.npz"] + Self.tiny)
        let pictures = try FileManager.default.contentsOfDirectory(atPath: scratch.file("r/figures"))
        for name in ["codes.png", "reconstructions.png", "samples.png", "walk.png"] { #expect(pictures.contains(name)) }
        _ = try run(["evaluate", "r"])
        _ = try run(["sample", "r", "--count", "9", "--out", "s.png"])
        _ = try run(["encode", "r", "--split", "test", "--out", "c.npy"])
        #expect(!FileManager.default.fileExists(atPath: scratch.file("c.labels.npy")))
        _ = try run(["decode", "r", "--codes", "c.npy", "--out", "d.png"])
        _ = try run(["figures", "r"])
        let tensors = try run(["replay", "r", "--step", "1", "--out", "p.safetensors"])
        #expect(tensors.errors.contains("bit for bit"), "\(tensors.errors)")
    }

    @Test("two or four channels are refused before a folder is made", arguments: [[12, 4, 4, 2], [12, 4, 5, 5], [12, 3, 4, 3]])
    func refused(shape: [Int]) throws {
        try write("own.npz", shape)
        let errors = try run(["train", "--run", "r", "--set", "data.file=own.npz"] + Self.tiny, status: 1).errors
        #expect(errors.contains("own.npz (x_train) cannot be used: it has images of shape (12, "), "\(errors)")
        #expect(!FileManager.default.fileExists(atPath: scratch.file("r")))
    }

    @Test("data that was moved: what a run prints works as printed, --data and a setting name the new place, the content decides")
    func moved() throws {
        let files = FileManager.default
        for folder in ["old", "new"] { try files.createDirectory(atPath: scratch.file(folder), withIntermediateDirectories: true) }
        try write("old/own.npz", [12, 4, 4])
        _ = try run(["train", "--run", "r", "--data", "old", "--set", "data.file=own.npz"] + Self.tiny)
        // The folder that --data named is remembered.
        _ = try run(["evaluate", "r", "--only", "codes"])
        _ = try run(["resume", "r", "--epochs", "2"])
        try files.moveItem(atPath: scratch.file("old/own.npz"), toPath: scratch.file("new/own.npz"))
        let lost = try run(["resume", "r", "--epochs", "3"], status: 1).errors
        #expect(lost.contains("\(scratch.file("old"))") && lost.contains("--data DIR"), "\(lost)")
        _ = try run(["evaluate", "r", "--only", "codes", "--data", "new"])
        _ = try run(["resume", "r", "--epochs", "3", "--set", "data.file=new/own.npz"])
        // And from now on it is known to be there.
        _ = try run(["sample", "r", "--count", "4", "--out", "s.png"])
        try write("old/own.npz", [12, 4, 4], first: 1)
        let other = try run(["resume", "r", "--epochs", "4", "--data", "old"], status: 1).errors
        #expect(other.contains("began with other data"), "\(other)")
        _ = try run(["resume", "r", "--epochs", "4"])
    }

    @Test("a prior of samples comes to workers that have no files, and the run needs its file no more")
    func samples() throws {
        try write("own.npz", [12, 4, 4])
        let values = (0..<40).map { Float($0 % 7) - 3 }
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (20, 2), }\n"
        let content =
            [0x93] + Array("NUMPY".utf8) + [1, 0] + little(header.utf8.count, 2) + Array(header.utf8)
            + values.flatMap { little(Int($0.bitPattern), 4) }
        let file = scratch.file("samples.npy")
        try Data(content).write(to: URL(fileURLWithPath: file))
        let prior = ["--set", "prior.kind=samples", "--set", "prior.file=samples.npy", "--set", "data.file=own.npz"] + Self.tiny
        let dry = try run(["train", "--dry-run"] + prior).output
        #expect(dry.contains("prior: {kind: samples, file: \"\(file)\", digest: "), "\(dry)")
        var digests: Set<String> = []
        for (name, workers) in [("r", "1"), ("s", "2")] {
            _ = try run(["train", "--run", name, "--workers", workers] + prior)
            digests.insert(try run(["digest", name]).output)
        }
        #expect(digests.count == 1)
        try FileManager.default.removeItem(atPath: file)
        _ = try run(["resume", "r", "--epochs", "2"])
        for command in [
            ["evaluate", "r"], ["figures", "r"], ["sample", "r", "--grid", "--count", "9", "--out", "g.png"],
            ["sample", "r", "--count", "9", "--out", "s.npy"], ["replay", "r", "--step", "1", "--out", "p.safetensors"],
            ["inspect", "r"],
        ] { _ = try run(command) }
        let gone = try run(["train", "--run", "t"] + prior, status: 1).errors
        #expect(gone.contains("cannot open \(file): No such file or directory"), "\(gone)")
        #expect(!FileManager.default.fileExists(atPath: scratch.file("t")))
    }

    @Test("the same coordinator line goes on with a run whose sizes follow its data")
    func again() throws {
        try write("own.npz", [13, 4, 4])
        let line =
            ["coordinator", "--recipe", "quickstart", "--run", "r", "--listen", "127.0.0.1:0", "--set", "data.file=own.npz"]
            + Self.tiny
        _ = try run(["train", "--run", "r", "--set", "data.file=own.npz"] + Self.tiny)
        let result = try run(line)
        #expect(result.output.contains("digest"), "\(result.output)\(result.errors)")
    }
}
