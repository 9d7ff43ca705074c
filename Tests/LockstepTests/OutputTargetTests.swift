import Foundation
import TestSupport
import Testing

/// A place where nothing can be written is found before anything is: no command leaves the first of its files without the others.
@Suite(.serialized)
struct OutputTargetTests {
    /// A folder with a finished run named "run", of which `encode` writes all four files.
    private static let trained: Result<Scratch, any Error> = Result {
        let scratch = Scratch()
        let sizes = [
            "data.train=400", "data.validation=100", "model.encoder=[24]", "model.decoder=[24]", "model.discriminator=[16]",
            "figures.every_epochs=0",
        ]
        let result = try LockstepProcess.run(
            ["train", "--recipe", "reduction", "--minibatch", "50", "--epochs", "1", "--run", scratch.file("run")]
                + sizes.flatMap { ["--set", $0] })
        try #require(result.status == 0, "\(result.errors)")
        return scratch
    }

    /// Names in the folder, but for the run's.
    private func names(_ folder: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

    @Test(
        "a folder in the place of one of several files ends the command before the first is written",
        arguments: [
            (["export", "run", "--onnx", "m.onnx"], "m-decoder.onnx"), (["export", "run", "--onnx", "m.onnx"], "m-encoder.onnx"),
            (["encode", "run", "--split", "validation", "--out", "c.npy"], "c.npy"),
            (["encode", "run", "--split", "validation", "--out", "c.npy"], "c.labels.npy"),
            (["encode", "run", "--split", "validation", "--out", "c.npy"], "c.y.npy"),
            (["encode", "run", "--split", "validation", "--out", "c.npy"], "c.representations.npy"),
            (["sample", "run", "--count", "4", "--out", "s.npy"], "s.npy"),
            (["sample", "run", "--count", "4", "--out", "s.png"], "s.png"),
            (["compare", "run", "run", "--out", "both.png"], "both.png"),
            (["replay", "run", "--step", "2", "--out", "step.safetensors"], "step.safetensors"),
        ])
    func folders(_ command: [String], _ target: String) throws {
        let folder = try Self.trained.get().path
        try FileManager.default.createDirectory(atPath: "\(folder)/\(target)", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: "\(folder)/\(target)") }
        let before = try names(folder)
        let result = try LockstepProcess.run(command, in: folder)
        #expect(result.status == 1 && result.output.isEmpty, "\(result)")
        #expect(result.errors.contains("\(target): ") && result.errors.contains("a folder stands there"), "\(result.errors)")
        #expect(try names(folder) == before)
    }

    @Test(
        "so does a folder that is missing, or a file in its place",
        arguments: [
            ["export", "run", "--onnx", "PLACE/m.onnx"], ["sample", "run", "--count", "4", "--out", "PLACE/s.png"],
            ["compare", "run", "run", "--out", "PLACE/both.png"],
            ["replay", "run", "--step", "2", "--out", "PLACE/step.safetensors"],
            ["encode", "run", "--split", "validation", "--out", "PLACE/c.npy"],
        ])
    func parents(_ command: [String]) throws {
        let folder = try Self.trained.get().path
        // A writer of .npy makes the folders that are missing.
        for place in command[0] == "encode" ? ["run/config.yaml"] : ["nowhere", "run/config.yaml"] {
            let before = try names(folder)
            let result = try LockstepProcess.run(command.map { $0.replacing("PLACE", with: place) }, in: folder)
            #expect(result.status == 1 && result.output.isEmpty, "\(result)")
            #expect(result.errors.contains("\(place)/") && result.errors.contains("check the path"), "\(result.errors)")
            #expect(try names(folder) == before)
        }
    }

    @Test(
        "resume takes no flag about workers of other hosts where it starts its own",
        arguments: [["--data-port", "7701"], ["--orphan-timeout", "5s"], ["--token-file", "token"], ["--insecure"]])
    func withoutListening(_ flag: [String]) throws {
        let result = try LockstepProcess.run(["resume", "run"] + flag)
        #expect(result.status == 64 && result.errors.contains("\(flag[0]) is about workers of other hosts"), "\(result.errors)")
    }

    @Test("a recipe that is told to be of another variant says which of its phases have rates that it does not know of")
    func otherVariant() throws {
        let dry = ["train", "--recipe", "vae", "--dry-run", "--set", "variant=basic"]
        let result = try LockstepProcess.run(dry)
        #expect(
            result.status == 0 && result.errors.contains("says nothing of phases that basic has beside (discriminator, generator)"))
        #expect(result.errors.contains("recipe of the variant basic (quickstart, "), "\(result.errors)")
        let rates = ["discriminator", "generator"].flatMap { ["--set", "phases.\($0).rate=0.01"] }
        let own = try LockstepProcess.run(dry + rates)
        #expect(own.status == 0 && !own.errors.contains("says nothing"), "\(own.errors)")
        #expect(try !LockstepProcess.run(["train", "--recipe", "vae", "--dry-run"]).errors.contains("says nothing"))
    }
}
