import Datasets
import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// What goes out of a run into other software, and images between two others.
@Suite(.serialized)
struct ExportTests {
    /// A folder with a finished run named "run", whose decoder is told a class.
    private static let trained: Result<Scratch, any Error> = Result {
        let scratch = Scratch()
        let result = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + ["--run", scratch.file("run"), "--set", "variant=supervised"])
        try #require(result.status == 0, "\(result.errors)")
        return scratch
    }

    private func lockstep(_ arguments: [String]) throws -> LockstepProcess.Result {
        try LockstepProcess.run(arguments, in: Self.trained.get().path)
    }

    private func floats(_ name: String) throws -> (shape: [Int], values: [Float]) {
        let array = try NPY.read(Self.trained.get().path + "/" + name)
        return (array.shape, try #require(array.values.floats).array)
    }

    @Test("export writes a model of the encoder and one of the decoder, whole, and says what goes in and comes out")
    func export() throws {
        let folder = try Self.trained.get()
        let result = try lockstep(["export", "run", "--onnx", "mine.onnx"])
        #expect(result.status == 0 && result.output == "mine-encoder.onnx\nmine-decoder.onnx\n", "\(result)")
        #expect(result.errors.contains("from image N x 784 to code N x 2"), "\(result.errors)")
        #expect(result.errors.contains("from label N x 10, code N x 2 to image N x 784"), "\(result.errors)")
        // The weights and little else; ONNXFileTests reads such files.
        let weights = 4 * (48 * 784 + 48 + 32 * 48 + 32 + 2 * 32 + 2)
        #expect((weights..<weights + 8_000).contains(folder.size(of: "mine-encoder.onnx")))
        #expect(try lockstep(["export", "run@12", "--onnx", "at.onnx"]).status == 0)
        #expect(
            try Scratch.names(in: folder.path, ending: ".onnx") == [
                "at-decoder.onnx", "at-encoder.onnx", "mine-decoder.onnx", "mine-encoder.onnx",
            ])
        for name in ["mine", "mine.pb", ".onnx"] {
            let wrong = try lockstep(["export", "run", "--onnx", name])
            #expect(wrong.status == 64 && wrong.errors.contains("NAME.onnx"), "\(wrong)")
        }
    }

    @Test("sample --interpolate goes from the code of one validation image to that of another, with their classes or with one")
    func interpolate() throws {
        #expect(try lockstep(["encode", "run", "--split", "validation", "--out", "codes.npy"]).status == 0)
        let line = try lockstep(["sample", "run", "--interpolate", "3,17", "--count", "5", "--label", "4", "--out", "line.npy"])
        #expect(line.status == 0, "\(line.errors)")
        #expect(try lockstep(["decode", "run", "--codes", "codes.npy", "--label", "4", "--out", "all.npy"]).status == 0)
        let (images, all) = (try floats("line.npy"), try floats("all.npy"))
        #expect(images.shape == [5, 784])
        for (row, image) in [(0, 3), (4, 17)] {
            let differences = zip(images.values[row * 784..<(row + 1) * 784], all.values[image * 784..<(image + 1) * 784])
            #expect(differences.allSatisfy { abs($0 - $1) < 1e-5 }, "row \(row)")
        }
        let own = try lockstep(["sample", "run", "--interpolate", "3,17", "--count", "5", "--out", "own.npy"])
        #expect(own.status == 0, "\(own.errors)")
        let ownImages = try floats("own.npy")
        #expect(ownImages.values != images.values)
        #expect(try lockstep(["sample", "run", "--interpolate", "0,1", "--out", "line.png"]).status == 0)
        for wrong in ["3", "3,x", "-1,2", "3,100"] {
            #expect(try lockstep(["sample", "run", "--interpolate=\(wrong)", "--out", "x.npy"]).status == 64, "\(wrong)")
        }
        #expect(try lockstep(["sample", "run", "--interpolate", "1,2", "--grid", "--out", "x.npy"]).status == 64)
        #expect(try lockstep(["sample", "run", "--interpolate", "1,2", "--count", "1", "--out", "x.npy"]).status == 64)
    }
}

extension Scratch {
    /// Names of files with an ending, in their order.
    fileprivate static func names(in folder: String, ending: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(ending) }.sorted()
    }
}
