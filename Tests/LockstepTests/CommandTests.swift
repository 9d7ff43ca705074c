import Autoencoder
import Datasets
import Figures
import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// The commands that look at a run after the fact, on one small run.
@Suite(.serialized)
struct CommandTests {
    /// A folder with a finished run named "run".
    private static let trained: Result<Scratch, any Error> = Result {
        let scratch = Scratch()
        let result = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + [
                "--run", scratch.file("run"), "--set", "average=0.9", "--set", "figures.every_epochs=2",
            ])
        try #require(result.status == 0, "\(result.errors)")
        return scratch
    }

    private func lockstep(_ arguments: [String]) throws -> LockstepProcess.Result {
        try LockstepProcess.run(arguments, in: Self.trained.get().path)
    }

    @Test("encode writes codes and labels as numpy files, decode turns codes into images again")
    func encodeDecode() throws {
        let folder = try Self.trained.get()
        #expect(try lockstep(["encode", "run", "--split", "validation", "--out", "codes.npy"]).status == 0)
        let codes = try NPY.read(folder.path + "/codes.npy")
        #expect(codes.shape == [100, 2])
        #expect(try NPY.read(folder.path + "/codes.labels.npy").values.integers == (0..<100).map { Int64($0 % 10) })
        #expect(try lockstep(["decode", "run", "--codes", "codes.npy", "--out", "images.npy"]).status == 0)
        let images = try NPY.read(folder.path + "/images.npy")
        #expect(images.shape == [100, 784])
        #expect(try #require(images.values.floats).array.allSatisfy { (0...1).contains($0) })
        #expect(try lockstep(["decode", "run", "--codes", "codes.npy", "--out", "images.png"]).status == 0)
        let wrong = try lockstep(["decode", "run", "--codes", "images.npy", "--out", "x.npy"])
        #expect(wrong.status == 1 && wrong.errors.contains("N x 2"), "\(wrong.errors)")
    }

    @Test(
        "codes that are not finite have no image, and what comes of weights that are not is no black picture",
        arguments: ["png", "npy"])
    func notFinite(ending: String) throws {
        let folder = try Self.trained.get()
        try NPY.write([0, 1, 2, .nan, .infinity, 0] as [Float], shape: [3, 2], to: folder.path + "/bad-\(ending).npy")
        let bad = try lockstep(["decode", "run", "--codes", "bad-\(ending).npy", "--out", "bad-out.\(ending)"])
        #expect(bad.status == 1 && bad.errors.contains("2 of the 3 codes") && bad.errors.contains("first row 1"), "\(bad.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/bad-out.\(ending)"))
        // Enormous codes still get a crude picture; weights that are not finite get none.
        try NPY.write([0, 1, 3e38, -3e38] as [Float], shape: [2, 2], to: folder.path + "/large-\(ending).npy")
        let large = try lockstep(["decode", "run", "--codes", "large-\(ending).npy", "--out", "large-out.\(ending)"])
        #expect(large.status == 0 && !large.errors.contains("not finite"), "\(large.errors)")
        let copy = "decoder-\(ending)"
        try FileManager.default.copyItem(atPath: folder.file("run"), toPath: folder.path + "/" + copy)
        let store = try RunFolder.open(folder.path + "/" + copy).checkpoints()
        try Self.spoil(#require(try store.newestWhole().checkpoint), in: store, part: "decoder")
        let none = try lockstep(["decode", copy, "--codes", "large-\(ending).npy", "--out", "none-out.\(ending)"])
        #expect(none.status == (ending == "png" ? 1 : 0) && none.errors.contains("values that are not finite"), "\(none.errors)")
        #expect(FileManager.default.fileExists(atPath: folder.path + "/none-out.\(ending)") == (ending == "npy"))
    }

    @Test("figures and sample of weights that are not finite name what they do not draw, and draw no black picture")
    func damagedWeights() throws {
        let folder = try Self.trained.get()
        let copy = folder.path + "/damaged"
        try FileManager.default.copyItem(atPath: folder.file("run"), toPath: copy)
        try FileManager.default.removeItem(atPath: copy + "/figures")
        try FileManager.default.createDirectory(atPath: copy + "/figures", withIntermediateDirectories: false)
        let store = try RunFolder.open(copy).checkpoints()
        let newest = try #require(try store.newestWhole().checkpoint)
        try Self.spoil(newest, in: store)
        let figures = try lockstep(["figures", "damaged"])
        #expect(figures.status == 1)
        for name in ["codes.png", "reconstructions.png"] {
            #expect(figures.errors.contains("\(name) was not drawn"), "\(figures.errors)")
            #expect(!FileManager.default.fileExists(atPath: copy + "/figures/" + name))
        }
        #expect(figures.output.contains("losses.png"))
        // Where the metrics are empty, an existing picture of losses is older, and reported as such.
        try Data().write(to: URL(fileURLWithPath: copy + "/metrics.jsonl"))
        let lost = try lockstep(["figures", "damaged"])
        #expect(lost.errors.contains("losses.png was not drawn, and one that is there is older"), "\(lost.errors)")
        let encoded = try lockstep(["encode", "damaged", "--split", "validation", "--out", "damaged.npy"])
        #expect(encoded.errors.contains("100 of the 100 codes"), "\(encoded.errors)")
        // All but a grid of codes, which takes a while.
        let some = "reconstruction,codes,probe,knn,manifold,memorised,parzen,calibration,importance"
        let evaluated = try lockstep(["evaluate", "damaged", "--samples", "1000", "--only", some])
        #expect(evaluated.status == 0 && evaluated.errors.contains("are not finite"), "\(evaluated.errors)")
    }

    /// Puts a checkpoint in the place of another whose encoder, or decoder, has biases of NaN.
    private static func spoil(_ checkpoint: Checkpoint, in store: CheckpointStore, part: String = "encoder") throws {
        let reader = try checkpoint.open()
        let tensors = try StateFile.tensors(of: reader)
        for tensor in tensors where tensor.name.hasSuffix("\(part).2.bias") {
            if case .f32(let values) = tensor.values { values.fill(.nan) }
        }
        _ = try store.write(checkpoint.info) { writer in
            let stream = try SafetensorsStream(tensors, metadata: reader.metadata, chunkBytes: 1 << 16)
            for piece in stream { try writer.write(piece) }
        }
    }

    @Test("sample depends on its seed alone, and walks the code space with --grid")
    func sample() throws {
        let folder = try Self.trained.get()
        for (seed, file) in [("1", "a.npy"), ("1", "b.npy"), ("2", "c.npy")] {
            #expect(try lockstep(["sample", "run", "--count", "7", "--seed", seed, "--out", file]).status == 0)
        }
        let (a, b, c) = try (
            NPY.read(folder.path + "/a.npy"), NPY.read(folder.path + "/b.npy"), NPY.read(folder.path + "/c.npy")
        )
        #expect(a.shape == [7, 784])
        #expect(a.values == b.values && a.values != c.values)
        #expect(try lockstep(["sample", "run", "--count", "25", "--grid", "--out", "grid.png"]).status == 0)
        let ending = try lockstep(["sample", "run", "--out", "x.jpg"])
        #expect(ending.status == 64 && ending.errors.contains(".png"))
        // A grid is as many images as were asked for, or none.
        #expect(try lockstep(["sample", "run", "--count", "49", "--grid", "--out", "grid.npy"]).status == 0)
        #expect(try NPY.read(folder.path + "/grid.npy").shape == [49, 784])
        let square = try lockstep(["sample", "run", "--count", "50", "--grid", "--out", "square.npy"])
        #expect(square.status == 64 && square.errors.contains("expected a square number, for example 49"), "\(square.errors)")
        let many = try lockstep(["sample", "run", "--count", "4000000", "--grid", "--out", "square.npy"])
        #expect(many.status == 64 && many.errors.contains("has at most 1000000"), "\(many.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/square.npy"))
    }

    @Test("replay arrives at the run's own sums and writes what went in and out")
    func replay() throws {
        let folder = try Self.trained.get()
        let result = try lockstep(["replay", "run", "--step", "5", "--out", "step.safetensors"])
        #expect(result.status == 0 && result.errors.contains("bit for bit"), "\(result.errors)")
        let reader = try SafetensorsReader(path: folder.path + "/step.safetensors")
        for name in ["input.images", "prior.code", "phase.generator.gradient.encoder.0.weight", "phase.discriminator.loss"] {
            #expect(throws: Never.self) { try reader.entry(name) }
        }
        #expect(try lockstep(["replay", "run", "--step", "0", "--out", "x.safetensors"]).status == 64)
    }

    @Test("every command that reads a run's state takes RUN@STEP, and --step where it has one means the same")
    func steps() throws {
        let (whole, newest) = try (lockstep(["digest", "run@24"]), lockstep(["digest", "run"]))
        #expect(whole.status == 0 && whole.output == newest.output, "\(whole.errors)")
        let (half, byFlag) = try (lockstep(["digest", "run@12"]), lockstep(["digest", "run", "--step", "12"]))
        #expect(half.status == 0 && half.output != whole.output && half.output == byFlag.output)
        #expect(
            try JSON(parsing: lockstep(["evaluate", "run@12", "--only", "codes", "--json"]).output)["step"]?.unsignedValue == 12)
        #expect(try lockstep(["inspect", "run@12"]).output.contains(half.output))
        for command in [
            ["encode", "run@12", "--split", "test", "--out", "at.npy"], ["sample", "run@12", "--count", "4", "--out", "at.png"],
            ["decode", "run@12", "--codes", "at.npy", "--out", "decoded.npy"],
            ["replay", "run@3", "--out", "at.safetensors"], ["figures", "run@24"],
        ] {
            let result = try lockstep(command)
            #expect(result.status == 0, "\(command): \(result.errors)")
            let none = try lockstep([command[0], "run@23"] + command.dropFirst(2))
            let isThere = command[0] == "replay"
            #expect(
                isThere ? none.status == 0 : none.status == 1 && none.errors.contains("no checkpoint of step 23"), "\(none.errors)")
        }
        let two = try lockstep(["digest", "run@12", "--step", "24"])
        #expect(two.status == 64 && two.errors.contains("give one of them"), "\(two.errors)")
        let none = try lockstep(["replay", "run", "--out", "x.safetensors"])
        #expect(none.status == 64 && none.errors.contains("run@STEP"), "\(none.errors)")
        for command in [["resume", "run@12"], ["launch", "-H", "localhost:1", "--resume", "run@12"]] {
            let back = try lockstep(command)
            #expect(back.status == 64 && back.errors.contains("--from run@12"), "\(back.errors)")
        }
    }

    @Test(
        "an --out whose ending is no kind that the command writes is refused, with the endings that are",
        arguments: [
            (["encode", "run", "--split", "test", "--out", "c.csv"], ".npy"),
            (["encode", "run", "--split", "test", "--out", "c"], ".npy"),
            (["encode", "run", "--split", "test", "--out", ".npy"], ".npy"),
            (["encode", "run", "--split", "test", "--out", "c.png"], ".npy"),
            (["decode", "run", "--codes", "codes.npy", "--out", "c.csv"], ".npy or NAME.png"),
            (["sample", "run", "--out", "c.jpg"], ".npy or NAME.png"),
            (["sample", "run", "--out", "c.safetensors"], ".npy or NAME.png"),
            (["replay", "run", "--step", "1", "--out", "replayed.npy"], ".safetensors"),
            (["replay", "run", "--step", "1", "--out", "x"], ".safetensors"),
        ])
    func endings(_ arguments: [String], _ kinds: String) throws {
        let result = try lockstep(arguments)
        #expect(result.status == 64 && result.errors.contains("this command writes NAME\(kinds)"), "\(result.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.trained.get().path)
        #expect(!names.contains(arguments.last ?? ""))
    }

    @Test("inspect, evaluate and figures tell of the run; --json is JSON")
    func look() throws {
        let inspected = try lockstep(["inspect", "run"])
        #expect(inspected.output.contains("encoder.0.weight") && inspected.output.contains("average.decoder.2.bias"))
        let json = try JSON(parsing: lockstep(["inspect", "run", "--json"]).output)
        #expect(json["tensors"] != nil && json["composition"]?["variant"]?.stringValue == "basic")
        let phases = try #require(json["composition"]?["phases"]?.arrayValue)
        #expect(phases.map { $0["name"]?.stringValue } == ["reconstruction", "discriminator", "generator"])
        let evaluated = try JSON(parsing: lockstep(["evaluate", "run", "--only", "reconstruction,codes", "--json"]).output)
        #expect(evaluated["reconstruction"]?.doubleValue != nil)
        for key in ["holes", "energy_distance", "energy_zero"] { #expect(evaluated["codes"]?[key]?.doubleValue != nil) }
        let figures = try lockstep(["figures", "run"])
        let names = figures.output.split(separator: "\n").map { ($0 as NSString).lastPathComponent }
        #expect(Set(names) == ["codes.png", "losses.png", "neighbours.png", "reconstructions.png", "samples.png", "walk.png"])
    }

    @Test(
        "inspect draws the composition of a run that settings would make, and makes nothing; a run and settings are two questions")
    func settingsToBe() throws {
        let scratch = Scratch()
        let line = ["inspect", "--recipe", "clustering", "--set", "model.clusters=7"]
        let drawn = try LockstepProcess.run(line, in: scratch.path)
        #expect(drawn.status == 0 && drawn.output.contains("categorical 7") && !drawn.output.contains("tensor"), "\(drawn.errors)")
        let json = try JSON(parsing: LockstepProcess.run(line + ["--json"], in: scratch.path).output)
        let head = try #require(json["composition"]?["heads"]?.arrayValue?.first)
        #expect(head["name"]?.stringValue == "cluster" && head["width"]?.intValue == 7)
        let file = try #require(json["configuration"]?.stringValue)
        try file.write(toFile: scratch.path + "/own.yaml", atomically: true, encoding: .utf8)
        let again = try LockstepProcess.run(["inspect", "--config", "own.yaml"], in: scratch.path)
        #expect(again.status == 0 && again.output == drawn.output, "\(again.errors)")
        for (arguments, words) in [
            (["inspect"], "name what to inspect"), (["inspect", "--json"], "name what to inspect"),
            (["inspect", "run", "--recipe", "clustering"], "a run has its own settings"),
            (["inspect", "run", "--data", "."], "a run has its own settings"),
            (["inspect", "--set", "model.cod=3"], "model.code"),
        ] {
            let result = try LockstepProcess.run(arguments, in: scratch.path)
            #expect(result.status == 64 && result.errors.contains(words) && result.output.isEmpty, "\(result.errors)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["own.yaml"])
    }

    @Test(
        "inspect of a state that is none of a run with these settings says which parameter is another, and shows what is there",
        arguments: [
            ("decoder.2.bias", [0], "decoder.2.bias of an image's values, the file [0]"),
            ("decoder.2.bias", [1 << 60, 0], "decoder.2.bias of an image's values"),
            ("decoder.2.bias", [7], "encoder.0.weight f32 [48, 7], the file f32 [48, 784]"),
            ("decoder.2.bias", nil, "decoder.2.bias, the file has none"),
            ("encoder.0.weight", [], "encoder.0.weight f32 [48, 784], the file f32 []"),
            ("discriminator.code.1.bias", nil, "discriminator.code.1.bias, the file has none"),
        ] as [(String, [Int]?, String)])
    func otherState(_ name: String, _ shape: [Int]?, _ words: String) throws {
        let folder = try Self.trained.get()
        let copy = "other-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: folder.file("run"), toPath: folder.file(copy))
        let store = try RunFolder.open(folder.file(copy)).checkpoints()
        let newest = try #require(try store.newestWhole().checkpoint)
        let reader = try newest.open()
        let tensors = try StateFile.tensors(of: reader).compactMap { tensor -> Tensor? in
            guard tensor.name == name else { return tensor }
            return shape.map { Tensor(name: name, shape: $0, values: TensorValues(.f32, count: $0.reduce(1, *))) }
        }
        _ = try store.write(newest.info) { writer in
            for piece in try SafetensorsStream(tensors, metadata: reader.metadata, chunkBytes: 1 << 16) { try writer.write(piece) }
        }
        for json in [[], ["--json"]] {
            let result = try lockstep(["inspect", copy] + json)
            #expect(result.status == 1 && result.errors.contains("is no state of a run with these settings"), "\(result.errors)")
            #expect(result.errors.contains(words) && result.output.contains("encoder.1.weight"), "\(result.errors)")
        }
    }

    @Test("pictures of an older checkpoint go to a folder of their own, and leave the newest as they are")
    func olderPictures() throws {
        let figures = try RunFolder.open(Self.trained.get().file("run")).figuresPath
        func newest() throws -> [Data] {
            try FigureName.allCases.compactMap { name in
                let path = "\(figures)/\(name.rawValue)"
                return FileManager.default.fileExists(atPath: path) ? try Data(contentsOf: URL(fileURLWithPath: path)) : nil
            }
        }
        _ = try lockstep(["figures", "run@24"])
        let before = try newest()
        let older = try lockstep(["figures", "run@12"])
        #expect(older.status == 0 && older.output.split(separator: "\n").count == 6, "\(older.errors)")
        #expect(older.output.split(separator: "\n").allSatisfy { $0.contains("/figures/step-00000012/") }, "\(older.output)")
        #expect(try newest() == before && before.count == 6)
        let losses = try Data(contentsOf: URL(fileURLWithPath: figures + "/step-00000012/losses.png"))
        #expect(!before.contains(losses))
    }

    @Test("runs are laid side by side on one picture; what cannot be laid so is said")
    func sideBySide() throws {
        let folder = try Self.trained.get()
        let laid = try lockstep(["figures", "run@12", "run", "--out", "beside.png"])
        #expect(laid.status == 0 && laid.output == "beside.png\n", "\(laid.errors)")
        let picture = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/beside.png"))
        #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        let own = try lockstep(["figures", "run", "run@12", "run"])
        let path = try RunFolder.open(folder.file("run")).figuresPath + "/beside-run-run.png"
        #expect(own.status == 0 && FileManager.default.fileExists(atPath: path), "\(own.output)\(own.errors)")
        for (arguments, words) in [
            (["run", "--out", "x.png"], "--out is for runs side by side"),
            (["run", "run", "--step", "12"], "--step is a step of one run"),
            (["run", "run", "--out", "x.npy"], "this command writes NAME.png"),
            (["run", "run", "run", "run", "run"], "5 runs are too many to be seen side by side"),
        ] {
            let refused = try lockstep(["figures"] + arguments)
            #expect(refused.status == 64 && refused.errors.contains(words), "\(refused.errors)")
        }
    }

    @Test("metrics, events and the last epoch's figures and pictures are there when the run has ended")
    func leftBehind() throws {
        let folder = try RunFolder.open(Self.trained.get().file("run"))
        let metrics = try MetricsReader(path: folder.metricsPath)
        #expect(metrics.steps.map(\.step) == Array(1...24))
        #expect(metrics.epochs.map(\.epoch) == [1, 2])
        #expect(metrics.epochs.allSatisfy { $0.holes != nil && $0.energyDistance != nil })
        #expect(FileManager.default.fileExists(atPath: folder.figuresPath + "/epoch-0002/codes.png"))
        #expect(!FileManager.default.fileExists(atPath: folder.figuresPath + "/epoch-0001"))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.contains { $0.hasPrefix("events.out.tfevents.") })
        let (_, provenance) = try folder.configuration()
        #expect(provenance?.command.contains("train") == true && provenance?.data.count == 64)
    }

    @Test("each step's line says how long workers waited for its images, the first one of a view that they did not")
    func imagesWait() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let first = ["train"] + LockstepProcess.small + ["--run", run, "--set", "evaluate.every_epochs=0", "--epochs", "1"]
        for arguments in [first, ["resume", run, "--epochs", "2", "--workers", "1"]] {
            let result = try LockstepProcess.run(arguments)
            #expect(result.status == 0, "\(result.errors)")
        }
        let lines = try String(contentsOfFile: run + "/metrics.jsonl", encoding: .utf8).split(separator: "\n")
        let steps = try lines.map { try JSON(parsing: String($0)) }.filter { $0["kind"]?.stringValue == "step" }
        let waits = steps.map { $0["milliseconds"]?["images"]?.doubleValue ?? .nan }
        let views = steps.map { $0["view"]?.unsignedValue }
        #expect(steps.count == 24 && Set(views).count == 2)
        for index in steps.indices {
            let isFirst = index == 0 || views[index] != views[index - 1]
            #expect(isFirst ? waits[index] == 0 : waits[index] > 0, "step \(index + 1) of view \(String(describing: views[index]))")
        }
    }

    @Test("a run that goes on shows the last held-out figure it knows in its first progress line")
    func heldOutOfResume() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let small =
            [
                "--recipe", "semi-supervised", "--set", "data.train=400", "--set", "data.validation=100", "--minibatch", "40",
                "--set", "model.encoder=[48,32]", "--set", "model.decoder=[32,48]", "--set", "model.discriminator=[24]", "--set",
                "figures.every_epochs=0", "--set", "labels.minibatch=20", "--set",
                "phases.classification.schedule={kind: constant}",
            ] + LockstepProcess.constantRates
        let first = try LockstepProcess.run(["train"] + small + ["--epochs", "1", "--workers", "1", "--run", run])
        #expect(first.status == 0, "\(first.errors)")
        let figure = try #require(MetricsReader(path: run + "/metrics.jsonl").epochs.last?.headline)
        let resumed = try LockstepProcess.run(["resume", run, "--epochs", "2", "--workers", "1"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        let line = try #require(resumed.errors.split(separator: "\n").first { $0.hasPrefix("epoch 2/2  step 11/20") })
        #expect(line.contains("held-out \(figure)"), "\(line)")
    }

    @Test("pictures of a run that goes on are thinned by its settings, and what somebody put beside them stays")
    func thinned() throws {
        let scratch = Scratch()
        let settings = [
            "--set", "figures={every_epochs: 1, keep: 2, keep_every_epochs: 4}", "--set", "evaluate.every_epochs=0", "--run", "run",
        ]
        let begun = try LockstepProcess.run(["train"] + LockstepProcess.small + settings, in: scratch.path)
        #expect(begun.status == 0, "\(begun.errors)")
        let figures = scratch.file("run") + "/figures"
        try Data([1]).write(to: URL(fileURLWithPath: figures + "/epoch-0001/notes.txt"))
        let gone = try LockstepProcess.run(["resume", "run", "--epochs", "6"], in: scratch.path)
        #expect(gone.status == 0, "\(gone.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: figures).filter { $0.hasPrefix("epoch-") }.sorted()
        #expect(names == ["epoch-0001", "epoch-0004", "epoch-0005", "epoch-0006"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: figures + "/epoch-0001") == ["notes.txt"])
        #expect(FileManager.default.fileExists(atPath: figures + "/codes.png"))
    }

    @Test("latest names the newest run")
    func latest() throws {
        let scratch = Scratch()
        let result = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--steps", "2"], in: scratch.path)
        #expect(result.status == 0, "\(result.errors)")
        let digest = try LockstepProcess.run(["digest", "latest"], in: scratch.path)
        #expect(digest.status == 0 && digest.output.count == 65)
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/runs")
        #expect(names.contains { $0.hasPrefix("quickstart-") })
    }

    @Test("--dry-run prints the effective configuration and its cost, and makes nothing")
    func dryRun() throws {
        let scratch = Scratch()
        let result = try LockstepProcess.run(
            ["train", "--recipe", "mnist-likelihood", "--set", "data.set=glyphs", "--dry-run", "--set", "seed=3"],
            environment: ["LOCKSTEP_SEED": "2", "LOCKSTEP_MINIBATCH": "64"], in: scratch.path)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("45,232,000"))
        let read = try Configuration.read(yaml: result.output, file: "dry run")
        #expect(read.seed == 3 && read.minibatch == 64 && read.model.code == 8)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test("--dry-run says what a variant's step is made of, and what batch norm adds to it")
    func dryRunOfVariants() throws {
        let scratch = Scratch()
        let small = ["--set", "model.encoder=[20, 20]", "--set", "model.decoder=[20, 20]", "--set", "model.discriminator=[20]"]
        let clusters = try LockstepProcess.run(["train", "--recipe", "clustering", "--dry-run"] + small, in: scratch.path).output
        #expect(clusters.contains("# exchanges   18 a step instead of 3"), "\(clusters)")
        #expect(clusters.contains("# networks    encoder 784-20-20-21") && !clusters.contains("# labels"), "\(clusters)")
        let semi = try LockstepProcess.run(["train", "--recipe", "semi-supervised", "--dry-run"] + small, in: scratch.path).output
        for line in [
            "# phases      semi-supervised: reconstruction, discriminator, generator, classification",
            "# labels      10 of each of 10 classes, a labelled minibatch of 100 a step", "# exchanges   4 a step, one",
            "discriminator.style 8-20-1",
        ] {
            #expect(semi.contains(line), "\(line) in \(semi)")
        }
        let refused = try LockstepProcess.run(["train", "--recipe", "clustering", "--set", "labels.count=100"], in: scratch.path)
        #expect(refused.status == 64 && refused.errors.contains("the variant clustering has no labels"), "\(refused.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test("--dry-run says what the run comes to on the disk and how long it takes, and a run comes to about that")
    func need() throws {
        let scratch = Scratch()
        let arguments =
            ["train"] + LockstepProcess.small + ["--epochs", "20", "--set", "figures.every_epochs=5", "--set", "average=0.9"]
        let text = try LockstepProcess.run(arguments + ["--dry-run"], in: scratch.path).output
        #expect(text.contains("# disk        about ") && text.contains("on this machine with 2 workers of"), "\(text)")
        let dry = try JSON(parsing: LockstepProcess.run(arguments + ["--dry-run", "--json"], in: scratch.path).output)
        #expect(try #require(dry["seconds"]?.doubleValue) > 0)
        let result = try LockstepProcess.run(arguments + ["--run", scratch.file("run")])
        #expect(result.status == 0 && !result.errors.contains("make room"), "\(result.errors)")
        var found: [String: Int] = [:]
        for name in FileManager.default.enumerator(atPath: scratch.file("run"))?.compactMap({ $0 as? String }) ?? [] {
            let kind =
                name.hasPrefix("events.") ? "events" : name == "metrics.jsonl" ? "metrics" : String(name.prefix { $0 != "/" })
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: scratch.file("run/" + name), isDirectory: &isFolder)
            if !isFolder.boolValue { found[kind, default: 0] += scratch.size(of: "run/" + name) }
        }
        for kind in ["checkpoints", "figures", "metrics", "events", "steps.log"] {
            let said = try #require(dry["disk_bytes"]?[kind]?.doubleValue)
            let ratio = said / Double(found[kind] ?? 0)
            #expect((0.5...2).contains(ratio), "\(kind): \(said) said, \(found[kind] ?? 0) there")
        }
    }

    @Test("recipes are listed, and printed whole by name")
    func recipes() throws {
        let list = try LockstepProcess.run(["recipes"]).output
        for group in Recipes.groups { #expect(list.contains("\(group.heading):\n")) }
        for recipe in Recipes.all {
            #expect(list.contains("  \(recipe.name) "))
            #expect(try LockstepProcess.run(["recipes", recipe.name]).output == recipe.text + "\n")
        }
    }
}
